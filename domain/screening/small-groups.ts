/** Fewer people than this are nobody's business as a group. */
export const SMALLEST_GROUP = 5;

export interface BandCount {
  readonly label: string;
  readonly people: number;
}

/** Neighbouring bands that are shown as one, since one of them by itself is too small. */
export interface ShownGroup {
  readonly severityLevels: readonly string[];
  readonly people: number;
}

/**
 * Bands as they may be shown: neighbours are put together, from the mildest on, until each group
 * has enough people; what is left at the end goes with the group before. Nothing follows by
 * subtraction: the groups part the same people once, none is left out, and how many of a group are
 * in which of its bands has several answers. An empty band is a small group like any other. Empty
 * when there are too few people in all.
 */
export function shownGroups(bands: readonly BandCount[]): ShownGroup[] {
  const groups: { severityLevels: string[]; people: number }[] = [];
  for (const { label, people } of bands) {
    const last = groups.at(-1);
    if (last === undefined || last.people >= SMALLEST_GROUP) {
      groups.push({ severityLevels: [label], people });
    } else {
      last.severityLevels.push(label);
      last.people += people;
    }
  }
  const rest = groups.at(-1);
  if (rest === undefined || rest.people >= SMALLEST_GROUP) return groups;
  groups.pop();
  const before = groups.at(-1);
  if (before === undefined) return [];
  before.severityLevels.push(...rest.severityLevels);
  before.people += rest.people;
  return groups;
}

/** What a whole month came to: each person counts once, with their last result in it. */
export interface MonthCounts {
  /** In order, the mildest first, those without anybody too. */
  readonly bands: readonly BandCount[];
  readonly totalsSum: number;
  readonly percentagesSum: number;
  /** Flagged by a total, which their band tells as well. */
  readonly flaggedByTotal: number;
  /** Flagged by an answer alone. */
  readonly flaggedByAnswer: number;
  /** Whose response lapsed in this month, without any that they completed in it. */
  readonly gaveUp: number;
}

/** What is shown of a month, for good: figures that changed later would tell whom the change was about. */
export interface ShownMonth {
  readonly people: number;
  readonly groups: readonly ShownGroup[];
  readonly averageScore: number;
  readonly averagePercentage: number;
  /** Null where those who are flagged, or are not, would make a small group. */
  readonly flagged: number | null;
  /** Null where those who gave up are a small group. */
  readonly gaveUp: number | null;
}

/** Null for a month with too few people. */
export function shownMonth(month: MonthCounts): ShownMonth | null {
  const people = month.bands.reduce((sum, band) => sum + band.people, 0);
  if (people < SMALLEST_GROUP) return null;
  const { flaggedByTotal, flaggedByAnswer, gaveUp } = month;
  const flagged = flaggedByTotal + flaggedByAnswer;
  // Who is flagged by a total is in the bands already: all that the figure adds are the others.
  const isFlaggedShown = [flaggedByAnswer, people - flagged].every(isEnough);
  return {
    people,
    groups: shownGroups(month.bands),
    averageScore: rounded(month.totalsSum / people),
    averagePercentage: rounded(month.percentagesSum / people),
    flagged: isFlaggedShown ? flagged : null,
    gaveUp: isEnough(gaveUp) ? gaveUp : null,
  };
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
  readonly averageScore: number;
  readonly averagePercentage: number;
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
    averageScore: rounded(sumOf(months.map((m) => m.averageScore * m.people)) / people),
    averagePercentage: rounded(sumOf(months.map((m) => m.averagePercentage * m.people)) / people),
    flagged: flags.length === 0 ? null : sumOf(flags),
    completionRate: completionRate(months),
  };
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
