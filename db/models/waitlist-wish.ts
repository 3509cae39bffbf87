import { Model, raw, snakeCaseMappers } from 'objection';
import type { SessionFormat } from '../sessions.ts';

/** What a client waits for. `therapistId` and `specialization` are null where any will do. */
export class WaitlistWish extends Model {
  static override readonly tableName = 'waitlist_wishes';
  static override readonly columnNameMappers = snakeCaseMappers();

  declare readonly id: string;
  declare readonly clinicId: string;
  declare readonly clientId: string;
  declare readonly therapistId: string | null;
  declare readonly specialization: string | null;
  declare readonly sessionType: string;
  declare readonly format: SessionFormat;
  /** Null takes the length of the time that has become free. */
  declare readonly durationMinutes: number | null;
  /** IANA: the zone of the days and times below. */
  declare readonly timeZone: string;
  /** `YYYY-MM-DD`, both inclusive. */
  declare readonly fromDate: string;
  declare readonly untilDate: string;
  /** 0 is Sunday; null means any day. */
  declare readonly daysOfWeek: readonly number[] | null;
  declare readonly startMinute: number;
  declare readonly endMinute: number;
  declare readonly noticeMinutes: number;
  declare readonly state: 'waiting' | 'fulfilled' | 'removed';
  declare readonly createdAt: Date;
  declare readonly endedAt: Date | null;
}

/** Dates leave the database as they are written: the driver would make instants of them. */
export const WISH_COLUMNS = [
  'waitlist_wishes.*',
  raw('waitlist_wishes.from_date::text').as('from_date'),
  raw('waitlist_wishes.until_date::text').as('until_date'),
];
