import type { Knex } from 'knex';

/** Millionths of the currency that prices are told in. */
export interface Reservation {
  readonly clinicId: string;
  /** A day of the clinic's own, `YYYY-MM-DD`. */
  readonly day: string;
  readonly micros: number;
}

/**
 * Sets aside what a call of the model may cost at most, in one statement: however many calls are
 * under way, they never come to more than the ceiling. Null where they would.
 */
export async function reserveSpending(
  db: Knex,
  { clinicId, micros }: Omit<Reservation, 'day'>,
  ceilingMicros: number,
): Promise<Reservation | null> {
  const { rows } = await db.raw<{ rows: { day: string }[] }>(
    `INSERT INTO companion_spending AS spent (clinic_id, day, micros, calls)
     SELECT id, (now() AT TIME ZONE time_zone)::date, :micros, 1 FROM clinics
     WHERE id = :clinicId AND :micros::bigint <= :ceilingMicros::bigint
     ON CONFLICT (clinic_id, day)
     DO UPDATE SET micros = spent.micros + excluded.micros, calls = spent.calls + 1
     WHERE spent.micros + excluded.micros <= :ceilingMicros::bigint
     RETURNING to_char(day, 'YYYY-MM-DD') AS day`,
    { clinicId, micros, ceilingMicros },
  );
  return rows[0] === undefined ? null : { clinicId, day: rows[0].day, micros };
}

/** Puts what a call really cost in place of what was set aside for it. */
export async function settleSpending(
  db: Knex,
  { clinicId, day, micros }: Reservation,
  actualMicros: number,
): Promise<void> {
  if (actualMicros === micros) return;
  await db.raw(
    `UPDATE companion_spending SET micros = greatest(0, micros + ?::bigint)
     WHERE clinic_id = ? AND day = ?::date`,
    [actualMicros - micros, clinicId, day],
  );
}
