import { DEFAULT_PLAN } from '../domain/plan.ts';
import type { BenchClinic, BenchPerson } from './clinic.ts';
import type { BenchContext } from './context.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** The stretch whose calendars are full. */
export const MONTH = {
  startMs: Math.ceil(Date.now() / DAY_MS) * DAY_MS + 2 * DAY_MS,
  endMs: Math.ceil(Date.now() / DAY_MS) * DAY_MS + 32 * DAY_MS,
};

/** Gives each of the therapists so many booked sessions, evenly over `days` of the month, with clients in turn. */
export async function fillMonth(
  { pool }: BenchContext,
  clinic: BenchClinic,
  therapists: readonly BenchPerson[],
  bookings: number,
  days = 30,
): Promise<void> {
  const everyMinutes = Math.floor((days * DAY_MS) / MINUTE_MS / bookings);
  await pool.query(FILL, [
    clinic.id,
    clinic.clients.map(({ id }) => id),
    JSON.stringify(DEFAULT_PLAN),
    therapists.map(({ id }) => id),
    MONTH.startMs / 1_000,
    Math.min(50, everyMinutes),
    everyMinutes * 60,
    bookings,
  ]);
  // As the database does by itself in time.
  await pool.query('VACUUM (ANALYZE) claims, sessions');
}

const FILL = `
  WITH booked AS (
    INSERT INTO sessions (id, clinic_id, door, session_type, format, therapist_id, client_id,
      starts_at, ends_at, time_zone, status, approval, payment, plan, price_cents, due_cents,
      currency, room_code, workflow_started_at, created_by)
    SELECT gen_random_uuid(), $1, 'therapy', 'individual', 'video', therapist, client,
      starts_at, starts_at + make_interval(mins => $6), 'UTC', 'confirmed', 'given', 'captured',
      $3, 15000, 15000, 'USD', 'BENCHMARK', now(), client
    FROM unnest($4::uuid[]) AS therapist,
      LATERAL (SELECT to_timestamp($5::float8) + make_interval(secs => $7 * at) AS starts_at,
          ($2::uuid[])[1 + at % cardinality($2::uuid[])] AS client
        FROM generate_series(0, $8::int - 1) AS at) time
    RETURNING id, therapist_id, starts_at, ends_at)
  INSERT INTO claims (person_id, session_id, during)
  SELECT therapist_id, id, tstzrange(starts_at, ends_at) FROM booked`;
