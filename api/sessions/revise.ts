import type { TherapistCalendar } from '../../db/availability.ts';
import { bookingRules } from '../../db/availability.ts';
import { areRelated } from '../../db/relationships.ts';
import { type Revision, keepRevision } from '../../db/revisions.ts';
import type { SessionFormat, SessionRow } from '../../db/sessions.ts';
import { findTherapist } from '../../db/therapists.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import type { Interval } from '../../domain/intervals.ts';
import { MINUTE_MS } from '../../domain/local-time.ts';
import * as messages from '../../workflows/messages/session.ts';
import type { Call } from '../http/handler.ts';
import { actorOf, assertReschedulable } from './acts.ts';
import { askSession } from './messages.ts';
import { gridRefusal, notOffered, offerRefusal } from './offers.ts';
import { forgetRefused, sealReason } from './reason.ts';
import { assertFree, assertOneClient, calendarFor } from './reschedule.ts';
import { mergeTexts, reviseInPlace } from './revise-in-place.ts';
import { type SlotQuestion, slotRefusal } from './slot-check.ts';

/** What shall become of a session; null keeps what there is. */
export interface RevisionWish {
  readonly slot: Interval | null;
  readonly therapistId: string | null;
  readonly format: SessionFormat | null;
  /** Texts to put in place of those of the same names; sealed before they are stored. */
  readonly texts: Readonly<Record<string, string | null>> | null;
  readonly reason: string | null;
  readonly approves: boolean;
  readonly startsOnGrid: boolean;
}

/**
 * Changes several things about a session as one: the therapist, the time, the approval, its format
 * and texts. All of it comes into force in one transaction, or none of it. Where a client's wish
 * for another time awaits the therapist's answer, the rest is in force already.
 */
export async function reviseSession(
  call: Call,
  session: SessionRow,
  wish: RevisionWish,
): Promise<void> {
  if (session.enrolment_id !== undefined) {
    throw new HoldfastError('refused_by_rule', 'A group is as its therapist has planned it.');
  }
  const now = Date.now();
  const calendar = await check(call, session, wish, now);
  if (calendar === null && !wish.approves) {
    await reviseInPlace(call, session, wish);
    return;
  }
  await keepRevision(call.deps.knex, await revisionOf(call, session, wish, calendar, now));
  try {
    await askSession(
      call.deps,
      session,
      messages.reviseUpdate,
      {
        actor: actorOf(call, session),
        revisionId: call.newId,
        time: wish.slot && { startsAt: wish.slot.startMs, endsAt: wish.slot.endMs },
        fromTherapistId: wish.therapistId === null ? null : session.therapist_id,
        approves: wish.approves,
      },
      call.newId,
    );
    // Where the session had nothing left to decide, the texts are still to come into force.
    await reviseInPlace(call, session, wish);
  } catch (error) {
    await forgetRefused(call, error);
    throw await explained(call, session, wish, error, now);
  }
}

/** Throws what speaks against the wish; the calendar that was asked where time or therapist change. */
async function check(
  call: Call,
  session: SessionRow,
  wish: RevisionWish,
  now: number,
): Promise<TherapistCalendar | null> {
  if (wish.slot === null && wish.therapistId === null) {
    await assertFormat(call, session, wish.format);
    return null;
  }
  assertOneClient(session);
  assertReschedulable(call, session, now);
  const slot = wish.slot ?? slotOf(session);
  const question = questionOf(session, wish);
  if (!isUuid(question.therapistId)) throw noSuchTherapist();
  const calendar = await calendarFor(call, question, slot);
  if (!calendar.therapist.isVerified) throw noSuchTherapist();
  if (wish.therapistId !== null) await assertRelated(call, session, wish.therapistId);
  const refusal = refusalOf(session, wish, slot, calendar);
  if (refusal !== null) throw refusal;
  await assertFree(call, session, question, slot, calendar, now);
  return calendar;
}

/** A therapist who takes over must offer all of it; else only what changes is looked at. */
function refusalOf(
  session: SessionRow,
  wish: RevisionWish,
  slot: Interval,
  { therapist }: TherapistCalendar,
): HoldfastError | null {
  const format = wish.format ?? session.format;
  const isMoved = slot.startMs !== session.starts_at.getTime();
  const startsOnGrid = wish.startsOnGrid && isMoved;
  const offGrid = gridRefusal({ slot, startsOnGrid }, therapist);
  if (wish.therapistId !== null) {
    const { session_type: sessionType, specialization } = session;
    return offGrid ?? offerRefusal(therapist, { sessionType, format, specialization, slot });
  }
  const lengthMs = slot.endMs - slot.startMs;
  const isLonger = lengthMs !== session.ends_at.getTime() - session.starts_at.getTime();
  return (
    offGrid ??
    (isLonger ? notOffered('duration', therapist.durationsMinutes, lengthMs / MINUTE_MS) : null) ??
    (wish.format === null ? null : notOffered('session_format', therapist.sessionFormats, format))
  );
}

function questionOf(session: SessionRow, wish: RevisionWish): SlotQuestion {
  return {
    clinicId: session.clinic_id,
    therapistId: wish.therapistId ?? session.therapist_id,
    clientId: session.client_id,
    door: session.door,
    sessionType: session.session_type,
  };
}

function slotOf(session: SessionRow): Interval {
  return { startMs: session.starts_at.getTime(), endMs: session.ends_at.getTime() };
}

function noSuchTherapist(): HoldfastError {
  return new HoldfastError('not_found', 'There is no such therapist.');
}

async function assertRelated(
  { deps }: Call,
  session: SessionRow,
  therapistId: string,
): Promise<void> {
  if (session.client_id === null) return;
  if (await areRelated(deps.knex, therapistId, session.client_id)) return;
  throw new HoldfastError('relationship_required', 'They are not a client of this therapist.');
}

async function assertFormat(
  { deps }: Call,
  session: SessionRow,
  format: SessionFormat | null,
): Promise<void> {
  if (format === null) return;
  const therapist = await findTherapist(deps.knex, session.clinic_id, session.therapist_id);
  const refusal = notOffered('session_format', therapist?.sessionFormats ?? [], format);
  if (refusal !== null) throw refusal;
}

async function revisionOf(
  call: Call,
  session: SessionRow,
  wish: RevisionWish,
  calendar: TherapistCalendar | null,
  now: number,
): Promise<Revision> {
  const isHandedOver = wish.therapistId !== null && calendar !== null;
  return {
    id: call.newId,
    sessionId: session.id,
    askedBy: call.principal.personId,
    details: await mergeTexts(call, call.deps.knex, session, wish.texts),
    reason: await sealReason(call, session.id, wish.reason),
    format: wish.format,
    therapistId: wish.therapistId,
    buffers: isHandedOver ? bookingRules(calendar, now).buffers : null,
  };
}

/** A time that was taken while it was being asked for comes with others that are free. */
async function explained(
  call: Call,
  session: SessionRow,
  wish: RevisionWish,
  error: unknown,
  now: number,
): Promise<unknown> {
  const isTaken = error instanceof HoldfastError && error.code === 'slot_unavailable';
  if (!isTaken) return error;
  const slot = wish.slot ?? slotOf(session);
  return slotRefusal(call.deps, questionOf(session, wish), slot, error.code, now);
}
