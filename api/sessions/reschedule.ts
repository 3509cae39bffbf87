import { type TherapistCalendar, bookingRules, findBusy } from '../../db/availability.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { type Interval, normalise, subtract } from '../../domain/intervals.ts';
import { claimWishes } from '../../domain/session-claims.ts';
import * as messages from '../../workflows/messages/session.ts';
import type { Call } from '../http/handler.ts';
import { actorOf, assertReschedulable } from './acts.ts';
import { askSession } from './messages.ts';
import { type SlotQuestion, assertBookable, calendarAround, slotRefusal } from './slot-check.ts';

/**
 * Moves a session, or proposes to where the therapist must agree. Both times stay claimed
 * until the answer; a refusal leaves everything as it was.
 */
export async function rescheduleSession(
  call: Call,
  session: SessionRow,
  startsAt: number,
): Promise<messages.RescheduleAnswer> {
  assertOneClient(session);
  const now = Date.now();
  assertReschedulable(call, session, now);
  const durationMs = session.ends_at.getTime() - session.starts_at.getTime();
  const slot = { startMs: startsAt, endMs: startsAt + durationMs };
  if (startsAt === session.starts_at.getTime()) {
    throw new HoldfastError('refused_by_rule', 'The session already starts at this time.', {
      fields: [{ field: 'new_scheduled_at', message: 'must differ from the current time' }],
    });
  }
  const question: SlotQuestion = {
    clinicId: session.clinic_id,
    therapistId: session.therapist_id,
    clientId: session.client_id,
    door: session.door,
    sessionType: session.session_type,
  };
  await assertFree(call, session, question, slot, await calendarFor(call, question, slot), now);
  const request = { actor: actorOf(call, session), startsAt, endsAt: slot.endMs };
  try {
    return await askSession(call.deps, session, messages.rescheduleUpdate, request, call.newId);
  } catch (error) {
    const isTaken = error instanceof HoldfastError && error.code === 'slot_unavailable';
    throw isTaken ? await slotRefusal(call.deps, question, slot, error.code, now) : error;
  }
}

/** Throws `refused_by_rule` for a group's session. */
export function assertOneClient({ group_terms: terms }: SessionRow): void {
  if (terms === null) return;
  throw new HoldfastError(
    'refused_by_rule',
    'A group keeps its time, which its members have made room for; plan another session.',
  );
}

/** Throws `not_found` where there is no such therapist. */
export async function calendarFor(
  call: Call,
  question: SlotQuestion,
  slot: Interval,
): Promise<TherapistCalendar> {
  const calendar = await calendarAround(call.deps, question, slot);
  if (calendar !== null) return calendar;
  throw new HoldfastError('not_found', 'There is no such therapist.');
}

/** As for a booking, except that the session's own claims are not in its way. */
export async function assertFree(
  call: Call,
  session: SessionRow,
  question: SlotQuestion,
  slot: Interval,
  calendar: TherapistCalendar,
  now: number,
): Promise<void> {
  const isHandedOver = calendar.therapist.id !== session.therapist_id;
  const plan = isHandedOver ? calendar.plan : session.plan;
  const rules = bookingRules({ ...calendar, plan }, now);
  const own = ownClaims(session);
  // Whoever takes a session over at its own time has not asked for more notice of it.
  const isSameTime = slot.startMs === session.starts_at.getTime();
  const clientBusy =
    session.client_id === null ? [] : await findBusy(call.deps.knex, session.client_id, slot);
  await assertBookable(call.deps, question, slot, {
    ...rules,
    ...(isHandedOver && isSameTime ? { minimumNoticeMs: 0 } : {}),
    busy: isHandedOver ? rules.busy : withoutOwn(rules.busy, own),
    clientBusy: withoutOwn(clientBusy, own),
  });
}

function ownClaims(session: SessionRow): readonly Interval[] {
  return claimWishes({
    door: session.door,
    therapistId: session.therapist_id,
    clientId: session.client_id,
    startsAt: session.starts_at.getTime(),
    endsAt: session.ends_at.getTime(),
    buffers: session.plan.buffers,
  });
}

/** Claims never collide, but an entry of an outside calendar may reach beyond one's own claim. */
function withoutOwn(busy: readonly Interval[], own: readonly Interval[]): Interval[] {
  return subtract(normalise(busy), normalise(own));
}
