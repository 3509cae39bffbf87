import type { BandTotals } from './open-sums.ts';
import type { ScoreBand } from './template.ts';

/** The bands of one version of a questionnaire. */
export interface VersionBands {
  readonly bands: readonly ScoreBand[];
  readonly createdAt: Date;
}

export interface KnownBands {
  /** The newest version's in its order, then those that only earlier ones have. */
  readonly bands: readonly BandTotals[];
  /** The highest total; null where versions differ in it. */
  readonly maximum: number | null;
}

/** As long as a response may take: so long after a newer version an older one is still completed. */
const LONGEST_RESPONSE_MS = 30 * 86_400_000;

/**
 * The bands of the versions that were answered in a month, which follow from when each was made and
 * not from who was in them; given the newest version first.
 */
export function bandsInMonth(
  versions: readonly VersionBands[],
  month: { readonly startsAt: Date; readonly endsAt: Date },
): KnownBands {
  const asked = versions.filter(({ createdAt }, at) => {
    const [newer] = versions.slice(0, at).toReversed();
    const endedAt = newer === undefined ? Infinity : newer.createdAt.getTime();
    const isBegun = createdAt < month.endsAt || at === versions.length - 1;
    return isBegun && endedAt + LONGEST_RESPONSE_MS >= month.startsAt.getTime();
  });
  return merged(asked.map(({ bands }) => bands));
}

/** Totals belong to a band that has them in every version; none where `max` is less than `min`. */
function merged(versions: readonly (readonly ScoreBand[])[]): KnownBands {
  const bands = new Map<string, BandTotals>();
  for (const { label, min, max } of versions.flat()) {
    const before = bands.get(label) ?? { min, max };
    const both = { min: Math.max(min, before.min), max: Math.min(max, before.max) };
    bands.set(label, { label, ...both });
  }
  const [highest, ...others] = new Set(versions.map((version) => version.at(-1)!.max));
  return {
    bands: [...bands.values()],
    maximum: others.length === 0 ? (highest ?? null) : null,
  };
}
