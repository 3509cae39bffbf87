import { urlencoded } from 'express';
import type { Request, RequestHandler } from 'express';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { deliveryState } from '../../activities/gateways/twilio.ts';
import type { TwilioGateway } from '../../activities/gateways/twilio.ts';
import { optIn, optOut, takeReceipt } from '../../db/send-receipts.ts';
import type { SendReceipt } from '../../db/send-receipts.ts';
import type { ProviderNews } from './provider-news.ts';

export interface TwilioWebhookDeps {
  readonly knex: Knex;
  readonly twilio: Pick<TwilioGateway, 'verifySignature'>;
  readonly news: ProviderNews;
  readonly log: Logger;
}

export type Fields = Readonly<Record<string, string>>;
type Handle = (fields: Fields, req: Request) => Promise<void>;

const BODY_LIMIT = '64kb';
const MAX_KEY_LENGTH = 300;
const STOP = new Set([
  'STOP',
  'STOPALL',
  'UNSUBSCRIBE',
  'CANCEL',
  'END',
  'QUIT',
  'REVOKE',
  'OPTOUT',
]);
const START = new Set(['START', 'YES', 'UNSTOP']);

/** `POST /webhooks/twilio/status?key=`: a receipt for the send that its query names. */
export function twilioStatusWebhook(deps: TwilioWebhookDeps): RequestHandler[] {
  return signed(deps, async (fields, req) => {
    const receipt = receiptOf(fields, req.query['key']);
    if (receipt === null) return;
    const send = await takeReceipt(deps.knex, receipt);
    if (send === null || send.sessionId === null) return;
    const { sessionId, enrolmentId } = send;
    // A failure may come after the text has arrived, which is on record: then nobody has to act.
    if (send.state !== 'failed') return;
    await deps.news.ofText({ sessionId, enrolmentId }, { key: receipt.key, state: send.state });
  });
}

/** `POST /webhooks/twilio/inbound`: an answer to a text: STOP, START, or the code of a page. */
export function twilioInboundWebhook(
  deps: TwilioWebhookDeps & { readonly takeByText: (fields: Fields) => Promise<void> },
): RequestHandler[] {
  return signed(deps, async (fields) => {
    const { From: from, Body: body, OptOutType: type } = fields;
    if (from === undefined || !/^\+[1-9]\d{6,14}$/.test(from)) return;
    const word = (type ?? body ?? '')
      .trim()
      .toUpperCase()
      .replace(/[.!]+$/, '');
    if (STOP.has(word)) await optOut(deps.knex, from);
    else if (START.has(word)) await optIn(deps.knex, from);
    else await deps.takeByText(fields);
  });
}

function receiptOf(fields: Fields, key: unknown): SendReceipt | null {
  const { MessageSid: providerRef, MessageStatus: status, ErrorCode: code } = fields;
  if (typeof key !== 'string' || key.length > MAX_KEY_LENGTH) return null;
  if (providerRef === undefined || status === undefined) return null;
  const state = deliveryState(status);
  return { key, providerRef, state: state === 'pending' ? 'sent' : state, code: code ?? null };
}

/**
 * 403 for a request that the provider did not sign, 204 for everything that was understood
 * or does not concern us, 503 while it can't be dealt with.
 */
export function signed(
  { twilio, log }: Pick<TwilioWebhookDeps, 'twilio' | 'log'>,
  handle: Handle,
): RequestHandler[] {
  const receive: RequestHandler = async (req, res) => {
    const params = fieldsOf(req.body);
    const signature = req.get('x-twilio-signature');
    if (!twilio.verifySignature({ path: req.originalUrl, params, signature })) {
      log.warn({ path: req.path }, 'a webhook was refused');
      res.status(403).json({ error: 'invalid_signature' });
      return;
    }
    try {
      await handle(params, req);
      res.status(204).end();
    } catch (error) {
      const name = error instanceof Error ? error.name : typeof error;
      log.error({ path: req.path, error: name }, 'a webhook could not be dealt with');
      res.status(503).set('retry-after', '5').json({ error: 'dependency_unavailable' });
    }
  };
  return [urlencoded({ extended: false, limit: BODY_LIMIT }), receive];
}

/** Doubled fields come as lists, which the provider never sends: without them no signature fits. */
export function fieldsOf(body: unknown): Fields {
  const entries = typeof body === 'object' && body !== null ? Object.entries(body) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
