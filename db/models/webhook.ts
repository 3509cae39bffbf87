import { Model, snakeCaseMappers } from 'objection';
import type { AppointmentEventType } from '../../domain/appointment-events.ts';

/** An address that a clinic has events sent to. */
export class Webhook extends Model {
  static override readonly tableName = 'webhooks';
  static override readonly columnNameMappers = snakeCaseMappers();

  declare readonly id: string;
  declare readonly clinicId: string;
  declare readonly url: string;
  declare readonly eventTypes: readonly AppointmentEventType[];
  /** Whether events carry what people typed, which is health data. */
  declare readonly includeText: boolean;
  /** Sealed; the key of its signatures. */
  declare readonly secret: Buffer;
  /** Sealed; signs beside the new one until the instant. */
  declare readonly previousSecret: Buffer | null;
  declare readonly previousSecretUntil: Date | null;
  declare readonly state: 'active' | 'disabled';
  /** Since when no delivery has succeeded, though some were tried. */
  declare readonly failingSince: Date | null;
  declare readonly createdBy: string;
  declare readonly createdAt: Date;
  declare readonly updatedAt: Date;
}
