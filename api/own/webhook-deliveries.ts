import { auditRead } from '../../db/audit/record.ts';
import type { DeliveryState, WebhookDelivery } from '../../db/models/webhook-delivery.ts';
import { inTransaction } from '../../db/transaction.ts';
import { findDelivery, listDeliveries, replayDelivery } from '../../db/webhooks.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayManageWebhook } from '../access/webhook-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import { pageOf, readCursor } from './paging.ts';
import type { PageQuery } from './paging.ts';
import { openWebhook } from './webhooks.ts';

export interface DeliveryQuery extends PageQuery {
  readonly state?: DeliveryState;
}

/** GET /api/v1/webhooks/{id}/deliveries */
export async function listWebhookDeliveries(call: Call<unknown, DeliveryQuery>): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const { id, target } = await openWebhook(call, 'webhook.list_deliveries');
  const filter = {
    state: query.state ?? null,
    after: readCursor(query.cursor, isUuid),
    limit: query.limit + 1,
  };
  const deliveries = await listDeliveries(deps.knex, id, filter);
  await auditRead(deps.knex, auditContext(principal, requestId), target);
  return { status: 200, body: pageOf(deliveries, query.limit, present) };
}

/** POST /api/v1/deliveries/{id}/replay */
export async function replayWebhookDelivery(call: Call): Promise<Answer> {
  const { deps, principal, requestId } = call;
  const id = call.params['id']!;
  const target = { action: 'webhook.replay', objectType: 'webhook_delivery', objectId: id };
  const found = await findDelivery(deps.knex, id);
  await enforce(call, mayManageWebhook(principal, found?.clinicId ?? null), target);
  const delivery = await inTransaction(
    deps.knex,
    auditContext(principal, requestId),
    async (trx, audit) => {
      audit(target);
      return found === null ? null : replayDelivery(trx, found.delivery);
    },
  );
  if (delivery === null) throw new HoldfastError('not_found', 'There is nothing of this id');
  return { status: 202, body: present(delivery) };
}

/** Everything but what was sent: that is health data, perhaps, and the receiver's. */
function present(delivery: WebhookDelivery): Record<string, unknown> {
  const { id, webhookId, sessionId, eventType, state, attempts, statusCode, lastError } = delivery;
  return {
    id,
    webhookId,
    sessionId,
    eventType,
    state,
    attempts,
    statusCode,
    lastError,
    nextAttemptAt: state === 'pending' ? delivery.dueAt.toISOString() : null,
    lastAttemptAt: delivery.lastAttemptAt?.toISOString() ?? null,
    deliveredAt: delivery.deliveredAt?.toISOString() ?? null,
    createdAt: delivery.createdAt.toISOString(),
  };
}
