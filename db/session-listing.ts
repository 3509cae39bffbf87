import type { Knex } from 'knex';
import type { SessionStatus } from '../domain/session.ts';
import { SEAT_JOIN, asTold, seatedRow } from './seats.ts';
import type { SessionFormat, SessionRow } from './sessions.ts';

export interface SessionListing {
  readonly personId: string;
  readonly clinicId: string;
  /** `either`: as the therapist of some and a client in others. */
  readonly as: 'client' | 'therapist' | 'either' | 'clinic';
  readonly statuses: readonly SessionStatus[] | null;
  readonly format: SessionFormat | null;
  /** Sessions that start from here on, and before there; epoch ms. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Sessions that have not ended by then; epoch ms. */
  readonly endsAfterMs?: number;
  /** The next one first, instead of the latest. */
  readonly isAscending?: boolean;
  readonly limit: number;
  readonly offset: number;
}

/**
 * One session by a door's view: a query over `sessions` with {@link SEAT_JOIN}. In a group, a
 * member sees their own part.
 */
export async function findByView<View extends SessionRow>(
  knex: Knex,
  view: string,
  { id, personId }: { readonly id: string; readonly personId: string | null },
): Promise<View | null> {
  const { rows } = await knex.raw(`${view} WHERE sessions.id = ?`, [personId, id]);
  return rows[0] === undefined ? null : (asTold(seatedRow(rows[0])) as View);
}

/** One page of a person's sessions by a door's view, the latest first, with how many there are. */
export async function listByView<View extends SessionRow>(
  knex: Knex,
  view: string,
  listing: SessionListing,
): Promise<{ rows: View[]; total: number }> {
  const isMember = listing.as === 'client' || listing.as === 'either';
  const member = isMember ? listing.personId : null;
  const order = listing.isAscending === true ? 'ASC' : 'DESC';
  const { where, values } = conditionsOf(listing, member === null ? PLAIN : SEATED);
  const page = knex.raw(
    `${view} WHERE ${where}
     ORDER BY sessions.starts_at ${order}, sessions.id ${order} LIMIT ? OFFSET ?`,
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
  const rows: View[] = found.rows.map((row: never) => asTold(seatedRow(row)));
  return { rows, total: counted.rows[0].total };
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

const PLAIN: ListingTerms = { client: 'sessions.client_id = ?', status: 'sessions.status' };
/** Over `sessions` joined with the client's seats. */
const SEATED: ListingTerms = { client: OF_CLIENT, status: STATUS_OF_CLIENT };

/** The SQL condition of a listing, over `sessions`. */
function conditionsOf(
  listing: SessionListing,
  terms: ListingTerms = PLAIN,
): {
  where: string;
  values: (string | Date | string[])[];
} {
  const owners = {
    client: terms.client,
    therapist: 'sessions.therapist_id = ?',
    either: `(sessions.therapist_id = ? OR ${OF_CLIENT})`,
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
  if (listing.endsAfterMs !== undefined) add('sessions.ends_at > ?', new Date(listing.endsAfterMs));
  return { where: parts.join(' AND '), values };
}
