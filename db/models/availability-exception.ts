import { Model, raw, snakeCaseMappers } from 'objection';

/** A departure from weekly hours, by local dates of its therapist. */
export class AvailabilityExceptionModel extends Model {
  static override tableName = 'availability_exceptions';
  static override columnNameMappers = snakeCaseMappers();

  declare id: string;
  declare therapistId: string;
  declare kind: 'time_off' | 'extra';
  /** `YYYY-MM-DD`. */
  declare startDate: string;
  declare endDate: string;
  declare startMinute: number | null;
  declare endMinute: number | null;
  /** Sealed. */
  declare reason: Buffer | null;
  declare createdBy: string | null;
  declare createdAt: Date;
}

/** All but `during`, with dates as they were written instead of as midnights somewhere. */
export const EXCEPTION_COLUMNS = [
  'id',
  'therapist_id',
  'kind',
  raw('start_date::text AS start_date'),
  raw('end_date::text AS end_date'),
  'start_minute',
  'end_minute',
  'reason',
  'created_by',
  'created_at',
];
