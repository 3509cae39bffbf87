import type { Knex } from 'knex';
import { SEAT_COLUMNS, SEAT_JOIN } from './seats.ts';
import { type SessionListing, findByView, listByView } from './session-listing.ts';
import type { SessionRow } from './sessions.ts';

/** A session with how its two people are called and written to. */
export interface MeetingView extends SessionRow {
  /** Null for a group, unless one of its members looks at their own part. */
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
  SELECT sessions.*, ${SEAT_COLUMNS}, ${userOf('therapist')} AS therapist_user,
    CASE WHEN client.id IS NULL THEN NULL ELSE ${userOf('client')} END AS client_user
  FROM sessions ${SEAT_JOIN}
    JOIN people therapist ON therapist.id = sessions.therapist_id
    LEFT JOIN people client ON client.id = coalesce(sessions.client_id, seat.person_id)`;

/** The meeting as a person sees it: in a group, a member sees their own part. */
export async function viewMeeting(
  knex: Knex,
  id: string,
  personId: string,
): Promise<MeetingView | null> {
  return findByView(knex, VIEW, { id, personId });
}

/** One page of a person's sessions, the latest first, with how many there are in all. */
export async function listMeetings(
  knex: Knex,
  listing: SessionListing,
): Promise<{ meetings: MeetingView[]; total: number }> {
  const { rows: meetings, total } = await listByView<MeetingView>(knex, VIEW, listing);
  return { meetings, total };
}
