import { Model, snakeCaseMappers } from 'objection';
import type { AppointmentEventType } from '../../domain/appointment-events.ts';

export type DeliveryState = 'pending' | 'delivered' | 'dead';

/** One event on its way to one address. Its id is the one that the receiver knows it by. */
export class WebhookDelivery extends Model {
  static override readonly tableName = 'webhook_deliveries';
  static override readonly columnNameMappers = snakeCaseMappers();

  declare readonly id: string;
  declare readonly webhookId: string;
  /** A bigint as text. */
  declare readonly outboxId: string;
  declare readonly sessionId: string;
  declare readonly clientId: string;
  declare readonly eventType: AppointmentEventType;
  /** Sealed: the very bytes that are sent. */
  declare readonly body: Buffer;
  declare readonly state: DeliveryState;
  declare readonly attempts: number;
  declare readonly dueAt: Date;
  /** The answer's HTTP status; null where there was none. */
  declare readonly statusCode: number | null;
  /** A code of why the last attempt failed. */
  declare readonly lastError: string | null;
  declare readonly lastAttemptAt: Date | null;
  declare readonly deliveredAt: Date | null;
  declare readonly createdAt: Date;
}
