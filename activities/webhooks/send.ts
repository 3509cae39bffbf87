import type { FieldCipher } from '../../crypto/field-cipher.ts';
import type { ClaimedDelivery } from '../../db/webhook-queue.ts';
import type { Knex } from 'knex';
import {
  type OutboundAnswer,
  type OutboundHttp,
  createOutboundHttp,
} from '../gateways/outbound-http.ts';
import { type WebhookHosts, checkWebhookUrl, mayBePrivate } from './hosts.ts';
import { bodyRef, secretRef } from './seals.ts';
import { webhookHeaders } from './signature.ts';

export interface SendDeps {
  readonly knex: Knex;
  readonly cipher: FieldCipher;
  readonly call: WebhookCall;
}

/** Posts to an address that a clinic has chosen. Never throws for what that address does. */
export type WebhookCall = (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
) => Promise<OutboundAnswer>;

const TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** What a receiver answers is read for its status alone. */
const MAX_BYTES = 64 * 1024;

/** The calls of this product: no redirects, and the public Internet only except for named hosts. */
export function createWebhookCall(
  hosts: WebhookHosts,
  open: OutboundHttp = createOutboundHttp({ allowPrivateHosts: true }),
  strict: OutboundHttp = createOutboundHttp({ allowPrivateHosts: false }),
): WebhookCall {
  return async (url, headers, body) => {
    const checked = checkWebhookUrl(url, hosts);
    if (typeof checked === 'string') return { kind: 'failed', fault: checked };
    const http = mayBePrivate(url, hosts) ? open : strict;
    return http.request({
      method: 'POST',
      url: checked.href,
      headers: { 'content-type': 'application/json', ...headers },
      body,
      maxRedirects: 0,
      maxBytes: MAX_BYTES,
      timeoutMs: TIMEOUT_MS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    });
  };
}

export type SendOutcome =
  | { readonly kind: 'delivered'; readonly status: number }
  | {
      readonly kind: 'failed';
      readonly status: number | null;
      readonly code: string;
      /** The receiver's Retry-After, ms. */
      readonly retryAfterMs: number | null;
    };

/** Makes one attempt at a delivery, signed anew. */
export async function sendDelivery(
  { knex, cipher, call }: SendDeps,
  delivery: ClaimedDelivery,
): Promise<SendOutcome> {
  const { id, webhookId, url, previousSecret } = delivery;
  const ref = secretRef(webhookId);
  const [body, ...secrets] = await cipher.openFields(knex, [
    { ref: bodyRef(webhookId, id), sealed: delivery.body },
    { ref, sealed: delivery.secret },
    ...(previousSecret === null ? [] : [{ ref, sealed: previousSecret }]),
  ]);
  const message = { id, timestampSeconds: Math.floor(Date.now() / 1000), body: body! };
  return outcomeOf(await call(url, webhookHeaders(message, secrets), message.body));
}

function outcomeOf(answer: OutboundAnswer): SendOutcome {
  if (answer.kind === 'failed') {
    // The answer was too long or garbled, but the receiver may well have taken the event: it gets
    // it again, under the same id.
    return { kind: 'failed', status: null, code: answer.fault, retryAfterMs: null };
  }
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered', status };
  const code = status >= 300 && status < 400 ? 'redirect' : 'refused';
  return { kind: 'failed', status, code, retryAfterMs: secondsIn(headers['retry-after']) };
}

function secondsIn(retryAfter: string | undefined): number | null {
  return retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter)
    ? Number(retryAfter) * 1_000
    : null;
}
