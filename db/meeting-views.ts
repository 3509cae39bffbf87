import type { Knex } from 'knex';
import { type SessionListing, conditionsOf } from './session-views.ts';
import type { SessionRow } from './sessions.ts';

/** A session with how its two people are called and written to. */
export interface MeetingView extends SessionRow {
  /** Null for a group. */
  readonly client_user: MeetingUser | null;
  readonly therapist_user: MeetingUser;
}

export interface MeetingUser {
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string | null;
}

function userOf(alias: string): string {
  return `json_build_object('firstName', ${alias}.first_name, 'lastName', ${alias}.last_name,
    'email', ${alias}.email)`;
}

const VIEW = `
  SELECT sessions.*, ${userOf('therapist')} AS therapist_user,
    CASE WHEN client.id IS NULL THEN NULL ELSE ${userOf('client')} END AS client_user
  FROM sessions
    JOIN people therapist ON therapist.id = sessions.therapist_id
    LEFT JOIN people client ON client.id = sessions.client_id`;

export async function viewMeeting(knex: Knex, id: string): Promise<MeetingView | null> {
  const result = await knex.raw(`${VIEW} WHERE sessions.id = ?`, [id]);
  return result.rows[0] ?? null;
}

/** One page of a person's sessions, the latest first, with how many there are in all. */
export async function listMeetings(
  knex: Knex,
  listing: SessionListing,
): Promise<{ meetings: MeetingView[]; total: number }> {
  const { where, values } = conditionsOf(listing);
  const page = knex.raw(
    `${VIEW} WHERE ${where} ORDER BY sessions.starts_at DESC, sessions.id DESC LIMIT ? OFFSET ?`,
    [...values, listing.limit, listing.offset],
  );
  const count = knex.raw(`SELECT count(*)::int AS total FROM sessions WHERE ${where}`, values);
  const [found, counted] = await Promise.all([page, count]);
  return { meetings: found.rows, total: counted.rows[0].total };
}
