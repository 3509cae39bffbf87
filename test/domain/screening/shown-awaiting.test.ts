import { expect, test } from '@jest/globals';
import { shownAwaiting } from '../../../domain/screening/shown-awaiting.ts';
import { SMALLEST_GROUP } from '../../../domain/screening/shown-groups.ts';

const upTo = (most: number): number[] => Array.from({ length: most + 1 }, (_, at) => at);

interface Month {
  readonly people: number;
  readonly flagged: number | null;
}

/** All that is shown of a month besides, as it may be. */
const MONTHS: readonly Month[] = upTo(45)
  .slice(SMALLEST_GROUP)
  .flatMap((people) => [
    { people, flagged: null },
    ...upTo(people - SMALLEST_GROUP)
      .slice(SMALLEST_GROUP)
      .map((flagged) => ({ people, flagged })),
  ]);

/** Those who wait, those who don't, and those of the flagged who have been looked at. */
function cohorts({ people, flagged }: Month, awaiting: number): number[] {
  // Who was flagged earlier in the month waits, too: then there are more of them than are flagged.
  const reviewed = flagged === null || awaiting > flagged ? [] : [flagged - awaiting];
  return [awaiting, people - awaiting, ...reviewed];
}

const isSmall = (people: number): boolean => people < SMALLEST_GROUP;

test('whoever sees the figure can rule out for no cohort that it is large enough', () => {
  for (const month of MONTHS) {
    const alike = Map.groupBy(upTo(month.people), (awaiting) => shownAwaiting(month, awaiting));
    for (const [shown, all] of alike) {
      for (const cohort of [0, 1, 2]) {
        const sizes = all.map((awaiting) => cohorts(month, awaiting)[cohort] ?? Infinity);
        if (sizes.every(isSmall)) throw new Error(`${JSON.stringify(month)} ${shown}: ${cohort}`);
      }
    }
  }
});

test('whoever sees it change with a review learns of no small cohort, before or after', () => {
  let changes = 0;
  for (const month of MONTHS) {
    for (const awaiting of upTo(month.people).slice(1)) {
      if (shownAwaiting(month, awaiting) === shownAwaiting(month, awaiting - 1)) continue;
      changes += 1;
      const told = [...cohorts(month, awaiting), ...cohorts(month, awaiting - 1)];
      expect(told.filter(isSmall)).toEqual([]);
    }
  }
  expect(changes).toBeGreaterThan(100);
});

test.each([
  [5, null, 5, null],
  [10, null, 5, null],
  [14, null, 14, null],
  [15, null, 15, 10],
  [15, null, 9, null],
  [40, null, 40, 35],
  [40, null, 34, 30],
  [40, 20, 20, 15],
])('of %i people, %s flagged, %i waiting: %s', (people, flagged, awaiting, shown) => {
  expect(shownAwaiting({ people, flagged }, awaiting)).toBe(shown);
});
