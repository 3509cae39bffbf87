import type { Knex } from 'knex';
import { openTask } from './tasks.ts';

/** A delivery that this process may attempt now. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly webhookId: string;
  readonly clinicId: string;
  readonly url: string;
  /** Sealed. */
  readonly body: Buffer;
  /** Sealed. */
  readonly secret: Buffer;
  /** Sealed; null where none signs beside the secret. */
  readonly previousSecret: Buffer | null;
  /** This one included. */
  readonly attempts: number;
}

const CLAIM = `
  WITH due AS (
    SELECT delivery.id FROM webhooks webhook
    CROSS JOIN LATERAL (
      SELECT id FROM webhook_deliveries candidate
      WHERE candidate.webhook_id = webhook.id AND candidate.state = 'pending'
        AND candidate.due_at <= clock_timestamp()
        AND NOT EXISTS (SELECT FROM webhook_deliveries earlier
          WHERE earlier.webhook_id = webhook.id AND earlier.session_id = candidate.session_id
            AND earlier.client_id = candidate.client_id
            AND earlier.outbox_id < candidate.outbox_id AND earlier.state = 'pending')
      ORDER BY candidate.due_at LIMIT :perWebhook FOR UPDATE SKIP LOCKED) delivery
    WHERE webhook.state = 'active' AND NOT webhook.id = ANY (:busy)
    LIMIT :limit),
  claimed AS (
    UPDATE webhook_deliveries AS delivery
    SET attempts = attempts + 1, last_attempt_at = clock_timestamp(),
      due_at = clock_timestamp() + :leaseMs * interval '1 millisecond'
    FROM due WHERE delivery.id = due.id
    RETURNING delivery.id, delivery.webhook_id, delivery.body, delivery.attempts)
  SELECT claimed.id, claimed.webhook_id AS "webhookId", claimed.body, claimed.attempts,
    webhook.clinic_id AS "clinicId", webhook.url, webhook.secret,
    CASE WHEN webhook.previous_secret_until > now() THEN webhook.previous_secret END
      AS "previousSecret"
  FROM claimed JOIN webhooks webhook ON webhook.id = claimed.webhook_id`;

/**
 * Gives due deliveries to the caller, a few of each address. Of one appointment, the later waits
 * until the earlier has arrived or is dead. Who has settled none when the lease ends is dead itself.
 */
export async function claimDeliveries(
  knex: Knex,
  options: {
    readonly limit: number;
    readonly perWebhook: number;
    readonly leaseMs: number;
    /** Ids of webhooks that get nothing now. */
    readonly busy: readonly string[];
  },
): Promise<ClaimedDelivery[]> {
  const { rows } = await knex.raw<{ rows: ClaimedDelivery[] }>(CLAIM, {
    ...options,
    busy: [...options.busy],
  });
  return rows;
}

/** It has arrived: the address is well. */
export async function settleDelivered(
  knex: Knex,
  { id, webhookId }: ClaimedDelivery,
  statusCode: number,
): Promise<void> {
  await knex.raw(
    `WITH well AS (
       UPDATE webhooks SET failing_since = NULL WHERE id = :webhookId AND failing_since IS NOT NULL)
     UPDATE webhook_deliveries SET state = 'delivered', status_code = :statusCode,
       last_error = NULL, delivered_at = clock_timestamp() WHERE id = :id`,
    { id, webhookId, statusCode },
  );
}

export interface FailedAttempt {
  readonly statusCode: number | null;
  /** A code. */
  readonly error: string;
  /** Until the next attempt; null when this was the last. */
  readonly retryInMs: number | null;
}

/** It has not arrived. Resolves to how long the address has been failing, ms. */
export async function settleFailed(
  knex: Knex,
  { id, webhookId, attempts }: ClaimedDelivery,
  { statusCode, error, retryInMs }: FailedAttempt,
): Promise<number> {
  const { rows } = await knex.raw<{ rows: { ms: number }[] }>(
    `WITH ill AS (
       UPDATE webhooks SET failing_since = coalesce(failing_since, clock_timestamp())
       WHERE id = :webhookId RETURNING failing_since),
     settled AS (
       UPDATE webhook_deliveries SET status_code = :statusCode, last_error = :error,
         state = CASE WHEN :retryInMs::float8 IS NULL THEN 'dead' ELSE 'pending' END,
         due_at = clock_timestamp() + coalesce(:retryInMs::float8, 0) * interval '1 millisecond'
       WHERE id = :id AND attempts = :attempts AND state = 'pending')
     SELECT (extract(epoch FROM clock_timestamp() - failing_since) * 1000)::float8 AS ms FROM ill`,
    { id, webhookId, attempts, statusCode, error, retryInMs },
  );
  return rows[0]?.ms ?? 0;
}

/**
 * Stops calling an address and asks a human to see to it. What was under way is kept as dead, to be
 * replayed when it is well. False when it was disabled before.
 */
export async function disableWebhook(
  knex: Knex,
  { webhookId, clinicId }: Pick<ClaimedDelivery, 'webhookId' | 'clinicId'>,
  reason: string,
): Promise<boolean> {
  return knex.transaction(async (trx) => {
    const disabled = await trx.raw<{ rows: { at: string }[] }>(
      `UPDATE webhooks SET state = 'disabled', updated_at = now()
       WHERE id = ? AND state = 'active' RETURNING extract(epoch FROM now())::bigint AS at`,
      [webhookId],
    );
    const [row] = disabled.rows;
    if (row === undefined) return false;
    await trx.raw(
      `UPDATE webhook_deliveries SET state = 'dead', last_error = coalesce(last_error, 'disabled')
       WHERE webhook_id = ? AND state = 'pending'`,
      [webhookId],
    );
    const key = `webhook-disabled:${webhookId}:${row.at}`;
    await openTask(trx, { clinicId, key, kind: 'webhook_disabled', data: { webhookId, reason } });
    return true;
  });
}
