import type { OccurrenceView } from '../../db/series.ts';

/**
 * Whether an occurrence was moved by itself, at whatever door: it is not where its series has put
 * it. What is on its way to where an edit wants it counts as there.
 */
export function isMovedByItself(
  occurrence: Pick<
    OccurrenceView,
    'agreed_starts_at' | 'agreed_ends_at' | 'starts_at' | 'ends_at' | 'wanted'
  >,
): boolean {
  const { agreed_starts_at, agreed_ends_at, starts_at, ends_at, wanted } = occurrence;
  const standing =
    wanted?.kind === 'move' ? wanted : { startsAt: starts_at.getTime(), endsAt: ends_at.getTime() };
  return (
    agreed_starts_at?.getTime() !== standing.startsAt ||
    agreed_ends_at?.getTime() !== standing.endsAt
  );
}
