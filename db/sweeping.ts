import type { Knex } from 'knex';
import type { SessionRow } from './sessions.ts';

/** A caller has this long to start a workflow by itself before the sweeper does it. */
const OWN_START_SECONDS = 15;
/** A session that is this late with its next step has nobody who looks after it. */
const LATE_MINUTES = 3;
const BATCH = 500;

/**
 * Booked sessions whose workflow was never begun; planned ones of a series wait for their time, and
 * holds of offers for their answer.
 */
export async function unstartedSessions(knex: Knex): Promise<SessionRow[]> {
  return knex<SessionRow>('sessions')
    .whereNull('workflow_started_at')
    .whereNotIn('status', ['planned', 'expired', 'cancelled', 'declined'])
    .whereRaw(`created_at < now() - make_interval(secs => ?)`, [OWN_START_SECONDS])
    .whereNotExists(
      knex('offers')
        .whereRaw('offers.session_id = sessions.id')
        .where({ 'offers.kind': 'vacancy', 'offers.state': 'open' }),
    )
    .orderBy('created_at')
    .limit(BATCH) as unknown as Promise<SessionRow[]>;
}

/** Sessions that missed the instant at which they should have moved by themselves. */
export async function lostSessions(knex: Knex): Promise<string[]> {
  const result = await knex.raw(
    `SELECT id FROM sessions
     WHERE status IN ('held', 'requested', 'awaiting_payment', 'confirmed', 'in_progress')
       AND workflow_started_at IS NOT NULL
       AND least(hold_due_at, answer_due_at, payment_due_at, proposal_due_at,
             CASE status WHEN 'confirmed' THEN starts_at
               WHEN 'in_progress' THEN
                 ends_at + ((plan->>'attendanceWindowMs')::float8 / 1000) * interval '1 second'
               END)
           < now() - make_interval(mins => ?)
     ORDER BY id LIMIT ?`,
    [LATE_MINUTES, BATCH],
  );
  return result.rows.map((row: { id: string }) => row.id);
}

/** Lapsed claims that nobody asked for again. Claims of sessions that still wait are left to them. */
export async function releaseLapsedClaims(knex: Knex): Promise<number> {
  const result = await knex.raw(
    `UPDATE claims SET state = 'released' WHERE id IN (
       SELECT claims.id FROM claims WHERE state = 'active' AND expires_at < now() - interval '1 minute'
       ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED)`,
    [BATCH],
  );
  return result.rowCount;
}

/** Seats in groups whose workflow was never begun. */
export async function unstartedSeats(knex: Knex): Promise<string[]> {
  return seatIds(
    knex,
    `workflow_started_at IS NULL AND created_at < now() - make_interval(secs => ?)`,
    OWN_START_SECONDS,
  );
}

/** Seats of sessions that have been off for a while: nobody has told their members' workflows. */
export async function forgottenSeats(knex: Knex): Promise<string[]> {
  return seatIds(
    knex,
    `EXISTS (SELECT FROM sessions WHERE sessions.id = enrolments.session_id
       AND sessions.status IN ('declined', 'expired', 'cancelled')
       AND sessions.updated_at < now() - make_interval(mins => ?))`,
    LATE_MINUTES,
  );
}

/** Seats that missed the instant at which they should have moved by themselves. */
export async function lostSeats(knex: Knex): Promise<string[]> {
  return seatIds(
    knex,
    `workflow_started_at IS NOT NULL AND EXISTS (SELECT FROM sessions
       WHERE sessions.id = enrolments.session_id AND
         CASE enrolments.status
           WHEN 'awaiting_payment' THEN coalesce(enrolments.payment_due_at, starts_at)
           WHEN 'confirmed' THEN starts_at
           ELSE ends_at + ((plan->>'attendanceWindowMs')::float8 / 1000) * interval '1 second'
         END < now() - make_interval(mins => ?))`,
    LATE_MINUTES,
  );
}

async function seatIds(knex: Knex, condition: string, value: number): Promise<string[]> {
  const result = await knex.raw(
    `SELECT id FROM enrolments
     WHERE status IN ('awaiting_payment', 'confirmed', 'in_progress') AND ${condition}
     ORDER BY created_at LIMIT ?`,
    [value, BATCH],
  );
  return result.rows.map((row: { id: string }) => row.id);
}

/** Offers and free times that should have been settled a while ago: nobody looks after them. */
export async function lostOffers(
  knex: Knex,
): Promise<{ vacancyIds: string[]; absenceOfferIds: string[] }> {
  const { rows } = await knex.raw<{ rows: { kind: string; id: string }[] }>(
    `(SELECT 'vacancy' AS kind, vacancies.id FROM vacancies
        LEFT JOIN offers ON offers.vacancy_id = vacancies.id AND offers.state = 'open'
      WHERE vacancies.state = 'open'
        AND coalesce(offers.due_at, vacancies.created_at) < now() - make_interval(mins => :late)
      LIMIT :batch)
     UNION ALL
     (SELECT kind, id FROM offers
      WHERE kind = 'absence' AND state IN ('preparing', 'open')
        AND coalesce(due_at, created_at) < now() - make_interval(mins => :late)
      LIMIT :batch)`,
    { late: LATE_MINUTES, batch: BATCH },
  );
  const idsOf = (kind: string): string[] =>
    rows.filter((row) => row.kind === kind).map(({ id }) => id);
  return { vacancyIds: idsOf('vacancy'), absenceOfferIds: idsOf('absence') };
}
