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
