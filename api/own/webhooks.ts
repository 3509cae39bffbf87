import { checkWebhookUrl } from '../../activities/webhooks/hosts.ts';
import { secretRef } from '../../activities/webhooks/seals.ts';
import { newWebhookSecret } from '../../activities/webhooks/signature.ts';
import { auditRead } from '../../db/audit/record.ts';
import type { Webhook } from '../../db/models/webhook.ts';
import { inTransaction } from '../../db/transaction.ts';
import {
  deleteWebhook as deleteInDatabase,
  findWebhook,
  insertWebhook,
  listWebhooks as listInDatabase,
  replaceSecret,
} from '../../db/webhooks.ts';
import { APPOINTMENT_EVENTS, type AppointmentEventType } from '../../domain/appointment-events.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayHaveWebhooks, mayManageWebhook } from '../access/webhook-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import { pageOf, readCursor } from './paging.ts';
import type { PageQuery } from './paging.ts';

export interface WebhookBody {
  readonly url: string;
  readonly eventTypes?: readonly AppointmentEventType[];
  readonly includeText: boolean;
}

/** The old secret signs beside the new one for so long. */
const OVERLAP_MS = 86_400_000;

/** GET /api/v1/webhooks */
export async function listWebhooks(call: Call<unknown, PageQuery>): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const target = { action: 'webhook.list', objectType: 'webhook', objectId: null };
  await enforce(call, mayHaveWebhooks(principal), target);
  const page = { after: readCursor(query.cursor, isUuid), limit: query.limit + 1 };
  const webhooks = await listInDatabase(deps.knex, principal.clinicId, page);
  await auditRead(deps.knex, auditContext(principal, requestId), target);
  return { status: 200, body: pageOf(webhooks, query.limit, present) };
}

/** POST /api/v1/webhooks */
export async function createWebhook(call: Call<WebhookBody>): Promise<Answer> {
  const { body, deps, newId: id, principal, requestId } = call;
  const { clinicId, personId: createdBy } = principal;
  const target = { action: 'webhook.create', objectType: 'webhook', objectId: id };
  await enforce(call, mayHaveWebhooks(principal), target);
  const url = readUrl(call, body.url);
  const eventTypes = [...(body.eventTypes ?? APPOINTMENT_EVENTS)];
  const { includeText } = body;
  const secret = newWebhookSecret();
  const webhook = await inTransaction(
    deps.knex,
    auditContext(principal, requestId),
    async (trx, audit) => {
      audit({ ...target, changes: { includeText, host: url.hostname } });
      const sealed = await deps.cipher.sealField(trx, secretRef(id), secret);
      const row = { id, clinicId, url: url.href, eventTypes, includeText, createdBy };
      return insertWebhook(trx, { ...row, secret: sealed });
    },
  );
  return { status: 201, body: { ...present(webhook), secret } };
}

/** POST /api/v1/webhooks/{id}/rotate */
export async function rotateWebhookSecret(call: Call): Promise<Answer> {
  const { deps, principal, requestId } = call;
  const { id, target } = await openWebhook(call, 'webhook.rotate');
  const secret = newWebhookSecret();
  const webhook = await inTransaction(
    deps.knex,
    auditContext(principal, requestId),
    async (trx, audit) => {
      audit(target);
      const sealed = await deps.cipher.sealField(trx, secretRef(id), secret);
      return replaceSecret(trx, id, sealed, OVERLAP_MS);
    },
  );
  if (webhook === null) throw gone();
  return { status: 200, body: { ...present(webhook), secret } };
}

/** DELETE /api/v1/webhooks/{id} */
export async function deleteWebhook(call: Call): Promise<Answer> {
  const { deps, principal, requestId } = call;
  const { id, target } = await openWebhook(call, 'webhook.delete');
  await inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
    audit(target);
    if (!(await deleteInDatabase(trx, id))) throw gone();
  });
  return { status: 204 };
}

/** The webhook of the path, for those who may manage it. */
export async function openWebhook(
  call: Call<unknown, never> | Call,
  action: string,
): Promise<{ id: string; target: { action: string; objectType: string; objectId: string } }> {
  const id = call.params['id']!;
  const target = { action, objectType: 'webhook', objectId: id };
  const webhook = await findWebhook(call.deps.knex, id);
  await enforce(call as Call, mayManageWebhook(call.principal, webhook?.clinicId ?? null), target);
  return { id, target };
}

function readUrl({ deps }: Call<WebhookBody>, text: string): URL {
  const url = checkWebhookUrl(text, deps.webhookHosts);
  if (typeof url !== 'string') return url;
  const message =
    url === 'blocked_address'
      ? 'must not lead to a private address'
      : 'must be an https address without a user name or password';
  throw new HoldfastError('refused_by_rule', `The url ${message}.`, {
    fields: [{ field: 'url', message }],
  });
}

function gone(): HoldfastError {
  return new HoldfastError('not_found', 'There is nothing of this id');
}

function present(webhook: Webhook): { readonly id: string } & Record<string, unknown> {
  const { id, url, eventTypes, includeText, state, failingSince, createdAt } = webhook;
  return {
    id,
    url,
    eventTypes,
    includeText,
    state,
    failingSince: failingSince?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
  };
}
