import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';
import type { RoomRole } from '../domain/room-state.ts';
import { stirRoom } from './room-commands.ts';
import { SEAT_COLUMNS, SEAT_JOIN } from './seats.ts';
import { type SessionListing, findByView, listByView } from './session-listing.ts';
import type { SessionRow } from './sessions.ts';

/** A session with what its host has settled for its room. */
export interface HostedView extends SessionRow {
  readonly therapist_name: string;
  readonly is_recorded: boolean;
  readonly waiting_since: Date | null;
  readonly chat_room_id: string | null;
  /** Sealed: of the session itself, also where the row is a member's part in it. */
  readonly session_details: Buffer | null;
}

const VIEW = `
  SELECT sessions.*, ${SEAT_COLUMNS}, sessions.details AS session_details,
    profile.display_name AS therapist_name, coalesce(hosted.is_recorded, false) AS is_recorded,
    hosted.waiting_since, hosted.chat_room_id
  FROM sessions ${SEAT_JOIN}
    JOIN therapist_profiles profile ON profile.person_id = sessions.therapist_id
    LEFT JOIN hosted_sessions hosted ON hosted.session_id = sessions.id`;

/** The session as a person sees it: where it has seats, a member sees their own part. */
export function viewHosted(knex: Knex, id: string, personId: string): Promise<HostedView | null> {
  return findByView(knex, VIEW, { id, personId });
}

/** One page of a person's sessions, with how many there are. */
export function listHosted(
  knex: Knex,
  listing: SessionListing,
): Promise<{ rows: HostedView[]; total: number }> {
  return listByView(knex, VIEW, listing);
}

/** What a host has settled when the session is made. */
export async function settleHosted(
  trx: Knex.Transaction,
  sessionId: string,
  { isRecorded }: { readonly isRecorded: boolean },
): Promise<void> {
  await trx('hosted_sessions').insert({ session_id: sessionId, is_recorded: isRecorded });
}

/**
 * The host opens the waiting room of a confirmed session; the lock keeps it apart from its end.
 * False where it is not confirmed, or was opened before.
 */
export async function openWaitingRoom(trx: Knex.Transaction, sessionId: string): Promise<boolean> {
  const session = await trx('sessions').where({ id: sessionId }).forUpdate().first('status');
  if (session?.status !== 'confirmed') return false;
  const { rows } = await trx.raw(
    `INSERT INTO hosted_sessions (session_id, waiting_since) VALUES (?, now())
     ON CONFLICT (session_id) DO UPDATE SET waiting_since = now()
       WHERE hosted_sessions.waiting_since IS NULL
     RETURNING 1`,
    [sessionId],
  );
  if (rows.length === 0) return false;
  await stirRoom(trx, sessionId);
  return true;
}

/** The roles that were given in sessions; whoever has none is a participant, the therapist the host. */
export async function rolesIn(
  knex: Knex,
  sessionIds: readonly string[],
): Promise<ReadonlyMap<string, RoomRole>> {
  const rows = await knex('session_roles')
    .whereIn('session_id', [...sessionIds])
    .select('session_id', 'person_id', 'role');
  return new Map(
    rows.map((row: { session_id: string; person_id: string; role: RoomRole }) => [
      roleKey(row.session_id, row.person_id),
      row.role,
    ]),
  );
}

/** The roles that were given in one session, by whose they are. */
export async function rolesOf(
  knex: Knex,
  sessionId: string,
): Promise<Readonly<Record<string, RoomRole>>> {
  const rows = await knex('session_roles')
    .where({ session_id: sessionId })
    .select('person_id', 'role');
  return Object.fromEntries(rows.map(({ person_id: id, role }) => [id, role]));
}

export function roleKey(sessionId: string, personId: string): string {
  return `${sessionId} ${personId}`;
}

export async function giveRole(
  trx: Knex.Transaction,
  given: {
    readonly sessionId: string;
    readonly personId: string;
    readonly role: RoomRole;
    readonly givenBy: string;
  },
): Promise<void> {
  await trx.raw(
    `INSERT INTO session_roles (session_id, person_id, role, given_by)
     VALUES (:sessionId, :personId, :role, :givenBy)
     ON CONFLICT (session_id, person_id)
       DO UPDATE SET role = :role, given_by = :givenBy, given_at = now()`,
    { ...given },
  );
}

/** How people of a clinic are called, in the order of their ids. Throws `not_found` where one is none of it. */
export async function findInvited(
  knex: Knex,
  clinicId: string,
  ids: readonly string[],
): Promise<{ readonly id: string; readonly timeZone: string }[]> {
  const rows = await knex('people')
    .whereIn('id', [...ids])
    .where({ clinic_id: clinicId, is_anonymous: false })
    .whereNull('suspended_at')
    .orderBy('id')
    .select('id', 'time_zone as timeZone');
  if (rows.length === ids.length) return rows;
  throw new HoldfastError('not_found', 'One of the participants is nobody of your clinic.');
}

/** The client of a session without seats, as others in it may come to know of them. */
export interface ClientName {
  readonly session_id: string;
  readonly person_id: string;
  readonly preferred_name: string | null;
  readonly first_name: string;
  readonly last_name: string;
}

export async function clientsOf(
  knex: Knex,
  sessionIds: readonly string[],
): Promise<readonly ClientName[]> {
  return knex('sessions')
    .join('people', 'people.id', 'sessions.client_id')
    .whereIn('sessions.id', [...sessionIds])
    .select(
      'sessions.id as session_id',
      'people.id as person_id',
      'preferred_name',
      'first_name',
      'last_name',
    );
}
