import { setTimeout as sleep } from 'node:timers/promises';
import { raw } from 'express';
import type { RequestHandler } from 'express';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { CardEvent, CardGateway } from '../../activities/gateways/card-gateway.ts';
import { moneyDepsOf } from '../../activities/money/index.ts';
import { isMoneyNews, takeCardEvent } from '../../activities/money/news.ts';
import { claimEvent, isHandled, markHandled, releaseEvent } from '../../db/provider-events.ts';
import type { ProviderNews } from './provider-news.ts';

export interface StripeWebhookDeps {
  readonly knex: Knex;
  readonly cards: CardGateway;
  readonly news: ProviderNews;
  readonly log: Logger;
}

const BODY_LIMIT = '1mb';
/** How long a duplicate waits for whoever is handling the event, and how often it looks. */
const DUPLICATE_PATIENCE_MS = 8_000;
const LOOK_AGAIN_MS = 100;

/**
 * `POST /webhooks/stripe`. 400 for what is forged, re-serialised or older than 300 s; 200
 * once the event has been dealt with, by this delivery or another; 503 to have it sent again.
 */
export function stripeWebhook(deps: StripeWebhookDeps): RequestHandler[] {
  const underWay = new Map<string, Promise<boolean>>();
  const receive: RequestHandler = async (req, res) => {
    const signature = req.get('stripe-signature');
    const event = readEvent(deps, req.body, signature);
    if (event === null) {
      res.status(400).json({ error: 'invalid_signature' });
      return;
    }
    const isDone = await together(underWay, event.id, () => dealWith(deps, event));
    if (isDone) res.json({ received: true });
    else res.status(503).set('retry-after', '5').json({ error: 'dependency_unavailable' });
  };
  return [raw({ type: () => true, limit: BODY_LIMIT }), receive];
}

function readEvent(
  { cards, log }: StripeWebhookDeps,
  body: unknown,
  signature: string | undefined,
): CardEvent | null {
  if (!Buffer.isBuffer(body)) return null;
  try {
    return cards.readEvent(body, signature);
  } catch {
    log.warn({ bytes: body.length }, 'a webhook was refused');
    return null;
  }
}

/** Duplicates that meet in this process share one piece of work. */
function together(
  underWay: Map<string, Promise<boolean>>,
  id: string,
  work: () => Promise<boolean>,
): Promise<boolean> {
  const known = underWay.get(id);
  if (known !== undefined) return known;
  const started = work().finally(() => underWay.delete(id));
  underWay.set(id, started);
  return started;
}

async function dealWith(deps: StripeWebhookDeps, event: CardEvent): Promise<boolean> {
  const { knex, log } = deps;
  const { id, type } = event;
  if (!isMoneyNews(type)) return true;
  try {
    const claim = await claimEvent(knex, { id, provider: 'stripe', type });
    if (claim === 'handled') return true;
    if (claim === 'busy') return await waitForOther(knex, id);
    await deps.news.ofCard(await takeCardEvent(moneyDepsOf(deps), event));
    await markHandled(knex, id);
    return true;
  } catch (error) {
    log.error({ event: id, type, error: nameOf(error) }, 'a webhook could not be dealt with');
    await releaseEvent(knex, id).catch(() => undefined);
    return false;
  }
}

async function waitForOther(knex: Knex, eventId: string): Promise<boolean> {
  const until = Date.now() + DUPLICATE_PATIENCE_MS;
  while (Date.now() < until) {
    await sleep(LOOK_AGAIN_MS);
    if (await isHandled(knex, eventId)) return true;
  }
  return false;
}

/** Kind and code only: a provider's message may quote what a person typed. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? `${error.name} ${code}` : error.name;
}
