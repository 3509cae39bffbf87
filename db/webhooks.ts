import type { Knex } from 'knex';
import type { PartialModelObject } from 'objection';
import type { AppointmentEventType } from '../domain/appointment-events.ts';
import { HoldfastError } from '../domain/errors.ts';
import { Webhook } from './models/webhook.ts';
import { type DeliveryState, WebhookDelivery } from './models/webhook-delivery.ts';

export interface Page {
  readonly after: string | null;
  readonly limit: number;
}

/** A clinic's webhooks, oldest first. */
export async function listWebhooks(db: Knex, clinicId: string, page: Page): Promise<Webhook[]> {
  return Webhook.query(db)
    .where({ clinic_id: clinicId })
    .modify((query) => (page.after === null ? query : query.where('id', '>', page.after)))
    .orderBy('id')
    .limit(page.limit);
}

export async function findWebhook(db: Knex, id: string): Promise<Webhook | null> {
  return (await Webhook.query(db).findById(id)) ?? null;
}

export const MOST_WEBHOOKS = 20;

/**
 * Throws `refused_by_rule` when the clinic has as many as it may; its row's lock keeps the count. One
 * that is there, since the answer to its making was lost, has the new secret from now on.
 */
export async function insertWebhook(
  trx: Knex.Transaction,
  webhook: PartialModelObject<Webhook> & { readonly id: string; readonly clinicId: string },
): Promise<Webhook> {
  const { clinicId } = webhook;
  await trx.raw('SELECT FROM clinics WHERE id = ? FOR NO KEY UPDATE', [clinicId]);
  const others = Webhook.query(trx).where({ clinic_id: clinicId }).whereNot({ id: webhook.id });
  const count = await others.resultSize();
  if (count >= MOST_WEBHOOKS) {
    throw new HoldfastError(
      'refused_by_rule',
      `A clinic has ${MOST_WEBHOOKS} webhooks at most; delete one first.`,
    );
  }
  await Webhook.query(trx).insert(webhook).onConflict('id').merge(['secret']);
  return (await findWebhook(trx, webhook.id))!;
}

/** Takes its deliveries along. False when it is gone already. */
export async function deleteWebhook(trx: Knex.Transaction, id: string): Promise<boolean> {
  return (await Webhook.query(trx).deleteById(id)) === 1;
}

/** Sets a new secret; the old one signs beside it for `overlapMs`. Null when it is gone. */
export async function replaceSecret(
  trx: Knex.Transaction,
  id: string,
  secret: Buffer,
  overlapMs: number,
): Promise<Webhook | null> {
  await trx.raw(
    `UPDATE webhooks SET previous_secret = secret, secret = ?, updated_at = now(),
       previous_secret_until = now() + ? * interval '1 millisecond'
     WHERE id = ?`,
    [secret, overlapMs, id],
  );
  return findWebhook(trx, id);
}

/** The clinic's webhooks that want events of a type and were there when the event happened. */
export async function webhooksFor(
  db: Knex,
  event: { clinicId: string; type: AppointmentEventType; at: Date },
): Promise<Webhook[]> {
  return Webhook.query(db)
    .where({ clinic_id: event.clinicId })
    .where('created_at', '<=', event.at)
    .whereRaw('? = ANY (event_types)', [event.type])
    .orderBy('id');
}

/** Queues deliveries; one of the same event to the same address for the same person is there once. */
export async function insertDeliveries(
  db: Knex,
  deliveries: readonly PartialModelObject<WebhookDelivery>[],
): Promise<void> {
  if (deliveries.length === 0) return;
  await WebhookDelivery.query(db)
    .insert([...deliveries])
    .onConflict()
    .ignore();
}

/** A webhook's deliveries, newest first. */
export async function listDeliveries(
  db: Knex,
  webhookId: string,
  filter: Page & { readonly state: DeliveryState | null },
): Promise<WebhookDelivery[]> {
  const { after, limit, state } = filter;
  return WebhookDelivery.query(db)
    .where({ webhook_id: webhookId, ...(state === null ? {} : { state }) })
    .modify((query) => (after === null ? query : query.where('id', '<', after)))
    .orderBy('id', 'desc')
    .limit(limit);
}

/** A delivery with its clinic; null where there is none. */
export async function findDelivery(
  db: Knex,
  id: string,
): Promise<{ delivery: WebhookDelivery; clinicId: string } | null> {
  const delivery = await WebhookDelivery.query(db).findById(id);
  if (delivery === undefined) return null;
  const webhook = await findWebhook(db, delivery.webhookId);
  return webhook === null ? null : { delivery, clinicId: webhook.clinicId };
}

/**
 * Sends a delivery once more, under the same id and with all attempts before it. Whoever replays
 * holds the address for good again, so that a disabled webhook goes on.
 */
export async function replayDelivery(
  trx: Knex.Transaction,
  { id, webhookId }: Pick<WebhookDelivery, 'id' | 'webhookId'>,
): Promise<WebhookDelivery | null> {
  await Webhook.query(trx)
    .where({ id: webhookId, state: 'disabled' })
    .patch({ state: 'active', failingSince: null });
  // One that is being sent at this moment keeps its lease.
  await trx.raw(
    `UPDATE webhook_deliveries SET state = 'pending', attempts = 0, last_error = NULL,
       due_at = CASE state WHEN 'pending' THEN due_at ELSE now() END WHERE id = ?`,
    [id],
  );
  return (await WebhookDelivery.query(trx).findById(id)) ?? null;
}

/** Forgets deliveries that are older than `ageMs` and no longer under way; returns how many. */
export async function forgetDeliveries(db: Knex, ageMs: number): Promise<number> {
  return db('webhook_deliveries')
    .whereNot({ state: 'pending' })
    .whereRaw(`created_at < now() - ? * interval '1 millisecond'`, [ageMs])
    .delete();
}
