import { Model, snakeCaseMappers } from 'objection';
import type { Plan } from '../../domain/plan.ts';
import type { SessionFormat } from '../sessions.ts';

/** What somebody asks to change about a session besides its time; null keeps what there is. */
export class SessionRevisionModel extends Model {
  static override tableName = 'session_revisions';
  static override columnNameMappers = snakeCaseMappers();
  static override jsonAttributes = ['buffers'];

  declare id: string;
  declare sessionId: string;
  declare askedBy: string | null;
  /** Sealed, as `sessions.details` and `sessions.last_reason` are. */
  declare details: Buffer | null;
  declare reason: Buffer | null;
  declare format: SessionFormat | null;
  declare therapistId: string | null;
  /** The new therapist's. */
  declare buffers: Plan['buffers'] | null;
  declare createdAt: Date;
  declare appliedAt: Date | null;
}
