import { type ShownGroup, SMALLEST_GROUP } from './shown-groups.ts';

/** A band with the totals that belong to it, both included. */
export interface BandTotals {
  readonly label: string;
  readonly min: number;
  readonly max: number;
}

/** From the first sum to the second, both included. */
export type Sums = readonly [number, number];

/** How many people are in each band of a group. */
type Spread = readonly number[];

/** Groups of more bands than this have too many spreads to try all. */
const MOST_BANDS = 6;

/**
 * The sums of everybody's totals that leave open how many are in each band of a group. Whoever knows
 * the sum can tell something only at the rim: were all totals of "minimal" and "mild" at their
 * lowest, so would be how many of them there are. Within these sums the numbers of people in any
 * bands of a group have another answer wherever they are small. They follow from what is shown
 * alone, not from the sum itself. Null where no sum leaves it open, as of bands of one point each.
 */
export function openSums(bands: readonly BandTotals[], groups: readonly ShownGroup[]): Sums | null {
  const all = groups.map((group, at) => sumsOfGroup(bands, group, at === groups.length - 1));
  const known = all.flatMap((group) => group ?? []);
  if (known.length < all.length) return null;
  const whole = added(known.map(({ sums }) => sums));
  let [least, most] = whole;
  for (const group of known) {
    const others: Sums = [whole[0] - group.sums[0], whole[1] - group.sums[1]];
    for (const rest of group.alternatives) {
      const sums = unbroken(rest.map((part) => added([part, others])));
      if (sums === null) return null;
      least = Math.max(least, sums[0]);
      most = Math.min(most, sums[1]);
    }
  }
  return least > most ? null : [least, most];
}

interface GroupSums {
  readonly sums: Sums;
  /** For each set of bands, and each small number of people in it: the sums with any other number. */
  readonly alternatives: readonly (readonly Sums[])[];
}

function sumsOfGroup(
  bands: readonly BandTotals[],
  { severityLevels, people }: ShownGroup,
  isLast: boolean,
): GroupSums | null {
  const own = bands.filter(({ label }) => severityLevels.includes(label));
  if (own.length > MOST_BANDS || own.some(({ min, max }) => max < min)) return null;
  const spreads = spreadsOf(own.length, people, isLast).map((spread) => ({
    spread,
    sums: added(own.map(({ min, max }, at) => [min * spread[at]!, max * spread[at]!])),
  }));
  const sums = unbroken(spreads.map((each) => each.sums));
  if (sums === null) return null;
  const alternatives: Sums[][] = [];
  for (let set = 1; set < 2 ** own.length - 1; set += 1) {
    const counted = spreads.map(({ spread, sums: of }) => ({ of, people: peopleIn(spread, set) }));
    const small = new Set(counted.map((each) => each.people).filter(isSmall));
    for (const number of small) {
      alternatives.push(counted.flatMap((each) => (each.people === number ? [] : [each.of])));
    }
  }
  return { sums, alternatives };
}

/** That nobody is in a band tells something of everybody, too. */
function isSmall(people: number): boolean {
  return people < SMALLEST_GROUP;
}

function peopleIn(spread: Spread, set: number): number {
  return spread.reduce((sum, people, at) => sum + ((set >> at) & 1) * people, 0);
}

/** All spreads of a group's people that would have been put together in the same way. */
function spreadsOf(bands: number, people: number, isLast: boolean): Spread[] {
  const spreads: Spread[] = [];
  // The band with which there are enough people; only the last group takes up what comes after it.
  for (let closing = isLast ? 0 : bands - 1; closing < bands; closing += 1) {
    for (const before of fewIn(closing)) {
      for (const after of fewIn(bands - closing - 1)) {
        const closers = people - peopleOf(before) - peopleOf(after);
        if (closers + peopleOf(before) < SMALLEST_GROUP || closers < 0) continue;
        spreads.push([...before, closers, ...after]);
      }
    }
  }
  return spreads;
}

/** Every way in which fewer people than a group can be in so many bands. */
function fewIn(bands: number, most = SMALLEST_GROUP - 1): Spread[] {
  if (bands === 0) return [[]];
  return Array.from({ length: most + 1 }, (_, first) => first).flatMap((first) =>
    fewIn(bands - 1, most - first).map((rest) => [first, ...rest]),
  );
}

function peopleOf(spread: Spread): number {
  return spread.reduce((sum, people) => sum + people, 0);
}

function added(parts: readonly Sums[]): Sums {
  return parts.reduce<Sums>(([least, most], part) => [least + part[0], most + part[1]], [0, 0]);
}

/** All sums of the parts, or null where some between them are missing, or there is no part. */
function unbroken(parts: readonly Sums[]): Sums | null {
  const [first, ...others] = parts.toSorted(([a], [b]) => a - b);
  if (first === undefined) return null;
  let most = first[1];
  for (const [from, to] of others) {
    if (from > most + 1) return null;
    most = Math.max(most, to);
  }
  return [first[0], most];
}
