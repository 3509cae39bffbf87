import type { Knex } from 'knex';

/** What a call of the model may cost at most, and who would pay for it. */
export interface Spending {
  readonly clinicId: string;
  /** A digest of whose share of the clinic's day it counts towards. */
  readonly holder: Buffer;
  /** Millionths of the currency that prices are told in. */
  readonly micros: number;
}

export interface SpendingLimits {
  /** What a clinic's model may cost on one day, in millionths. */
  readonly dailyCeilingMicros: number;
  /** What of it one person's turns may cost. */
  readonly personCeilingMicros: number;
}

export interface Reservation extends Spending {
  readonly outcome: 'reserved';
  /** A day of the clinic's own, `YYYY-MM-DD`. */
  readonly day: string;
}

/** Whose day would cost more than it may. */
export type Refusal = { readonly outcome: 'clinic_over' | 'person_over' };

/**
 * Sets aside what a call of the model may cost at most, in one statement: however many calls are
 * under way, they never come to more than the clinic's ceiling, nor one person's to more than theirs.
 */
export async function reserveSpending(
  db: Knex,
  spending: Spending,
  limits: SpendingLimits,
): Promise<Reservation | Refusal> {
  const { rows } = await db.raw<{ rows: [Pick<Reservation, 'day' | 'outcome'> | Refusal] }>(
    `SELECT outcome, to_char(day, 'YYYY-MM-DD') AS day
     FROM reserve_companion_spending(:clinicId::uuid, :holder::bytea, :micros::bigint,
       :dailyCeilingMicros::bigint, :personCeilingMicros::bigint)`,
    { ...spending, ...limits },
  );
  const [reserved] = rows;
  return reserved.outcome === 'reserved' ? { ...spending, ...reserved } : reserved;
}

/** Puts what a call really cost in place of what was set aside for it. */
export async function settleSpending(
  db: Knex,
  { clinicId, holder, day, micros }: Reservation,
  actualMicros: number,
): Promise<void> {
  if (actualMicros === micros) return;
  await db.raw(`SELECT settle_companion_spending(?::uuid, ?::bytea, ?::date, ?::bigint)`, [
    clinicId,
    holder,
    day,
    actualMicros - micros,
  ]);
}

/** No clinic's day is longer past than this. */
export async function forgetPastShares(db: Knex): Promise<void> {
  await db.raw(`DELETE FROM companion_shares WHERE day < current_date - 1`);
}
