import { Model, snakeCaseMappers } from 'objection';

/** A calendar that leaves the product for a person's programs, or an outside one that is read. */
export class CalendarFeed extends Model {
  static override readonly tableName = 'calendar_feeds';
  static override readonly columnNameMappers = snakeCaseMappers();

  declare readonly id: string;
  declare readonly clinicId: string;
  declare readonly personId: string;
  declare readonly kind: 'export' | 'import';
  /** Of an export: the digest of its secret. */
  declare readonly tokenHash: Buffer | null;
  /** Of an import: its address, sealed, which may be a secret of another calendar's. */
  declare readonly sourceUrl: Buffer | null;
  declare readonly sourceHost: string | null;
  declare readonly etag: string | null;
  declare readonly lastModified: string | null;
  /** When the busy times were last made from the whole calendar. */
  declare readonly readInFullAt: Date | null;
  declare readonly nextReadAt: Date | null;
  declare readonly lastAttemptAt: Date | null;
  /** When somebody last read the export, or the import was last read without a fault. */
  declare readonly lastReadAt: Date | null;
  /** Why the last attempt has failed: a code. */
  declare readonly lastError: string | null;
  declare readonly failingSince: Date | null;
  /** Entries that could not be understood and count as free. */
  declare readonly skippedEvents: number;
  declare readonly createdAt: Date;
  declare readonly revokedAt: Date | null;
}
