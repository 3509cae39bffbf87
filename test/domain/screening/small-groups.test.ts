import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type MonthCounts,
  SMALLEST_GROUP,
  type ShownMonth,
  shownGroups,
  shownMonth,
  shownRange,
} from '../../../domain/screening/small-groups.ts';

const LABELS = ['minimal', 'mild', 'moderate', 'severe'];

function bandsOf(people: readonly number[]): { label: string; people: number }[] {
  return people.map((count, at) => ({ label: LABELS[at]!, people: count }));
}

/** Every way in which so many people can be spread over the bands. */
function* spreads(bands: number, most: number): Generator<number[]> {
  for (let code = 0; code < (most + 1) ** bands; code += 1) {
    yield Array.from(
      { length: bands },
      (_, at) => Math.floor(code / (most + 1) ** at) % (most + 1),
    );
  }
}

test.each([
  [
    [6, 7, 8, 9],
    ['minimal 6', 'mild 7', 'moderate 8', 'severe 9'],
  ],
  [
    [2, 7, 8, 9],
    ['minimal+mild 9', 'moderate 8', 'severe 9'],
  ],
  [
    [6, 7, 8, 1],
    ['minimal 6', 'mild 7', 'moderate+severe 9'],
  ],
  [[0, 0, 5, 4], ['minimal+mild+moderate+severe 9']],
  [[1, 1, 1, 1], []],
  [[5, 0, 0, 0], ['minimal+mild+moderate+severe 5']],
])('%j is shown as %j', (people, shown) => {
  const groups = shownGroups(bandsOf(people));
  expect(groups.map((g) => `${g.severityLevels.join('+')} ${g.people}`)).toEqual(shown);
});

/**
 * The attacker knows the rule by heart and sees the groups: what do all spreads that would have
 * been shown in the same way have in common? Of no bands together may it be a number from 1 to 4.
 */
test('no set of bands with one to four people follows from what is shown', () => {
  const alike = new Map<string, number[][]>();
  for (const people of spreads(4, 11)) {
    const shown = JSON.stringify(shownGroups(bandsOf(people)));
    if (shown !== '[]') alike.set(shown, [...(alike.get(shown) ?? []), people]);
  }
  expect(alike.size).toBeGreaterThan(100);
  for (const [shown, all] of alike) {
    // At the rim of what is tried out, neighbours that would be alike are missing.
    if (all.some((people) => people.some((count) => count > 9))) continue;
    for (let set = 1; set < 2 ** LABELS.length; set += 1) {
      const sums = new Set(
        all.map((people) => people.reduce((sum, n, at) => sum + ((set >> at) & 1) * n, 0)),
      );
      const [only] = sums;
      const isRead = sums.size === 1 && only! > 0 && only! < SMALLEST_GROUP;
      if (isRead) throw new Error(`${shown}: set ${set} has ${only}`);
    }
  }
});

const counts = fc.record({
  bands: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 4, maxLength: 4 }).map(bandsOf),
  totalsSum: fc.integer({ min: 0, max: 500 }),
  percentagesSum: fc.integer({ min: 0, max: 5_000 }),
  flaggedByTotal: fc.integer({ min: 0, max: 9 }),
  flaggedByAnswer: fc.integer({ min: 0, max: 9 }),
  gaveUp: fc.integer({ min: 0, max: 9 }),
});

function everyFigure(month: ShownMonth): number[] {
  const { people, groups, flagged, gaveUp } = month;
  const unflagged = flagged === null ? null : people - flagged;
  return [people, ...groups.map((g) => g.people), flagged, unflagged, gaveUp].flatMap(
    (n) => n ?? [],
  );
}

describe('months', () => {
  test('show no group under five, whatever they hold', () => {
    fc.assert(
      fc.property(counts, (month) => {
        const shown = shownMonth(month);
        const people = month.bands.reduce((sum, band) => sum + band.people, 0);
        expect(shown === null).toBe(people < SMALLEST_GROUP);
        for (const figure of shown === null ? [] : everyFigure(shown)) {
          expect(figure).toBeGreaterThanOrEqual(SMALLEST_GROUP);
        }
      }),
    );
  });

  test('the flagged beyond a severe band are no small group either', () => {
    const base = { totalsSum: 0, percentagesSum: 0, gaveUp: 0, bands: bandsOf([10, 10, 10, 10]) };
    const flagged = (by: Pick<MonthCounts, 'flaggedByTotal' | 'flaggedByAnswer'>) =>
      shownMonth({ ...base, ...by })?.flagged;
    // Ten severe ones are flagged by that: two more would be two people.
    expect(flagged({ flaggedByTotal: 10, flaggedByAnswer: 2 })).toBeNull();
    expect(flagged({ flaggedByTotal: 10, flaggedByAnswer: 5 })).toBe(15);
    expect(flagged({ flaggedByTotal: 10, flaggedByAnswer: 27 })).toBeNull();
  });

  test('two ranges that differ by months differ by whole groups of five or more', () => {
    fc.assert(
      fc.property(fc.array(counts, { minLength: 2, maxLength: 5 }), (months) => {
        const shown = months.map(shownMonth);
        const ranges = shown.flatMap((_, from) =>
          shown.slice(from).map((__, length) => ({ from, to: from + length + 1 })),
        );
        const read = ranges.map((range) => ({
          ...range,
          figures: shownRange(shown.slice(range.from, range.to).flatMap((m) => m ?? [])),
        }));
        for (const wide of read) {
          for (const narrow of read) {
            if (narrow.from < wide.from || narrow.to > wide.to) continue;
            const by = (wide.figures?.people ?? 0) - (narrow.figures?.people ?? 0);
            expect(by === 0 || by >= SMALLEST_GROUP).toBe(true);
            for (const group of wide.figures?.groups ?? []) {
              const inner = narrow.figures?.groups.filter(({ severityLevels }) =>
                severityLevels.every((label) => group.severityLevels.includes(label)),
              );
              const sum = (inner ?? []).reduce((all, { people }) => all + people, 0);
              const rest = group.people - sum;
              expect(rest === 0 || rest >= SMALLEST_GROUP).toBe(true);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
