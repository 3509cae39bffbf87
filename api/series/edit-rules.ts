import type { SeriesRow } from '../../db/models/series.ts';
import type { OccurrenceRow, WantedActor } from '../../db/series.ts';
import { rescheduleRefusal } from '../../domain/cancellation.ts';
import { type ErrorCode, HoldfastError } from '../../domain/errors.ts';
import { type Calendars, type RefusedPlace, judgePlaces, refusedPlace } from './availability.ts';
import type { DecidedEdit } from './decide-edit.ts';
import { type WantedClaims, ownClaims } from './edit-claims.ts';
import type { SeriesEdit } from './edit-wish.ts';

/** What is still asked for can only be answered or taken back. */
export function assertEditable({ status }: SeriesRow, edit: SeriesEdit): void {
  if (status === 'active' || (status === 'requested' && edit.kind === 'cancel')) return;
  throw new HoldfastError(
    'wrong_state',
    status === 'requested'
      ? 'The therapist has yet to answer; until then the series can only be cancelled.'
      : 'The series is over.',
  );
}

/** Of several occurrences at once a client moves none that the therapist has to agree to. */
export function assertMayMove(
  decided: DecidedEdit,
  { party }: WantedActor,
  edit: SeriesEdit,
): void {
  if (edit.kind !== 'change' || party !== 'client') return;
  if (decided.targets.every(({ approval }) => approval === 'not_needed')) return;
  throw new HoldfastError(
    'refused_by_rule',
    'The therapist has to agree to new times: move one occurrence, or ask for another series.',
  );
}

/** What the rules forbid, before anything is claimed. */
export function refusalsOf(
  series: SeriesRow,
  decided: DecidedEdit,
  { moves, added }: WantedClaims,
  calendars: Calendars | null,
  { party }: WantedActor,
  now: number,
): RefusedPlace[] {
  const late = moves.flatMap(({ row, to }) => {
    const code = moveRefusal(row, party, now);
    return code === null ? [] : [refusedPlace(to, code)];
  });
  if (late.length > 0 || calendars === null) return late;
  const places = [...moves.map(({ to }) => to), ...added.map(({ place }) => place)];
  return judgePlaces(places, {
    calendars,
    now,
    own: decided.targets.flatMap(ownClaims),
    ignoresAvailability: series.ignores_availability && party !== 'client',
    byClient: party === 'client',
  });
}

function moveRefusal(row: OccurrenceRow, by: WantedActor['party'], now: number): ErrorCode | null {
  if (row.status === 'planned') return null;
  if (row.proposed_starts_at !== null) return 'wrong_state';
  return rescheduleRefusal({
    plan: row.plan,
    startsAt: row.starts_at.getTime(),
    bookedAt: row.created_at.getTime(),
    now,
    by,
  });
}
