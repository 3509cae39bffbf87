import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';

export interface Clinic {
  readonly id: string;
  readonly name: string;
  readonly timeZone: string;
  /** ISO 4217. */
  readonly currency: string;
}

/** Throws `not_found`. */
export async function findClinic(db: Knex, id: string): Promise<Clinic> {
  const { rows } = await db.raw<{
    rows: { id: string; name: string; time_zone: string; currency: string }[];
  }>('SELECT id, name, time_zone, currency FROM clinics WHERE id = ?', [id]);
  const row = rows[0];
  if (row === undefined) throw new HoldfastError('not_found', 'There is no such clinic');
  return { id: row.id, name: row.name, timeZone: row.time_zone, currency: row.currency };
}
