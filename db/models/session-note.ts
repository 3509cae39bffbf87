import { Model, snakeCaseMappers } from 'objection';

/** One version of what a therapist notes about a session. */
export class SessionNote extends Model {
  static override readonly tableName = 'session_notes';
  static override readonly columnNameMappers = snakeCaseMappers();
  static override readonly idColumn = ['session_id', 'version'];

  declare readonly sessionId: string;
  /** From 1 on, without gaps. */
  declare readonly version: number;
  declare readonly authorId: string;
  /** Sealed. */
  declare readonly body: Buffer;
  declare readonly writtenAt: Date;
  /** From then on it never changes; null for a draft. */
  declare readonly signedAt: Date | null;
}
