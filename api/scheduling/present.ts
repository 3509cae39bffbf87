import type { ScheduleRow } from '../../db/schedule.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { nextDeadline } from '../../domain/session.ts';
import { stateOf } from '../../db/sessions.ts';
import { decimalFromCents } from '../../domain/pricing.ts';
import type { PlacedSession } from './conflicts.ts';
import { locationTypeOf } from './session-block.ts';
import { statusWord } from './words.ts';

/** An instant as this door writes it: `2024-01-25T14:00:00Z`. */
export function presentTime(instantMs: number): string {
  return new Date(instantMs).toISOString().replace('.000Z', 'Z');
}

/** One session as it was booked or changed through this door. */
export function presentSession(session: SessionRow, now: number): Record<string, unknown> {
  const startsAt = session.starts_at.getTime();
  const endsAt = session.ends_at.getTime();
  const deadline = nextDeadline(stateOf(session));
  return {
    id: session.id,
    therapist_id: session.therapist_id,
    client_id: session.client_id,
    start_time: presentTime(startsAt),
    end_time: presentTime(endsAt),
    duration_minutes: Math.round((endsAt - startsAt) / 60_000),
    time_zone: session.time_zone,
    status: statusWord(session.status),
    session_type: session.session_type,
    location_type: locationTypeOf(session.format),
    location_id: session.location_id,
    service_id: session.service_id,
    price: decimalFromCents(session.price_cents),
    amount_due: decimalFromCents(session.due_cents),
    currency: session.currency,
    ...(deadline === null || deadline.dueAt < now
      ? {}
      : { waits_for: deadline.deadline, waits_until: presentTime(deadline.dueAt) }),
    created_at: presentTime(session.created_at.getTime()),
    updated_at: presentTime(session.updated_at.getTime()),
  };
}

/** One session of a calendar or a list. */
export function presentPlaced(row: ScheduleRow): PlacedSession & Record<string, unknown> {
  const { authorisation } = row;
  return {
    id: row.id,
    therapist_id: row.therapist_id,
    therapist_name: row.therapist_name,
    client_id: row.client_id,
    client_name: row.client_name,
    start_time: presentText(row.starts_at),
    end_time: presentText(row.ends_at),
    duration_minutes: row.duration_minutes,
    time_zone: row.time_zone,
    status: statusWord(row.status),
    session_type: row.session_type,
    location_type: locationTypeOf(row.format),
    location_id: row.location_id,
    service_id: row.service_id,
    payment_status: row.payment,
    created_at: presentText(row.created_at),
    updated_at: presentText(row.updated_at),
    ...(authorisation === undefined ? {} : { authorization: authorisation }),
  };
}

/** Whole seconds of what the database has written. */
function presentText(instant: string): string {
  return `${instant.slice(0, 10)}T${instant.slice(11, 19)}Z`;
}
