import { type BandTotals, openSums } from './open-sums.ts';
import { type BandCount, SMALLEST_GROUP, type ShownGroup, shownGroups } from './shown-groups.ts';

/** What a whole month came to: each person counts once, with their last result in it. */
export interface MonthCounts {
  /** In order, the mildest first, those without anybody too. */
  readonly bands: readonly (BandCount & BandTotals & { readonly flagged: number })[];
  readonly totalsSum: number;
  /** The highest total that there is; null where it differs between versions. */
  readonly maximum: number | null;
  /** Whose response lapsed in this month, without any that they completed in it. */
  readonly gaveUp: number;
}

/** What is shown of a month, for good: figures that changed later would tell whom the change was about. */
export interface ShownMonth {
  readonly people: number;
  readonly groups: readonly ShownGroup[];
  /**
   * At the rim of what the groups allow a little within it; null where it would tell how many people
   * are in a band of a group all the same, or totals of different versions cannot be compared.
   */
  readonly averageScore: number | null;
  readonly averagePercentage: number | null;
  /** Null where it would tell of a small group, be it of a band that is not shown by itself. */
  readonly flagged: number | null;
  /** Null where those who gave up are a small group. */
  readonly gaveUp: number | null;
}

/** Null for a month with too few people. */
export function shownMonth(month: MonthCounts): ShownMonth | null {
  const people = month.bands.reduce((sum, band) => sum + band.people, 0);
  if (people < SMALLEST_GROUP) return null;
  const { bands, gaveUp } = month;
  const groups = shownGroups(bands);
  return {
    people,
    groups,
    ...shownAverages(month, groups, people),
    flagged: isFlaggedShown(bands, groups) ? sumOf(bands.map(({ flagged }) => flagged)) : null,
    gaveUp: isEnough(gaveUp) ? gaveUp : null,
  };
}

/**
 * Whom a total flags is in the bands already. Beside a group of several bands the figure would be a
 * bound on how many are in one of them: no more severe ones than are flagged, or none at all. So
 * every band has to be shown by itself. And a band that is flagged as a whole, or not at all, may be
 * so by its totals: all that the figure adds are the flagged and the others of the other bands.
 */
function isFlaggedShown(bands: MonthCounts['bands'], groups: readonly ShownGroup[]): boolean {
  if (groups.length < bands.length) return false;
  const mixed = bands.filter(({ people, flagged }) => flagged > 0 && flagged < people);
  const flagged = sumOf(mixed.map((band) => band.flagged));
  const others = sumOf(mixed.map((band) => band.people - band.flagged));
  return [flagged, others].every(isEnough);
}

type Averages = Pick<ShownMonth, 'averageScore' | 'averagePercentage'>;

function shownAverages(
  { bands, totalsSum, maximum }: MonthCounts,
  groups: readonly ShownGroup[],
  people: number,
): Averages {
  const sums = maximum === null ? null : openSums(bands, groups);
  if (sums === null) return { averageScore: null, averagePercentage: null };
  const average = Math.min(sums[1], Math.max(sums[0], totalsSum)) / people;
  const averagePercentage = maximum! > 0 ? rounded((average / maximum!) * 100) : 0;
  return { averageScore: rounded(average), averagePercentage };
}

function isEnough(people: number): boolean {
  return people >= SMALLEST_GROUP;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Several months in one: made of what is shown of each, so that it tells nothing beyond. */
export interface ShownRange {
  /** A person counts once in each month. */
  readonly people: number;
  readonly groups: readonly ShownGroup[];
  /** Over the months that show it; null where none does. */
  readonly averageScore: number | null;
  readonly averagePercentage: number | null;
  /** Over the months that show it; null where none does. */
  readonly flagged: number | null;
  /** In percent, over the months that show who gave up. */
  readonly completionRate: number | null;
}

/** Null where no month is shown. */
export function shownRange(months: readonly ShownMonth[]): ShownRange | null {
  const people = sumOf(months.map((month) => month.people));
  if (people === 0) return null;
  const flags = months.flatMap(({ flagged }) => flagged ?? []);
  return {
    people,
    groups: commonGroups(months.map(({ groups }) => groups)),
    averageScore: averageOf(months, ({ averageScore }) => averageScore),
    averagePercentage: averageOf(months, ({ averagePercentage }) => averagePercentage),
    flagged: flags.length === 0 ? null : sumOf(flags),
    completionRate: completionRate(months),
  };
}

/** Each month counts by its people. */
function averageOf(
  months: readonly ShownMonth[],
  figure: (month: ShownMonth) => number | null,
): number | null {
  const known = months.flatMap((month) => {
    const average = figure(month);
    return average === null ? [] : [{ average, people: month.people }];
  });
  const people = sumOf(known.map((month) => month.people));
  const points = sumOf(known.map((month) => month.average * month.people));
  return people === 0 ? null : rounded(points / people);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

export function completionRate(months: readonly ShownMonth[]): number | null {
  const known = months.flatMap(({ people, gaveUp }) =>
    gaveUp === null ? [] : [{ people, gaveUp }],
  );
  const completed = sumOf(known.map(({ people }) => people));
  const all = completed + sumOf(known.map(({ gaveUp }) => gaveUp));
  return all === 0 ? null : rounded((completed / all) * 100);
}

/** The finest groups that are a union of groups in every month. */
function commonGroups(months: readonly (readonly ShownGroup[])[]): ShownGroup[] {
  const groups: { severityLevels: string[]; people: number }[] = [];
  for (const group of months.flat()) {
    const joined = groups.filter(({ severityLevels }) =>
      severityLevels.some((label) => group.severityLevels.includes(label)),
    );
    const all = [...joined, group];
    const union = {
      severityLevels: [...new Set(all.flatMap(({ severityLevels }) => [...severityLevels]))],
      people: sumOf(all.map(({ people }) => people)),
    };
    const at = joined.length === 0 ? groups.length : groups.indexOf(joined[0]!);
    for (const old of joined) groups.splice(groups.indexOf(old), 1);
    groups.splice(at, 0, union);
  }
  return groups;
}
