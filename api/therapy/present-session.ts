import type { SessionView } from '../../db/session-views.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { assertNever } from '../../domain/assert-never.ts';
import { freeUntil, lateFee, rescheduleUntil } from '../../domain/cancellation.ts';
import { decimalFromCents } from '../../domain/pricing.ts';
import type { SessionStatus } from '../../domain/session.ts';
import { freeTermsOf } from '../sessions/free-terms.ts';
import { roomUrlOf } from '../sessions/room-url.ts';
import { writeInstant } from './local-window.ts';
import type { PreparationPart } from './preparations.ts';

/** What this door calls the states of a session. */
export function statusWord(status: SessionStatus): string {
  switch (status) {
    case 'planned':
    case 'held':
    case 'requested':
      return 'pending_confirmation';
    case 'awaiting_payment':
      return 'pending_payment';
    case 'confirmed':
    case 'in_progress':
    case 'completed':
    case 'declined':
    case 'expired':
    case 'cancelled':
    case 'no_show':
      return status;
    default:
      return assertNever(status);
  }
}

/** The states behind a word of this door, for filters; null for a word that it does not have. */
export function statusesOf(word: string): SessionStatus[] | null {
  if (word === 'pending_confirmation') return ['planned', 'held', 'requested'];
  if (word === 'pending_payment') return ['awaiting_payment'];
  const same: readonly SessionStatus[] = [
    'confirmed',
    'in_progress',
    'completed',
    'declined',
    'expired',
    'cancelled',
    'no_show',
  ];
  return same.filter((status) => status === word).slice(0, 1) ?? null;
}

export function paymentWord(
  session: Pick<SessionView, 'status' | 'payment' | 'captured_cents' | 'refunded_cents'>,
): string {
  if (session.refunded_cents > 0) {
    return session.refunded_cents < session.captured_cents ? 'partially_refunded' : 'refunded';
  }
  // The end keeps the standing that it found; what was only promised has been let go since.
  if (hasComeToNothing(session.status) && session.captured_cents === 0) {
    return session.payment === 'due' || session.payment === 'not_due' ? 'not_required' : 'voided';
  }
  switch (session.payment) {
    case 'not_due':
      return 'not_required';
    case 'due':
      return 'pending';
    case 'saved':
      return 'card_saved';
    case 'authorised':
      return session.captured_cents > 0 ? 'paid' : 'authorized';
    case 'captured':
      return 'paid';
    default:
      return assertNever(session.payment);
  }
}

function hasComeToNothing(status: SessionStatus): boolean {
  return status === 'cancelled' || status === 'declined' || status === 'expired';
}

/** The answer to a booking, as published. */
export function presentBooking(session: SessionRow): Record<string, unknown> {
  const startsAt = session.starts_at.getTime();
  return {
    session_id: session.id,
    booking_status: statusWord(session.status),
    scheduled_at: writeInstant(startsAt),
    therapist_confirmation_required: session.approval === 'awaited',
    ...(session.answer_due_at === null
      ? {}
      : { estimated_confirmation_time: writeInstant(session.answer_due_at.getTime()) }),
    payment_required: session.due_cents > 0,
    payment_amount: decimalFromCents(session.due_cents),
    currency: session.currency,
    ...(session.payment_due_at === null
      ? {}
      : { payment_deadline: writeInstant(session.payment_due_at.getTime()) }),
    cancellation_policy: {
      free_cancellation_until: writeInstant(freeUntil(freeTermsOf(session))),
      cancellation_fee_after: decimalFromCents(
        lateFee(session.plan.cancellation, session.due_cents),
      ),
    },
  };
}

export interface SessionNotes {
  readonly reason_for_session?: string;
  readonly preferred_approach?: string;
  readonly emergency_contact?: object;
}

const NOTHING_TO_PREPARE: PreparationPart = {
  preparation_materials: [],
  preparation_completed: true,
};

/** Who reads it, and when. */
export interface Reading {
  readonly personId: string;
  readonly publicUrl: string;
  readonly now: number;
}

/** A session as its client, its therapist or its clinic sees it. */
export function presentSession(
  session: SessionView,
  { personId, publicUrl, now }: Reading,
  notes: SessionNotes | null,
  preparation: PreparationPart = NOTHING_TO_PREPARE,
): Record<string, unknown> {
  const startsAt = session.starts_at.getTime();
  const bookedAt = session.created_at.getTime();
  const rescheduleBy = rescheduleUntil(session.plan, startsAt, bookedAt);
  const isOpen = isMovable(session.status);
  return {
    session_id: session.id,
    session_type: session.session_type,
    therapist_id: session.therapist_id,
    therapist: {
      therapist_id: session.therapist_id,
      display_name: session.therapist_name,
      specializations: session.therapist_specializations,
    },
    ...(session.client_id === null ? {} : { client_id: session.client_id }),
    scheduled_at: writeInstant(startsAt),
    duration: Math.round((session.ends_at.getTime() - startsAt) / 60_000),
    timezone: session.time_zone,
    session_format: session.format,
    ...(session.specialization === null ? {} : { specialization: session.specialization }),
    status: statusWord(session.status),
    payment_status: paymentWord(session),
    payment_amount: decimalFromCents(session.due_cents),
    currency: session.currency,
    ...roomOf(session, { personId, publicUrl }),
    ...deadlinesOf(session),
    ...preparation,
    can_reschedule: isOpen && mayBeMoved(session) && now < rescheduleBy,
    can_cancel: isOpen && now < startsAt,
    reschedule_deadline: writeInstant(rescheduleBy),
    cancellation_deadline: writeInstant(freeUntil(freeTermsOf(session))),
    ...(notes === null ? {} : { notes }),
    created_at: writeInstant(bookedAt),
    updated_at: writeInstant(session.updated_at.getTime()),
  };
}

function isMovable(status: SessionStatus): boolean {
  return ['planned', 'requested', 'awaiting_payment', 'confirmed'].includes(status);
}

/** Not while a wish of that kind waits, nor before its series was answered; a group stays. */
function mayBeMoved({ status, approval, group_terms, proposal_due_at }: SessionRow): boolean {
  const isAskedFor = status === 'planned' && approval === 'awaited';
  return group_terms === null && proposal_due_at === null && !isAskedFor;
}

/** A room exists from the confirmation on. Whoever has its code comes in as its client: it is theirs alone. */
export function roomOf(
  session: SessionRow,
  { personId, publicUrl }: Omit<Reading, 'now'>,
): { room_url?: string; room_access_code?: string | null } {
  const url = roomUrlOf(session, publicUrl);
  if (url === null) return {};
  const isOwn = session.client_id === personId;
  return { room_url: url, room_access_code: isOwn ? session.room_code : null };
}

function deadlinesOf(session: SessionRow): Record<string, string> {
  const instants = {
    confirmation_deadline: session.answer_due_at ?? session.proposal_due_at,
    payment_deadline: session.payment_due_at,
    proposed_scheduled_at: session.proposed_starts_at,
  };
  return Object.fromEntries(
    Object.entries(instants).flatMap(([name, at]) =>
      at === null ? [] : [[name, writeInstant(at.getTime())]],
    ),
  );
}
