import { type Knex } from 'knex';
import { Model, raw } from 'objection';
import type { Approval } from '../../domain/session.ts';
import type { SessionFormat } from '../sessions.ts';

export type SeriesStatus = 'requested' | 'active' | 'declined' | 'expired' | 'cancelled';

/** A series as its row has it. Dates are `YYYY-MM-DD`, local to the series. */
export interface SeriesRow {
  readonly id: string;
  readonly root_id: string;
  readonly previous_id: string | null;
  readonly clinic_id: string;
  readonly therapist_id: string;
  readonly client_id: string;
  readonly session_type: string;
  readonly format: SessionFormat;
  readonly time_zone: string;
  readonly starts_on: string;
  readonly start_minute: number;
  readonly duration_minutes: number;
  /** As RFC 5545 writes it; null for a series of dates. */
  readonly rule: string | null;
  readonly dates: readonly string[];
  readonly excluded_dates: readonly string[];
  readonly status: SeriesStatus;
  readonly approval: Approval;
  readonly answer_due_at: Date | null;
  readonly ignores_availability: boolean;
  readonly version: number;
  readonly created_by: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export type SeriesChange = Partial<Omit<SeriesRow, 'id' | 'root_id' | 'clinic_id' | 'created_by'>>;

class SeriesModel extends Model {
  static override readonly tableName = 'series';
}

/** The driver makes instants of dates; as text they stay what they are. */
const COLUMNS = [
  raw('series.*'),
  raw('starts_on::text'),
  raw('dates::text[]'),
  raw('excluded_dates::text[]'),
];

export interface SeriesFilter {
  readonly clinicId: string;
  readonly therapistId: string | null;
  readonly clientId: string | null;
  readonly status: SeriesStatus | null;
  /** The last id of the page before. */
  readonly after: string | null;
  readonly limit: number;
}

export async function insertSeries(trx: Knex.Transaction, series: SeriesRow): Promise<void> {
  await SeriesModel.query(trx).insert({ ...series });
}

export async function findSeries(knex: Knex, id: string): Promise<SeriesRow | null> {
  const row = await SeriesModel.query(knex).findById(id).select(COLUMNS);
  return (row as unknown as SeriesRow | undefined) ?? null;
}

/** Reads a series and keeps everybody else from changing it until the transaction ends. */
export async function lockSeries(trx: Knex.Transaction, id: string): Promise<SeriesRow | null> {
  const row = await SeriesModel.query(trx).findById(id).forUpdate().select(COLUMNS);
  return (row as unknown as SeriesRow | undefined) ?? null;
}

/** Oldest first: ids grow with time. */
export async function listSeries(knex: Knex, filter: SeriesFilter): Promise<SeriesRow[]> {
  const { clinicId, therapistId, clientId, status, after, limit } = filter;
  const query = SeriesModel.query(knex).where({ clinic_id: clinicId }).select(COLUMNS);
  if (therapistId !== null) void query.where({ therapist_id: therapistId });
  if (clientId !== null) void query.where({ client_id: clientId });
  if (status !== null) void query.where({ status });
  if (after !== null) void query.where('id', '>', after);
  return (await query.orderBy('id').limit(limit)) as unknown as SeriesRow[];
}

/** Writes the next version of a locked series. */
export async function changeSeries(
  trx: Knex.Transaction,
  series: SeriesRow,
  change: SeriesChange,
): Promise<void> {
  await SeriesModel.query(trx)
    .findById(series.id)
    .patch({ ...change, version: series.version + 1, updated_at: raw('now()') } as object);
}
