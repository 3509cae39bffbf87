import { createHmac } from 'node:crypto';
import type { Delivery, EventRecord, Settings } from './records.ts';
import type { Store } from './store.ts';

const MAX_IN_FLIGHT = 8;
const MAX_ATTEMPTS = 200;
const ANSWER_WITHIN_MS = 10_000;

export type FlushOrder = 'created' | 'reverse' | 'shuffle';
export type Attempted = { event: string; type: string; status: number | null };

/** `Stripe-Signature` for a body sent at `atMs`. */
export function signatureHeader(body: string, secret: string, atMs: number): string {
  const t = Math.floor(atMs / 1000);
  const v1 = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
  return `t=${t},v1=${v1}`;
}

/**
 * Delivers events to the webhook endpoint until it answers 2xx, several at once and so in no
 * particular order, as Stripe does. What is undelivered when the process ends is delivered by
 * the next one.
 */
export class WebhookSender {
  readonly #store: Store;
  readonly #url: string;
  readonly #secret: string;
  readonly #settings: () => Settings;
  readonly #pending = new Map<string, Delivery>();
  readonly #inFlight = new Map<string, Promise<unknown>>();
  #fresh: string[] = [];
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store, url: string, secret: string, settings: () => Settings) {
    this.#store = store;
    this.#url = url;
    this.#secret = secret;
    this.#settings = settings;
    this.reload();
  }

  /** Takes up what the store holds, for example after it was cleared. */
  reload(): void {
    this.#pending.clear();
    for (const delivery of this.#store.all('deliveries')) {
      if (delivery.state === 'pending') this.#pending.set(delivery.event, delivery);
    }
  }

  /** Queues an event; call within the transaction that made it, and `wake` after that. */
  enqueue(event: EventRecord): void {
    if (this.#url === '' || event.pending_webhooks === 0) return;
    this.#fresh.push(event.id);
    this.#store.put('deliveries', event.id, {
      event: event.id,
      type: event.type,
      state: 'pending',
      attempts: 0,
      nextAttemptMs: 0,
      lastStatus: null,
    });
  }

  /** Sends what is due, and sets the alarm for the rest. */
  wake(): void {
    this.#admitFresh();
    clearTimeout(this.#timer);
    if (this.#stopping.signal.aborted || this.#settings().webhooksHeld === 1) return;
    const now = Date.now();
    let nextMs = Infinity;
    for (const delivery of this.#pending.values()) {
      if (this.#inFlight.has(delivery.event)) continue;
      if (this.#inFlight.size >= MAX_IN_FLIGHT) return;
      if (delivery.nextAttemptMs <= now) this.#start(delivery);
      else nextMs = Math.min(nextMs, delivery.nextAttemptMs);
    }
    if (nextMs === Infinity) return;
    this.#timer = setTimeout(() => this.wake(), nextMs - now);
    this.#timer.unref();
  }

  /**
   * Sends everything undelivered now, one after the other in this order, each `1 + duplicate`
   * times. With `parallel`, all at once.
   */
  async flush(order: FlushOrder, duplicate: number, parallel: boolean): Promise<Attempted[]> {
    this.#admitFresh();
    await Promise.all(this.#inFlight.values());
    const held = arrange([...this.#pending.values()], order);
    const rounds = held.flatMap((delivery) =>
      Array.from({ length: 1 + duplicate }, () => () => this.#attempt(delivery)),
    );
    if (parallel) return Promise.all(rounds.map((round) => round()));
    const results: Attempted[] = [];
    for (const round of rounds) results.push(await round());
    return results;
  }

  /** Sends one event again, `times` times at once, whether it was delivered or not. */
  async resend(event: EventRecord, times: number): Promise<Attempted[]> {
    return Promise.all(
      Array.from({ length: times }, async () => ({
        event: event.id,
        type: event.type,
        status: await this.#post(event),
      })),
    );
  }

  /** Waits for what is under way and sends no more. */
  async close(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await Promise.allSettled(this.#inFlight.values());
  }

  /** A transaction that was rolled back took its deliveries out of the store again. */
  #admitFresh(): void {
    for (const id of this.#fresh.splice(0)) {
      const delivery = this.#store.get('deliveries', id);
      if (delivery?.state === 'pending') this.#pending.set(id, delivery);
    }
  }

  #start(delivery: Delivery): void {
    const sending = this.#attempt(delivery).finally(() => {
      this.#inFlight.delete(delivery.event);
      this.wake();
    });
    this.#inFlight.set(delivery.event, sending);
    sending.catch(() => undefined);
  }

  async #attempt(delivery: Delivery): Promise<Attempted> {
    const event = this.#store.get('events', delivery.event);
    const status = event === undefined ? null : await this.#post(event);
    if (!this.#stopping.signal.aborted) {
      this.#store.transaction(() => this.#settle(delivery.event, status));
    }
    return { event: delivery.event, type: delivery.type, status };
  }

  #settle(eventId: string, status: number | null): void {
    const delivery = this.#store.get('deliveries', eventId);
    if (delivery?.state !== 'pending') return;
    const attempts = delivery.attempts + 1;
    const delivered = status !== null && status >= 200 && status < 300;
    const { webhookRetryBaseMs, webhookRetryCapMs } = this.#settings();
    const waitMs = Math.min(webhookRetryCapMs, webhookRetryBaseMs * 2 ** (attempts - 1));
    const givenUp = !delivered && attempts >= MAX_ATTEMPTS;
    this.#save({
      ...delivery,
      state: delivered ? 'delivered' : givenUp ? 'given_up' : 'pending',
      attempts,
      nextAttemptMs: Date.now() + waitMs,
      lastStatus: status,
    });
  }

  #save(delivery: Delivery): void {
    this.#store.put('deliveries', delivery.event, delivery);
    if (delivery.state === 'pending') this.#pending.set(delivery.event, delivery);
    else this.#pending.delete(delivery.event);
  }

  async #post(event: EventRecord): Promise<number | null> {
    const body = JSON.stringify(event, null, 2);
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        body,
        redirect: 'manual',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
          'stripe-signature': signatureHeader(body, this.#secret, Date.now()),
        },
        signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      });
      await response.body?.cancel();
      return response.status;
    } catch {
      return null;
    }
  }
}

function arrange(deliveries: Delivery[], order: FlushOrder): Delivery[] {
  if (order === 'created') return deliveries;
  if (order === 'reverse') return deliveries.toReversed();
  return deliveries
    .map((delivery) => ({ delivery, place: Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ delivery }) => delivery);
}
