import { type SessionFormat, type SessionRow } from '../../db/sessions.ts';
import type { SessionListing } from '../../db/session-listing.ts';
import { listSessions, viewSession } from '../../db/session-views.ts';
import { auditRead } from '../../db/audit/record.ts';
import { type CalendarEntry, calendarStatusOf, sessionIcs } from '../../domain/calendar.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { decimalFromCents } from '../../domain/pricing.ts';
import { isEnded } from '../../domain/session.ts';
import { parseInstant } from '../../domain/time-text.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call, Query } from '../http/handler.ts';
import * as acts from '../sessions/acts.ts';
import { detailsRef } from '../sessions/compose-booking.ts';
import { openSession, openSessionWith, recordRead } from '../sessions/open-session.ts';
import { crisisParts, waitingCrisis } from './crisis/read.ts';
import { groupParts } from './group-parts.ts';
import { readZone, writeInstant } from './local-window.ts';
import { preparationParts } from './preparations.ts';
import { type Reading, type SessionNotes, presentSession, statusesOf } from './present-session.ts';
import { ok } from './answers.ts';

/** GET /api/therapy/sessions/{id} */
export async function getTherapySession(call: Call): Promise<Answer> {
  const waiting = await waitingCrisis(call);
  if (waiting !== null) return ok(waiting);
  const session = await openSessionWith(call, 'read', viewSession);
  await recordRead(call, session);
  const notes = await notesFor(call, session);
  const [group] = await groupParts(call, [session]);
  const crisis = await crisisParts(call, session);
  const [preparation] = await preparationParts(call, [session]);
  const presented = presentSession(session, readingOf(call), notes, preparation);
  return ok({ ...presented, ...group, ...crisis });
}

function readingOf({ deps, principal: { personId } }: Pick<Call, 'deps' | 'principal'>): Reading {
  return { personId, publicUrl: deps.http.publicUrl, now: Date.now() };
}

/** What the client wrote is for the client and the therapist, not for those who run the clinic. */
async function notesFor(call: Call, session: SessionRow): Promise<SessionNotes | null> {
  const { personId } = call.principal;
  const isTheirs = session.client_id === personId || session.therapist_id === personId;
  if (!isTheirs || session.details === null) return null;
  const { cipher, knex } = call.deps;
  const typed = await cipher.openField(knex, detailsRef(session.id), session.details);
  const { scheduling: _ofStaff, ...notes } = JSON.parse(typed) as SessionNotes & {
    scheduling?: unknown;
  };
  return notes;
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
export async function listTherapySessions(call: Call<unknown, ListQuery>): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const { sessions, total } = await listSessions(deps.knex, listingOf(call));
  await auditRead(deps.knex, auditContext(principal, requestId), {
    action: 'session.list',
    objectType: 'session',
    objectId: null,
    changes: { shown: sessions.length },
  });
  const reading = readingOf(call);
  const groups = await groupParts(call, sessions);
  const prepared = await preparationParts(call, sessions);
  const shown = sessions.map((session, index) => ({
    ...presentSession(session, reading, null, prepared[index]),
    ...groups[index],
  }));
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
export async function getTherapyCalendar(call: Call): Promise<Answer> {
  const session = await openSession(call, 'read');
  const status = calendarStatusOf(session.status);
  if (status === 'tentative') {
    throw new HoldfastError(
      'wrong_state',
      'The session is not confirmed yet; it has no calendar entry.',
    );
  }
  await recordRead(call, session);
  const { organizer, publicUrl } = call.deps.http;
  const entry: CalendarEntry = {
    sessionId: session.id,
    sequence: session.version,
    status,
    startsAt: session.starts_at.getTime(),
    endsAt: session.ends_at.getTime(),
    link: `${publicUrl}/room/${session.id}`,
    now: session.updated_at.getTime(),
  };
  return {
    status: 200,
    body: sessionIcs(entry, organizer, { by: 'download' }),
    contentType: 'text/calendar; charset=utf-8',
    headers: { 'content-disposition': 'attachment; filename="appointment.ics"' },
  };
}

/** GET /api/therapy/sessions/{id}/cancellation-quote */
export async function getCancellationQuote(call: Call): Promise<Answer> {
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
