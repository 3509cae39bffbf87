import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClaimedDelivery,
  claimDeliveries,
  disableWebhook,
  settleDelivered,
  settleFailed,
} from '../../db/webhook-queue.ts';
import { DISABLED_AFTER_MS, webhookRetryMs } from '../../domain/webhook-retries.ts';
import { type SendDeps, type SendOutcome, sendDelivery } from './send.ts';

export interface DispatcherOptions {
  /** Pause between two looks at the queue, ms. */
  readonly pollMs?: number;
  /** A process that is silent for so long is taken for dead, ms; longer than any call takes. */
  readonly leaseMs?: number;
  readonly onFault?: (error: unknown) => void;
}

export interface Dispatcher {
  /** Stops after the calls that are under way. May be called again. */
  close(): Promise<void>;
}

const POLL_MS = 500;
const LEASE_MS = 60_000;
/** Calls at once: of this process, and to one address. */
const MOST_CALLS = 64;
const MOST_CALLS_EACH = 4;
const GONE = 410;

/**
 * Delivers queued events to clinics' addresses. The queue is a table rather than a workflow for
 * each delivery: it is as durable, a thousand deliveries cost it a thousand short statements
 * instead of ten thousand events of Temporal's history, and the list of deliveries is the table.
 * Any number of dispatchers may run.
 */
export function startDispatcher(deps: SendDeps, options: DispatcherOptions = {}): Dispatcher {
  const { pollMs = POLL_MS, leaseMs = LEASE_MS, onFault = () => undefined } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const underWay = new Map<Promise<void>, string>();
  let nap = new AbortController();

  function begin(delivery: ClaimedDelivery): void {
    const work = attempt(deps, delivery)
      .catch(onFault)
      .finally(() => {
        underWay.delete(work);
        nap.abort();
      });
    underWay.set(work, delivery.webhookId);
  }

  async function look(): Promise<void> {
    const limit = MOST_CALLS - underWay.size;
    if (limit <= 0) return;
    // An address that is slow to answer is left alone until it has.
    const busy = [...new Set(underWay.values())];
    const claim = { limit, perWebhook: MOST_CALLS_EACH, leaseMs, busy };
    for (const delivery of await claimDeliveries(deps.knex, claim)) begin(delivery);
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await look().catch(onFault);
      nap = new AbortController();
      const wakes = AbortSignal.any([signal, nap.signal]);
      await sleep(pollMs, undefined, { signal: wakes }).catch(() => undefined);
    }
    await Promise.all(underWay.keys());
  }

  const running = run();
  return {
    close: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function attempt(deps: SendDeps, delivery: ClaimedDelivery): Promise<void> {
  const outcome = await sendDelivery(deps, delivery);
  if (outcome.kind === 'delivered') {
    await settleDelivered(deps.knex, delivery, outcome.status);
    return;
  }
  await fail(deps, delivery, outcome);
}

async function fail(
  { knex }: SendDeps,
  delivery: ClaimedDelivery,
  { status, code, retryAfterMs }: Extract<SendOutcome, { kind: 'failed' }>,
): Promise<void> {
  const retryInMs = webhookRetryMs(delivery.attempts, Math.random(), retryAfterMs);
  const failed = { statusCode: status, error: code, retryInMs };
  const failingForMs = await settleFailed(knex, delivery, failed);
  if (status === GONE) await disableWebhook(knex, delivery, 'gone');
  else if (failingForMs >= DISABLED_AFTER_MS) await disableWebhook(knex, delivery, 'failing');
}
