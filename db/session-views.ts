import type { Knex } from 'knex';
import type { SessionRow, SessionFormat } from './sessions.ts';
import type { SessionStatus } from '../domain/session.ts';

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
  SELECT sessions.*, profile.display_name AS therapist_name,
    profile.specializations AS therapist_specializations,
    paid.id AS payment_id, paid.method AS payment_method, paid.state AS payment_state,
    coalesce(paid.captured_cents, 0) AS captured_cents, coalesce(paid.refunded_cents, 0) AS refunded_cents
  FROM sessions
    JOIN therapist_profiles profile ON profile.person_id = sessions.therapist_id
    LEFT JOIN LATERAL (
      SELECT id, method, state, captured_cents, refunded_cents FROM payments
      WHERE payments.session_id = sessions.id
      ORDER BY captured_cents DESC, attempt DESC LIMIT 1) paid ON true`;

export async function viewSession(knex: Knex, id: string): Promise<SessionView | null> {
  const result = await knex.raw(`${VIEW} WHERE sessions.id = ?`, [id]);
  return result.rows[0] ?? null;
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
  const { where, values } = conditionsOf(listing);
  const page = knex.raw(
    `${VIEW} WHERE ${where} ORDER BY sessions.starts_at DESC, sessions.id DESC LIMIT ? OFFSET ?`,
    [...values, listing.limit, listing.offset],
  );
  const count = knex.raw(`SELECT count(*)::int AS total FROM sessions WHERE ${where}`, values);
  const [found, counted] = await Promise.all([page, count]);
  return { sessions: found.rows, total: counted.rows[0].total };
}

/** The SQL condition of a listing, over `sessions`. */
export function conditionsOf(listing: SessionListing): {
  where: string;
  values: (string | Date | string[])[];
} {
  const owner = { client: 'client_id', therapist: 'therapist_id', clinic: 'clinic_id' }[listing.as];
  const parts = [`sessions.${owner} = ?`];
  const values: (string | Date | string[])[] = [
    listing.as === 'clinic' ? listing.clinicId : listing.personId,
  ];
  const add = (part: string, value: string | Date | string[]): void => {
    parts.push(part);
    values.push(value);
  };
  if (listing.statuses !== null) add('sessions.status = ANY(?)', [...listing.statuses]);
  if (listing.format !== null) add('sessions.format = ?', listing.format);
  if (listing.fromMs !== null) add('sessions.starts_at >= ?', new Date(listing.fromMs));
  if (listing.toMs !== null) add('sessions.starts_at < ?', new Date(listing.toMs));
  return { where: parts.join(' AND '), values };
}
