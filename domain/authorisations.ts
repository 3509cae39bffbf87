/** What an insurer has granted a client, as far as it is not used or promised yet. */
export interface Grant {
  readonly id: string;
  readonly payer: string;
  /** `YYYY-MM-DD`, both inclusive. */
  readonly validFrom: string;
  readonly validTo: string;
  readonly remaining: number;
}

/**
 * Which grant each session draws on, by its local date; null where none is left. The one that ends
 * first is used first, so that as little as possible lapses.
 */
export function allocateGrants(
  dates: readonly string[],
  grants: readonly Grant[],
): (string | null)[] {
  const ordered = grants.toSorted(
    (a, b) => a.validTo.localeCompare(b.validTo) || a.id.localeCompare(b.id),
  );
  const left = new Map(ordered.map(({ id, remaining }) => [id, remaining]));
  return dates.map((date) => {
    const grant = ordered.find(
      ({ id, validFrom, validTo }) =>
        (left.get(id) ?? 0) > 0 && validFrom <= date && date <= validTo,
    );
    if (grant === undefined) return null;
    left.set(grant.id, (left.get(grant.id) ?? 0) - 1);
    return grant.id;
  });
}
