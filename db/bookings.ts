import type { Knex } from 'knex';
import type { GroupTerms } from '../domain/group.ts';
import type { Interval } from '../domain/intervals.ts';
import type { Plan } from '../domain/plan.ts';
import { claimWishes } from '../domain/session-claims.ts';
import { type SessionState, nextDeadline } from '../domain/session.ts';
import type { AuditInsert } from './audit/entry.ts';
import { type ClaimWish, inClaimOrder } from './claims.ts';
import { type Door, type SessionFormat, type SessionRow, columnsOf } from './sessions.ts';

/** A session as it is booked. Money is minor units. */
export interface NewSession {
  readonly id: string;
  readonly clinicId: string;
  readonly door: Door;
  readonly sessionType: string;
  readonly format: SessionFormat;
  readonly specialization: string | null;
  readonly therapistId: string;
  readonly clientId: string;
  readonly timeZone: string;
  readonly state: SessionState;
  readonly plan: Plan;
  readonly priceCents: number;
  readonly dueCents: number;
  readonly currency: string;
  readonly roomCode: string;
  /** Sealed. */
  readonly details: Buffer | null;
  readonly createdBy: string;
  /** Epoch ms. */
  readonly bookedAt: number;
  readonly placing?: Placing;
}

/** What staff decide about a session; all of it is theirs to leave open. */
export interface Placing {
  /** The hold that the session waits in, to be confirmed with its key. */
  readonly holdId: string | null;
  readonly serviceId: string | null;
  readonly locationId: string | null;
  /** The insurer's authorisation that the session draws on when it is completed. */
  readonly authorisationId: string | null;
}

/** A session with seats: a group's, whose members join later, or one for those who are invited. */
export type NewGroupSession = Omit<NewSession, 'clientId'> & {
  readonly clientId: null;
  /** Without an id, people are invited to this one session alone. */
  readonly group: { readonly id: string | null; readonly terms: GroupTerms };
};

export interface ClientCalendar {
  readonly isClient: boolean;
  readonly hasRelationship: boolean;
  readonly currency: string;
  readonly openSessions: number;
  readonly sessionsOnDay: number;
  readonly busy: readonly Interval[];
}

const OPEN = `status IN ('planned', 'held', 'requested', 'awaiting_payment', 'confirmed', 'in_progress')
  AND ends_at > now()`;

/** What a booking has to know about its client, in one query. Pending sessions count as sessions. */
export async function clientCalendar(
  knex: Knex,
  question: {
    clinicId: string;
    clientId: string;
    therapistId: string;
    /** Epoch ms: sessions are counted on the clinic's day of it. */
    onDayOf: number;
    window: Interval;
  },
): Promise<ClientCalendar | null> {
  const { clinicId, clientId, therapistId, onDayOf, window } = question;
  const result = await knex.raw(
    `SELECT person.role = 'patient' AS "isClient", clinic.currency,
       EXISTS (SELECT FROM relationships WHERE therapist_id = :therapistId
         AND client_id = person.id AND ended_at IS NULL) AS "hasRelationship",
       counted."openSessions", counted."sessionsOnDay", coalesce(claimed.busy, '[]') AS busy
     FROM people person JOIN clinics clinic ON clinic.id = person.clinic_id
     CROSS JOIN LATERAL (
       SELECT count(*)::int AS "openSessions",
         count(*) FILTER (WHERE (:onDayOf::timestamptz AT TIME ZONE clinic.time_zone)::date IN (
           (starts_at AT TIME ZONE clinic.time_zone)::date,
           (proposed_starts_at AT TIME ZONE clinic.time_zone)::date))::int AS "sessionsOnDay"
       FROM sessions WHERE client_id = person.id AND ${OPEN}) counted
     CROSS JOIN LATERAL (
       SELECT json_agg(json_build_object(
         'startMs', (extract(epoch FROM lower(during)) * 1000)::float8,
         'endMs', (extract(epoch FROM upper(during)) * 1000)::float8)) AS busy
       FROM (
         SELECT during FROM claims WHERE person_id = person.id AND state = 'active'
           AND (expires_at IS NULL OR expires_at > now())
           AND during && tstzrange(:fromAt, :toAt)
         UNION ALL
         SELECT during FROM external_busy
         WHERE person_id = person.id AND during && tstzrange(:fromAt, :toAt)) taken) claimed
     WHERE person.id = :clientId AND person.clinic_id = :clinicId AND person.suspended_at IS NULL`,
    {
      therapistId,
      clientId,
      clinicId,
      onDayOf: new Date(onDayOf),
      fromAt: new Date(window.startMs),
      toAt: new Date(window.endMs),
    },
  );
  return result.rows[0] ?? null;
}

export type BookingOutcome = 'booked' | 'slot_taken' | 'limit_exceeded';

/**
 * Books a session in one statement: all of it is written, or nothing at all when the time is
 * taken or the client has reached a limit. `audit` is written with it.
 */
export async function insertBooking(
  db: Knex,
  session: NewSession,
  audit: readonly AuditInsert[] = [],
): Promise<BookingOutcome> {
  const { state, plan } = session;
  const wishes = inClaimOrder(wishesOf(session));
  const row = bookedRow(session);
  const details = row.details === null ? null : `\\x${row.details.toString('hex')}`;
  const expiresAtMs = nextDeadline(state)?.dueAt ?? null;
  const result = await db.raw(BOOK, [
    JSON.stringify({ ...row, details }),
    ...wishes,
    expiresAtMs === null ? null : new Date(expiresAtMs),
    plan.limits.maxOpenPerClient,
    plan.limits.maxPerClientPerDay,
    JSON.stringify({ status: state.status, startsAt: state.startsAt }),
    JSON.stringify(bookedNews(session)),
    JSON.stringify(audit),
  ]);
  return result.rows[0].outcome;
}

/** What the outbox says of a fresh booking. */
export function bookedNews({ id, createdBy, state }: NewSession | NewGroupSession): object {
  const { status, startsAt, endsAt } = state;
  const news = { sessionId: id, status, event: 'booked', version: 1 };
  return { ...news, actorId: createdBy, startsAt, endsAt };
}

const BOOK = 'SELECT book_session(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) AS outcome';

export function wishesOf(session: NewSession | NewGroupSession): ClaimWish[] {
  const { therapistId, door, clientId, state, plan } = session;
  const { startsAt, endsAt } = state;
  return claimWishes({ therapistId, door, clientId, startsAt, endsAt, buffers: plan.buffers });
}

/** The row of a fresh booking, whole: nothing of it is left to the database to fill in. */
export function bookedRow(session: NewSession | NewGroupSession): SessionRow {
  const bookedAt = new Date(session.bookedAt);
  const group = 'group' in session ? session.group : null;
  return {
    id: session.id,
    clinic_id: session.clinicId,
    door: session.door,
    session_type: session.sessionType,
    format: session.format,
    specialization: session.specialization,
    therapist_id: session.therapistId,
    client_id: session.clientId,
    time_zone: session.timeZone,
    plan: session.plan,
    price_cents: session.priceCents,
    due_cents: session.dueCents,
    currency: session.currency,
    room_code: session.roomCode,
    group_id: group?.id ?? null,
    group_terms: group?.terms ?? null,
    details: session.details,
    last_reason: null,
    version: 1,
    workflow_started_at: null,
    hold_id: session.placing?.holdId ?? null,
    service_id: session.placing?.serviceId ?? null,
    location_id: session.placing?.locationId ?? null,
    authorisation_id: session.placing?.authorisationId ?? null,
    created_by: session.createdBy,
    created_at: bookedAt,
    updated_at: bookedAt,
    ...columnsOf(session.state),
  };
}

/** Whoever booked has that long to start the workflow; a younger booking is still being made. */
const OWN_START_SECONDS = 6;

/**
 * The caller's own booking of the same kind and time that a crash has kept from its workflow.
 * One that another request is just making is none: that request has won the time.
 */
export async function findUnstartedTwin(
  knex: Knex,
  twin: {
    clientId: string;
    therapistId: string;
    sessionType: string;
    format: SessionFormat;
    startsAt: number;
    endsAt: number;
  },
): Promise<SessionRow | null> {
  const row = await knex('sessions')
    .where({ client_id: twin.clientId, therapist_id: twin.therapistId })
    .where({ session_type: twin.sessionType, format: twin.format })
    .where({ starts_at: new Date(twin.startsAt), ends_at: new Date(twin.endsAt) })
    .whereRaw('created_at < now() - make_interval(secs => ?)', [OWN_START_SECONDS])
    .whereNull('workflow_started_at')
    .whereIn('status', ['requested', 'awaiting_payment', 'confirmed'])
    .first();
  return row ?? null;
}
