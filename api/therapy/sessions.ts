import { type SessionFormat, type SessionRow, findSession } from '../../db/sessions.ts';
import { type SessionListing, listSessions, viewSession } from '../../db/session-views.ts';
import { auditRead } from '../../db/audit/record.ts';
import { googleCalendarUrl, sessionIcs } from '../../domain/calendar.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { MINUTE_MS } from '../../domain/local-time.ts';
import { centsFromDecimal, decimalFromCents } from '../../domain/pricing.ts';
import { isEnded } from '../../domain/session.ts';
import { parseInstant } from '../../domain/time-text.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call, HandlerMap, Query } from '../http/handler.ts';
import * as acts from '../sessions/acts.ts';
import { bookSession } from '../sessions/book.ts';
import { detailsRef } from '../sessions/compose-booking.ts';
import { openSession, recordRead } from '../sessions/open-session.ts';
import { type PaymentWish, paySession } from '../sessions/pay.ts';
import { keepReason } from '../sessions/reason.ts';
import { refundOf } from '../sessions/refund-view.ts';
import { rescheduleSession } from '../sessions/reschedule.ts';
import { readZone, writeInstant } from './local-window.ts';
import {
  type SessionNotes,
  paymentWord,
  presentBooking,
  presentSession,
  roomOf,
  statusWord,
  statusesOf,
} from './present-session.ts';

interface BookBody {
  readonly therapist_id: string;
  readonly session_type: string;
  readonly scheduled_at: string;
  readonly duration: number;
  readonly timezone?: string;
  readonly session_format: SessionFormat;
  readonly specialization?: string;
  readonly reason_for_session?: string;
  readonly preferred_approach?: string;
  readonly insurance_info?: { provider: string; member_id: string; group_number?: string };
  readonly emergency_contact?: object;
}

function ok(data: unknown, status = 200): Answer {
  return { status, body: { success: true, data } };
}

/** POST /api/therapy/sessions/book */
async function bookTherapySession(call: Call<BookBody>): Promise<Answer> {
  const { body, principal } = call;
  const zone = body.timezone === undefined ? 'UTC' : readZone('timezone', body.timezone);
  const startMs = parseInstant(body.scheduled_at, zone);
  const { insurance_info: insurance } = body;
  const session = await bookSession(call, {
    door: 'therapy',
    therapistId: body.therapist_id,
    clientId: principal.personId,
    sessionType: body.session_type,
    format: body.session_format,
    specialization: body.specialization ?? null,
    slot: { startMs, endMs: startMs + body.duration * MINUTE_MS },
    timeZone: zone,
    details: detailsOf(body),
    insurance:
      insurance === undefined
        ? null
        : {
            payer: insurance.provider,
            memberId: insurance.member_id,
            groupNumber: insurance.group_number ?? null,
          },
    requiresRelationship: false,
  });
  return ok(presentBooking(session), 201);
}

function detailsOf(body: BookBody): SessionNotes | null {
  const { reason_for_session, preferred_approach, emergency_contact } = body;
  const typed = { reason_for_session, preferred_approach, emergency_contact };
  const given = Object.entries(typed).filter(([, value]) => value !== undefined);
  return given.length === 0 ? null : (Object.fromEntries(given) as SessionNotes);
}

interface ConfirmBody {
  readonly payment_method?: 'mvt_tokens' | 'credit_card';
  readonly mvt_amount?: number;
  readonly card_token?: string;
  readonly backup_payment?: { method: 'credit_card'; card_token: string };
  readonly consent: {
    therapy_agreement: boolean;
    privacy_policy: boolean;
    cancellation_policy: boolean;
  };
}

/** POST /api/therapy/sessions/{id}/confirm */
async function confirmTherapySession(call: Call<ConfirmBody>): Promise<Answer> {
  const { deps } = call;
  const session = await openSession(call, 'pay');
  const paid = await paySession(call, session, paymentWishOf(call.body, session));
  const current = (await viewSession(deps.knex, session.id))!;
  return ok({
    session_id: session.id,
    status: statusWord(current.status),
    payment_status: paymentWord(current),
    ...(paid.payment === null ? {} : { payment_transaction_id: paid.payment.id }),
    ...roomOf(current, deps.http.publicUrl),
    preparation_materials: [],
    calendar_invite: calendarInvite(current, deps.http.publicUrl),
  });
}

function paymentWishOf(body: ConfirmBody, session: SessionRow): PaymentWish {
  const refused = Object.entries(body.consent).filter(([, given]) => given !== true);
  if (refused.length > 0) {
    throw new HoldfastError('consent_required', 'All three consents are needed.', {
      fields: refused.map(([name]) => ({ field: `consent.${name}`, message: 'must be true' })),
    });
  }
  const method = body.payment_method === 'mvt_tokens' ? 'credits' : 'card';
  const cardToken = method === 'card' ? body.card_token : body.backup_payment?.card_token;
  if (session.due_cents > 0) assertPayable(body, session, method, cardToken);
  return {
    method,
    cardToken: cardToken ?? null,
    consents: { therapy_agreement: true, privacy_policy: true, cancellation_policy: true },
  };
}

function assertPayable(
  body: ConfirmBody,
  session: SessionRow,
  method: PaymentWish['method'],
  cardToken: string | undefined,
): void {
  const fault = (field: string, message: string): HoldfastError =>
    new HoldfastError('malformed_request', `${field} ${message}`, { fields: [{ field, message }] });
  if (body.payment_method === undefined)
    throw fault('payment_method', 'is needed for this session');
  if (method === 'card' && cardToken === undefined)
    throw fault('card_token', 'is needed to pay by card');
  if (method === 'credits' && body.mvt_amount !== undefined) {
    const offered = centsFromDecimal(body.mvt_amount);
    if (offered !== session.due_cents) {
      throw fault('mvt_amount', `must be ${decimalFromCents(session.due_cents)}, the amount due`);
    }
  }
}

function calendarInvite(session: SessionRow, publicUrl: string): Record<string, string> {
  const link = `${publicUrl}/room/${session.id}`;
  const times = { startsAt: session.starts_at.getTime(), endsAt: session.ends_at.getTime(), link };
  return {
    ics_url: `/api/therapy/sessions/${session.id}/calendar.ics`,
    google_calendar_url: googleCalendarUrl(times),
  };
}

/** GET /api/therapy/sessions/{id} */
async function getTherapySession(call: Call): Promise<Answer> {
  const { deps } = call;
  const opened = await openSession(call, 'read');
  const [session] = await Promise.all([
    viewSession(deps.knex, opened.id),
    recordRead(call, opened),
  ]);
  const notes = await notesFor(call, opened);
  return ok(presentSession(session!, Date.now(), deps.http.publicUrl, notes));
}

/** What the client wrote is for the client and the therapist, not for those who run the clinic. */
async function notesFor(call: Call, session: SessionRow): Promise<SessionNotes | null> {
  const { personId } = call.principal;
  const isTheirs = session.client_id === personId || session.therapist_id === personId;
  if (!isTheirs || session.details === null) return null;
  const { cipher, knex } = call.deps;
  return JSON.parse(await cipher.openField(knex, detailsRef(session.id), session.details));
}

interface ListQuery extends Query {
  readonly status?: string;
  readonly session_format?: SessionFormat;
  readonly from?: string;
  readonly to?: string;
  readonly timezone?: string;
  readonly page: number;
  readonly per_page: number;
}

/** GET /api/therapy/sessions */
async function listTherapySessions(call: Call<unknown, ListQuery>): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const { sessions, total } = await listSessions(deps.knex, listingOf(call));
  await auditRead(deps.knex, auditContext(principal, requestId), {
    action: 'session.list',
    objectType: 'session',
    objectId: null,
    changes: { shown: sessions.length },
  });
  const now = Date.now();
  const shown = sessions.map((session) => presentSession(session, now, deps.http.publicUrl, null));
  const { page, per_page } = query;
  return ok({ sessions: shown, total_results: total, page, per_page });
}

function listingOf({ principal, query }: Call<unknown, ListQuery>): SessionListing {
  const zone = query.timezone === undefined ? 'UTC' : readZone('timezone', query.timezone);
  const isClinic = principal.role === 'staff' || principal.role === 'admin';
  return {
    personId: principal.personId,
    clinicId: principal.clinicId,
    as: isClinic ? 'clinic' : principal.role === 'counselor' ? 'therapist' : 'client',
    statuses: query.status === undefined ? null : statusesOf(query.status),
    format: query.session_format ?? null,
    fromMs: query.from === undefined ? null : parseInstant(query.from, zone),
    toMs: query.to === undefined ? null : parseInstant(query.to, zone),
    limit: query.per_page,
    offset: (query.page - 1) * query.per_page,
  };
}

/** GET /api/therapy/sessions/{id}/calendar.ics */
async function getTherapyCalendar(call: Call): Promise<Answer> {
  const session = await openSession(call, 'read');
  const isPending = !isEnded(session.status) && !SET.has(session.status);
  if (isPending) {
    throw new HoldfastError(
      'wrong_state',
      'The session is not confirmed yet; it has no calendar entry.',
    );
  }
  await recordRead(call, session);
  const isOff = isEnded(session.status) && !SET.has(session.status);
  const body = sessionIcs({
    sessionId: session.id,
    sequence: session.version,
    status: isOff ? 'cancelled' : 'confirmed',
    startsAt: session.starts_at.getTime(),
    endsAt: session.ends_at.getTime(),
    link: `${call.deps.http.publicUrl}/room/${session.id}`,
    now: session.updated_at.getTime(),
  });
  return {
    status: 200,
    body,
    contentType: 'text/calendar; charset=utf-8',
    headers: { 'content-disposition': 'attachment; filename="appointment.ics"' },
  };
}

const SET: ReadonlySet<string> = new Set(['confirmed', 'in_progress', 'completed', 'no_show']);

/** GET /api/therapy/sessions/{id}/cancellation-quote */
async function getCancellationQuote(call: Call): Promise<Answer> {
  const session = await openSession(call, 'quote');
  if (isEnded(session.status)) throw new HoldfastError('wrong_state', 'The session is over.');
  const terms = acts.quoteFor(call, session, Date.now());
  return ok({
    session_id: session.id,
    cancellation_fee: decimalFromCents(terms.feeCents),
    refund_amount: decimalFromCents(terms.refundCents),
    currency: session.currency,
    reason: terms.code,
    free_cancellation_until: writeInstant(terms.freeUntilMs),
    valid_until: terms.validUntilMs === null ? null : writeInstant(terms.validUntilMs),
  });
}

/** POST /api/therapy/sessions/{id}/approve */
async function approveTherapySession(call: Call): Promise<Answer> {
  const session = await openSession(call, 'approve');
  const standing = await acts.approve(call, session);
  return ok(await standingData(call, session.id, standing.status));
}

/** POST /api/therapy/sessions/{id}/decline */
async function declineTherapySession(call: Call<{ reason?: string } | undefined>): Promise<Answer> {
  const session = await openSession(call, 'approve');
  const standing = await acts.decline(call, session);
  await keepReason(call, session.id, call.body?.reason);
  return ok(await standingData(call, session.id, standing.status));
}

async function standingData(
  call: Call,
  id: string,
  status: SessionRow['status'],
): Promise<Record<string, unknown>> {
  const current = (await viewSession(call.deps.knex, id))!;
  return {
    session_id: id,
    status: statusWord(status),
    payment_status: paymentWord(current),
    scheduled_at: writeInstant(current.starts_at.getTime()),
  };
}

/** PUT /api/therapy/sessions/{id}/reschedule */
async function rescheduleTherapySession(
  call: Call<{ new_scheduled_at: string; timezone?: string; reason?: string }>,
): Promise<Answer> {
  const session = await openSession(call, 'reschedule');
  const zone =
    call.body.timezone === undefined ? session.time_zone : readZone('timezone', call.body.timezone);
  const startsAt = parseInstant(call.body.new_scheduled_at, zone);
  const answer = await rescheduleSession(call, session, startsAt);
  await keepReason(call, session.id, call.body.reason);
  const waits = answer.answerDueAt !== null || answer.status === 'requested';
  const current = (await findSession(call.deps.knex, session.id))!;
  const dueAt = answer.answerDueAt ?? current.answer_due_at?.getTime() ?? null;
  return ok({
    session_id: session.id,
    old_scheduled_at: writeInstant(answer.oldStartsAt),
    new_scheduled_at: writeInstant(startsAt),
    status: 'rescheduled',
    therapist_confirmation_required: waits,
    ...(waits && dueAt !== null ? { confirmation_deadline: writeInstant(dueAt) } : {}),
  });
}

/** DELETE /api/therapy/sessions/{id} */
async function cancelTherapySession(
  call: Call<{ reason?: string; request_refund?: boolean } | undefined>,
): Promise<Answer> {
  const session = await openSession(call, 'cancel');
  const wantsRefund = call.body?.request_refund ?? true;
  const answer = await acts.cancel(call, session, { wantsRefund, fee: 'standard' });
  await keepReason(call, session.id, call.body?.reason);
  return ok({
    session_id: session.id,
    status: statusWord(answer.status),
    cancellation_fee: decimalFromCents(answer.feeCents),
    refund_amount: decimalFromCents(answer.refundCents),
    ...(await refundOf(call.deps.knex, session.id, answer)),
  });
}

export const therapySessionHandlers = {
  bookTherapySession,
  confirmTherapySession,
  getTherapySession,
  listTherapySessions,
  getTherapyCalendar,
  getCancellationQuote,
  approveTherapySession,
  declineTherapySession,
  rescheduleTherapySession,
  cancelTherapySession,
} satisfies Partial<HandlerMap>;
