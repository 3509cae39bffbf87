import type { Knex } from 'knex';
import type { SessionFormat, SessionRow } from './sessions.ts';
import type { SessionStatus } from '../domain/session.ts';
import { SEAT_COLUMNS, SEAT_JOIN, asTold, seatedRow } from './seats.ts';

/** A session as its people see it: with the therapist's public face and where the money went. */
export interface SessionView extends SessionRow {
  readonly therapist_name: string;
  readonly therapist_specializations: readonly string[];
  readonly payment_id: string | null;
  readonly payment_method: 'card' | 'credits' | null;
  readonly payment_state: string | null;
  readonly captured_cents: number;
  readonly refunded_cents: number;
}

const VIEW = `
  SELECT sessions.*, ${SEAT_COLUMNS}, profile.display_name AS therapist_name,
    profile.specializations AS therapist_specializations,
    paid.id AS payment_id, paid.method AS payment_method, paid.state AS payment_state,
    coalesce(paid.captured_cents, 0) AS captured_cents, coalesce(paid.refunded_cents, 0) AS refunded_cents
  FROM sessions ${SEAT_JOIN}
    JOIN therapist_profiles profile ON profile.person_id = sessions.therapist_id
    LEFT JOIN LATERAL (
      SELECT id, method, state, captured_cents, refunded_cents FROM payments
      WHERE payments.session_id = sessions.id
        AND payments.enrolment_id IS NOT DISTINCT FROM seat.id
      ORDER BY captured_cents DESC, attempt DESC LIMIT 1) paid ON true`;

/** The session as a person sees it: in a group, a member sees their own part. */
export async function viewSession(
  knex: Knex,
  id: string,
  personId: string | null = null,
): Promise<SessionView | null> {
  const result = await knex.raw(`${VIEW} WHERE sessions.id = ?`, [personId, id]);
  return result.rows[0] === undefined ? null : asTold(seatedRow(result.rows[0]));
}

export interface SessionListing {
  readonly personId: string;
  readonly clinicId: string;
  readonly as: 'client' | 'therapist' | 'clinic';
  readonly statuses: readonly SessionStatus[] | null;
  readonly format: SessionFormat | null;
  /** Sessions that start from here on, and before there; epoch ms. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly limit: number;
  readonly offset: number;
}

/** One page of a person's sessions, the latest first, with how many there are. */
export async function listSessions(
  knex: Knex,
  listing: SessionListing,
): Promise<{ sessions: SessionView[]; total: number }> {
  const member = listing.as === 'client' ? listing.personId : null;
  const { where, values } = conditionsOf(listing, member === null ? PLAIN : SEATED);
  const page = knex.raw(
    `${VIEW} WHERE ${where} ORDER BY sessions.starts_at DESC, sessions.id DESC LIMIT ? OFFSET ?`,
    [member, ...values, listing.limit, listing.offset],
  );
  const count =
    member === null
      ? knex.raw(`SELECT count(*)::int AS total FROM sessions WHERE ${where}`, values)
      : knex.raw(`SELECT count(*)::int AS total FROM sessions ${SEAT_JOIN} WHERE ${where}`, [
          member,
          ...values,
        ]);
  const [found, counted] = await Promise.all([page, count]);
  const sessions: SessionView[] = found.rows.map((row: never) => asTold(seatedRow(row)));
  return { sessions, total: counted.rows[0].total };
}

/** A client's own sessions, and those of groups in which they have or had a seat. */
const OF_CLIENT = `sessions.id = ANY (ARRAY(
    SELECT id FROM sessions WHERE client_id = ?
    UNION ALL
    SELECT session_id FROM enrolments WHERE person_id = ? AND status IS NOT NULL))`;

/** Where a member of a group stands, as they are told; else where the session stands. */
const STATUS_OF_CLIENT = `CASE WHEN seat.status IN ('awaiting_payment', 'confirmed', 'in_progress')
    AND sessions.status IN ('declined', 'expired', 'cancelled') THEN 'cancelled'
  ELSE coalesce(seat.status, sessions.status) END`;

/** How a listing speaks of a client and of where a session stands. */
interface ListingTerms {
  readonly client: string;
  readonly status: string;
}

export const PLAIN: ListingTerms = { client: 'sessions.client_id = ?', status: 'sessions.status' };
/** Over `sessions` joined with the client's seats. */
export const SEATED: ListingTerms = { client: OF_CLIENT, status: STATUS_OF_CLIENT };

/** The SQL condition of a listing, over `sessions`. */
export function conditionsOf(
  listing: SessionListing,
  terms: ListingTerms = PLAIN,
): {
  where: string;
  values: (string | Date | string[])[];
} {
  const owners = {
    client: terms.client,
    therapist: 'sessions.therapist_id = ?',
    clinic: 'sessions.clinic_id = ?',
  };
  const owner = owners[listing.as];
  const id = listing.as === 'clinic' ? listing.clinicId : listing.personId;
  const parts = [owner];
  const values: (string | Date | string[])[] = Array.from(owner.matchAll(/\?/g), () => id);
  const add = (part: string, value: string | Date | string[]): void => {
    parts.push(part);
    values.push(value);
  };
  if (listing.statuses !== null) add(`${terms.status} = ANY(?)`, [...listing.statuses]);
  if (listing.format !== null) add('sessions.format = ?', listing.format);
  if (listing.fromMs !== null) add('sessions.starts_at >= ?', new Date(listing.fromMs));
  if (listing.toMs !== null) add('sessions.starts_at < ?', new Date(listing.toMs));
  return { where: parts.join(' AND '), values };
}
