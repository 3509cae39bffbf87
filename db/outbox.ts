import type { Knex } from 'knex';

/** One outgoing event: what happened, as codes, ids and instants. */
export interface OutboxRow {
  /** A bigint as text: rises with each event, and for one session in the order of its steps. */
  readonly id: string;
  readonly topic: string;
  readonly clinicId: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
}

/** An event that a consumer has been given for a while. */
export interface ClaimedRow extends OutboxRow {
  /** How often it was given out, this time included. */
  readonly attempts: number;
}

/** Writes an event into the caller's transaction; it goes out when that commits, or not at all. */
export async function insertOutboxRow(
  trx: Knex.Transaction,
  event: {
    readonly topic: string;
    readonly clinicId: string;
    /** Codes, ids and instants; never text that a person typed. */
    readonly payload: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  const { topic, clinicId, payload } = event;
  await trx.raw('INSERT INTO outbox (topic, clinic_id, payload) VALUES (?, ?, ?)', [
    topic,
    clinicId,
    JSON.stringify(payload),
  ]);
}

export interface Subscription {
  readonly consumer: string;
  readonly topic: string;
  /** Only events whose `event` or `status` is one of these; all when null. */
  readonly of: readonly string[] | null;
}

/** Crises have a lane of their own: their events wait behind no others. */
export type OutboxLane = 'ordinary' | 'crisis';

export interface Look {
  /** How many waiting events were handed on. */
  readonly fannedOut: number;
  /** The consumers for whom something is due. */
  readonly due: readonly string[];
}

/**
 * Notes for each waiting event who has to hear of it, and tells for whom something is due.
 * Rows are known by a mark of their own rather than by a position: one that commits after rows
 * with higher ids is as new as any. Rows that another relay is at are left to it, and so is the other
 * lane: events of crises are those whose topic begins with `crisis.`.
 */
export async function lookThrough(
  knex: Knex,
  subscriptions: readonly Subscription[],
  limit: number,
  lane: OutboxLane = 'ordinary',
): Promise<Look> {
  const { rows } = await knex.raw<{ rows: [Look] }>(
    `WITH waiting AS (
       SELECT id, topic, payload FROM outbox WHERE dispatched_at IS NULL
         AND starts_with(topic, 'crisis.') = :isCrisis
       ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED),
     subscription AS (
       SELECT consumer, topic, "of" FROM jsonb_to_recordset(:subscriptions::jsonb)
         AS subscription (consumer text, topic text, "of" text[])),
     noted AS (
       INSERT INTO outbox_deliveries (consumer, outbox_id)
       SELECT subscription.consumer, waiting.id FROM waiting JOIN subscription USING (topic)
       WHERE "of" IS NULL OR payload->>'event' = ANY("of") OR payload->>'status' = ANY("of")
       ORDER BY waiting.id ON CONFLICT DO NOTHING
       RETURNING consumer),
     fanned_out AS (
       UPDATE outbox SET dispatched_at = now() FROM waiting WHERE outbox.id = waiting.id
       RETURNING 1)
     SELECT (SELECT count(*) FROM fanned_out)::int AS "fannedOut",
       ARRAY(SELECT DISTINCT consumer FROM subscription
         WHERE consumer IN (SELECT noted.consumer FROM noted) OR EXISTS (
           SELECT FROM outbox_deliveries AS delivery
           WHERE delivery.consumer = subscription.consumer AND due_at <= clock_timestamp())) AS due`,
    { limit, subscriptions: JSON.stringify(subscriptions), isCrisis: lane === 'crisis' },
  );
  return rows[0];
}

/**
 * Gives a consumer's due events to the caller, in the order of their ids. Who has neither settled
 * nor returned one when the lease ends is taken for dead, and the event is due again.
 */
export async function claimDue(
  knex: Knex,
  consumer: string,
  options: { readonly limit: number; readonly leaseMs: number },
): Promise<ClaimedRow[]> {
  const { rows } = await knex.raw<{ rows: ClaimedRow[] }>(
    `WITH due AS (
       SELECT outbox_id FROM outbox_deliveries
       WHERE consumer = :consumer AND due_at <= clock_timestamp()
       ORDER BY outbox_id LIMIT :limit FOR UPDATE SKIP LOCKED),
     claimed AS (
       UPDATE outbox_deliveries AS delivery
       SET attempts = attempts + 1,
         due_at = clock_timestamp() + :leaseMs * interval '1 millisecond'
       FROM due WHERE delivery.outbox_id = due.outbox_id AND delivery.consumer = :consumer
       RETURNING delivery.outbox_id, delivery.attempts)
     SELECT outbox.id, outbox.topic, outbox.clinic_id AS "clinicId", outbox.payload,
       outbox.created_at AS "createdAt", claimed.attempts
     FROM claimed JOIN outbox ON outbox.id = claimed.outbox_id ORDER BY outbox.id`,
    { consumer, ...options },
  );
  return rows;
}

/** The consumer has done with these. */
export async function settleDeliveries(
  knex: Knex,
  consumer: string,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await knex.raw('DELETE FROM outbox_deliveries WHERE consumer = ? AND outbox_id = ANY(?)', [
    consumer,
    [...ids],
  ]);
}

/** The consumer failed: the event is due again after a while. `error` is a code, never a message. */
export async function postponeDelivery(
  knex: Knex,
  consumer: string,
  postponed: { readonly id: string; readonly delayMs: number; readonly error: string },
): Promise<void> {
  await knex.raw(
    `UPDATE outbox_deliveries
     SET due_at = clock_timestamp() + ? * interval '1 millisecond', last_error = ?
     WHERE consumer = ? AND outbox_id = ?`,
    [postponed.delayMs, postponed.error, consumer, postponed.id],
  );
}

/** Takes back what was claimed and not begun: it is due at once, and was not attempted. */
export async function returnDeliveries(
  knex: Knex,
  consumer: string,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await knex.raw(
    `UPDATE outbox_deliveries SET due_at = clock_timestamp(), attempts = attempts - 1
     WHERE consumer = ? AND outbox_id = ANY(?)`,
    [consumer, [...ids]],
  );
}

/** Forgets events that everybody has heard of and that are older than `ageMs`; returns how many. */
export async function forgetDispatched(knex: Knex, ageMs: number, limit: number): Promise<number> {
  const { rowCount } = await knex.raw<{ rowCount: number }>(
    `DELETE FROM outbox WHERE id IN (
       SELECT id FROM outbox
       WHERE dispatched_at < now() - ? * interval '1 millisecond'
         AND NOT EXISTS (SELECT FROM outbox_deliveries WHERE outbox_id = outbox.id)
       ORDER BY id LIMIT ?)`,
    [ageMs, limit],
  );
  return rowCount;
}
