import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type BandTotals, openSums } from '../../../domain/screening/open-sums.ts';
import {
  type BandCount,
  SMALLEST_GROUP,
  shownGroups,
} from '../../../domain/screening/shown-groups.ts';
import {
  type MonthCounts,
  type ShownMonth,
  shownMonth,
  shownRange,
} from '../../../domain/screening/shown-months.ts';

const LABELS = ['minimal', 'mild', 'moderate', 'severe'];

/** As wide as the narrowest published ones. */
const RANGES: readonly Range[] = [
  [0, 4],
  [5, 9],
  [10, 14],
  [15, 19],
];

type Range = readonly [number, number];

function bandsOf(
  people: readonly number[],
  { labels = LABELS, ranges = RANGES } = {},
): (BandCount & BandTotals)[] {
  return people.map((count, at) => {
    const [min, max] = ranges[at]!;
    return { label: labels[at]!, people: count, min, max };
  });
}

type Band = MonthCounts['bands'][number];

/** The last band is flagged by its totals; of the others so many by an answer, as far as there are. */
function flagging(
  bands: readonly (BandCount & BandTotals)[],
  byAnswer: readonly number[],
  last = bands.at(-1)?.people ?? 0,
): Band[] {
  return bands.map((band, at) => ({
    ...band,
    flagged: at === bands.length - 1 ? last : Math.min(band.people, byAnswer[at] ?? 0),
  }));
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
 * been shown in the same way have in common? Of no bands together may it be a number from 0 to 4.
 */
test('no set of bands with fewer than five people follows from what is shown', () => {
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
      const isRead = sums.size === 1 && only! < SMALLEST_GROUP;
      if (isRead) throw new Error(`${shown}: set ${set} has ${only}`);
    }
  }
});

/** The least and the most that the totals of a spread can sum up to. */
function sumsOf(people: readonly number[], ranges: readonly Range[]): Range {
  const sumBy = (end: 0 | 1): number =>
    people.reduce((sum, count, at) => sum + count * ranges[at]![end], 0);
  return [sumBy(0), sumBy(1)];
}

/** What may be shown of how many are flagged, whichever of them are by an answer. */
function shownFlags(bands: readonly (BandCount & BandTotals)[]): Set<number | null> {
  const few = bands.slice(0, -1).map(({ people }) => people);
  const rest = { totalsSum: 0, maximum: 1, gaveUp: 0 };
  return new Set(
    [...spreads(few.length, Math.max(...few))]
      .filter((byAnswer) => byAnswer.every((count, at) => count <= few[at]!))
      .map((byAnswer) => shownMonth({ ...rest, bands: flagging(bands, byAnswer) })!.flagged),
  );
}

/** All that would be shown alike, with the averages as they are shown: by each, all spreads. */
function shownAlike(
  ranges: readonly Range[],
  most: number,
  flagsOf: typeof shownFlags,
): Map<string, number[][]> {
  const alike = new Map<string, number[][]>();
  for (const people of spreads(ranges.length, most)) {
    const all = people.reduce((sum, count) => sum + count, 0);
    if (all < SMALLEST_GROUP || all > most) continue;
    const bands = bandsOf(people, { ranges });
    const groups = shownGroups(bands);
    const open = openSums(bands, groups);
    if (open === null) continue;
    const [least, last] = sumsOf(people, ranges);
    const sums = new Set<number>();
    for (let sum = least; sum <= last; sum += 1)
      sums.add(Math.min(open[1], Math.max(open[0], sum)));
    for (const flagged of flagsOf(bands)) {
      for (const sum of sums) {
        const key = JSON.stringify([groups, sum, flagged]);
        alike.set(key, [...(alike.get(key) ?? []), people]);
      }
    }
  }
  return alike;
}

/** The attacker knows the rule and the questionnaire by heart, and sees the groups and the average. */
function readOut(
  ranges: readonly Range[],
  most: number,
  flagsOf: typeof shownFlags = () => new Set([null]),
): string[] {
  const found: string[] = [];
  for (const [shown, all] of shownAlike(ranges, most, flagsOf)) {
    for (let set = 1; set < 2 ** ranges.length - 1; set += 1) {
      const [only, ...others] = new Set(
        all.map((people) => people.reduce((sum, n, at) => sum + ((set >> at) & 1) * n, 0)),
      );
      const isRead = others.length === 0 && only! < SMALLEST_GROUP;
      if (isRead) found.push(`${shown}: set ${set} has ${only}`);
    }
  }
  return found;
}

describe('how many are flagged', () => {
  const two = [RANGES[0]!, RANGES[1]!];
  const three = [...two, RANGES[2]!];

  test.each<[string, readonly Range[], number]>([
    ['two bands', two, 17],
    ['three bands', three, 12],
  ])('tells with the average no number under five of %s', (_, ranges, most) => {
    expect(readOut(ranges, most, shownFlags)).toEqual([]);
  });

  test('is shown beside bands that are all shown', () => {
    expect(shownFlags(bandsOf([10, 5], { ranges: two }))).toEqual(new Set([null, 10]));
    expect(shownFlags(bandsOf([4, 11], { ranges: two }))).toEqual(new Set([null]));
    // One severe person in a group of five, and as many flagged by an answer.
    const bands = flagging(bandsOf([6, 4, 1], { ranges: three }), [5]);
    const shown = shownMonth({ totalsSum: 90, maximum: 14, gaveUp: 0, bands });
    expect(shown).toMatchObject({ people: 11, flagged: null });
  });
});

describe('an average', () => {
  test.each<[string, readonly Range[]]>([
    [
      'GAD-7',
      [
        [0, 4],
        [5, 9],
        [10, 14],
        [15, 21],
      ],
    ],
    [
      'GHQ-12',
      [
        [0, 15],
        [16, 20],
        [21, 36],
      ],
    ],
    [
      'uneven bands',
      [
        [0, 0],
        [1, 8],
        [9, 10],
      ],
    ],
    [
      'yes and no',
      [
        [0, 0],
        [1, 1],
      ],
    ],
  ])('of %s tells no number under five', (_, ranges) => {
    expect(readOut(ranges, 10)).toEqual([]);
  });

  test('is not shown where it would be the number of those who said yes', () => {
    const month = { totalsSum: 2, maximum: 1, gaveUp: 0 };
    const ranges: Range[] = [
      [0, 0],
      [1, 1],
    ];
    const narrow = shownMonth({ ...month, bands: flagging(bandsOf([7, 2], { ranges }), []) });
    expect(narrow).toMatchObject({ people: 9, averageScore: null, averagePercentage: null });
    const known = shownMonth({
      ...month,
      totalsSum: 5,
      bands: flagging(bandsOf([5, 5], { ranges }), []),
    });
    expect(known).toMatchObject({ averageScore: 0.5, averagePercentage: 50 });
    expect(shownRange([narrow!, known!])).toMatchObject({ people: 19, averageScore: 0.5 });
    expect(shownRange([narrow!])).toMatchObject({ people: 9, averageScore: null });
  });

  test('is exact but for the rim of what is possible', () => {
    const month = { maximum: 19, gaveUp: 0 };
    const bands = flagging(bandsOf([3, 5, 2, 1]), []);
    const average = (totalsSum: number) => shownMonth({ ...month, bands, totalsSum })?.averageScore;
    const [least, most] = sumsOf([3, 5, 2, 1], RANGES);
    expect(average(82)).toBe(7.45);
    expect(average(least)).toBe(Math.round((least / 11) * 100) / 100);
    expect(average(most)).toBe(Math.round((most / 11) * 100) / 100);
    // Four at 0 and two at 5, the others at their lowest too: three and three come to 140 at least.
    const tight = { ...month, bands: flagging(bandsOf([4, 2, 5, 5]), []) };
    expect(sumsOf([4, 2, 5, 5], RANGES)[0]).toBe(135);
    expect(shownMonth({ ...tight, totalsSum: 135 })?.averageScore).toBe(8.75);
    expect(shownMonth({ ...tight, totalsSum: 141 })?.averageScore).toBe(8.81);
  });
});

/** Another version's bands, one of which is called as one of the first version's. */
const LATER = ['low', 'moderate', 'high'];

const counts = fc.record({
  bands: fc.constantFrom(LABELS, LATER).chain((labels) =>
    fc
      .array(fc.tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 9 })), {
        minLength: labels.length,
        maxLength: labels.length,
      })
      .map((pairs) => {
        const bands = bandsOf(
          pairs.map(([people]) => people),
          { labels },
        );
        return flagging(
          bands,
          pairs.map(([, flagged]) => flagged),
        );
      }),
  ),
  totalsSum: fc.integer({ min: 0, max: 500 }),
  maximum: fc.constantFrom(null, 19),
  gaveUp: fc.integer({ min: 0, max: 9 }),
});

/** With what follows by subtraction: the last band is flagged by its totals. */
function everyFigure({ people, groups, flagged, gaveUp }: ShownMonth): number[] {
  const last = groups.at(-1)!.people;
  const byFlag = flagged === null ? [] : [flagged, people - flagged, flagged - last];
  return [people, ...groups.map((g) => g.people), ...byFlag, gaveUp].flatMap((n) => n ?? []);
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
    const base = { totalsSum: 0, maximum: 19, gaveUp: 0 };
    const flagged = (...byAnswer: number[]) => {
      const bands = flagging(bandsOf([10, 10, 10, 10]), byAnswer);
      return shownMonth({ ...base, bands })?.flagged;
    };
    // Ten severe ones are flagged by that: two more would be two people.
    expect(flagged(0, 0, 2)).toBeNull();
    expect(flagged(0, 2, 3)).toBe(15);
    expect(flagged(9, 9, 9)).toBeNull();
    // Whoever knows that all or none of a band are flagged by its totals can leave that band out.
    expect(flagged(2, 10, 2)).toBeNull();
    expect(flagged(0, 0, 6)).toBeNull();
    expect(flagged(0, 0, 5)).toBe(15);
  });

  // Ranges that overlap are two that hold what they have in common, which is a range again.
  test('ranges, overlapping ones too, differ by whole groups of five or more, in any version', () => {
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
