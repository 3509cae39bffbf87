import type { Knex } from 'knex';
import { SEAT_COLUMNS, SEAT_JOIN } from './seats.ts';
import { type SessionListing, findByView, listByView } from './session-listing.ts';
import type { SessionRow } from './sessions.ts';

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
  return findByView(knex, VIEW, { id, personId });
}

/** One page of a person's sessions, the latest first, with how many there are. */
export async function listSessions(
  knex: Knex,
  listing: SessionListing,
): Promise<{ sessions: SessionView[]; total: number }> {
  const { rows: sessions, total } = await listByView<SessionView>(knex, VIEW, listing);
  return { sessions, total };
}
