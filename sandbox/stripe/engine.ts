import type { StripeCore } from './core.ts';
import { raiseDispute } from './disputes.ts';
import { newEvent } from './event-log.ts';
import type { Cause } from './event-log.ts';
import { FaultPlan } from './faults.ts';
import { IdempotencyKeys } from './idempotency.ts';
import { expireAuthorisation } from './payment-intent-ends.ts';
import { finishProcessing } from './payment-intent-machine.ts';
import type { Pipeline } from './pipeline.ts';
import type { Settings } from './records.ts';
import { settleRefund } from './refunds.ts';
import { Store } from './store.ts';
import { TaskQueue } from './tasks.ts';
import type { TaskHandlers } from './tasks.ts';
import { WebhookSender } from './webhooks.ts';

export type StripeSandboxOptions = {
  secretKey: string;
  /** Where events are delivered; an empty text delivers none. */
  webhookUrl: string;
  webhookSecret: string;
  /** An append log that outlives the process; without it everything is in memory. */
  dataFile?: string;
  /** The clock in milliseconds, for tests. Webhook signatures use the machine's. */
  now?: () => number;
};

const DEFAULTS: Settings = {
  delayedMs: 5_000,
  refundSettleMs: 3_000,
  disputeDelayMs: 0,
  shortAuthorizationMs: 24 * 3_600_000,
  latencyMs: 0,
  webhookRetryBaseMs: 1_000,
  webhookRetryCapMs: 30_000,
  clockOffsetMs: 0,
  webhooksHeld: 0,
};
const NOBODY: Cause = { id: null, idempotencyKey: null };

/** The parts of the stand-in, put together. */
export class Engine {
  readonly core: StripeCore;
  readonly pipeline: Pipeline;
  readonly webhooks: WebhookSender;
  readonly keys: IdempotencyKeys;
  readonly faults = new FaultPlan();
  readonly #store: Store;
  readonly #tasks: TaskQueue;
  readonly #clock: () => number;
  #cause = NOBODY;

  constructor({ secretKey, webhookUrl, webhookSecret, dataFile, now }: StripeSandboxOptions) {
    this.#store = new Store(dataFile);
    this.#clock = now ?? Date.now;
    const settings = (): Settings => this.#settings();
    const nowMs = (): number => this.#clock() + settings().clockOffsetMs;
    this.webhooks = new WebhookSender(this.#store, webhookUrl, webhookSecret, settings);
    this.keys = new IdempotencyKeys(this.#store, nowMs);
    this.core = this.#createCore(nowMs, settings);
    this.#tasks = new TaskQueue(this.#store, nowMs, taskHandlers(this.core), () =>
      this.webhooks.wake(),
    );
    this.pipeline = this.#createPipeline(secretKey);
    this.keys.prune();
    this.#tasks.rescan();
    this.webhooks.wake();
  }

  /** Runs a control action as one transaction, with its events and what is due after it. */
  act<T>(work: () => T): T {
    try {
      return this.#store.transaction(work);
    } finally {
      this.#afterwards();
    }
  }

  /** Changes how the stand-in behaves from now on. */
  configure(changes: Partial<Settings>): Settings {
    const settings = { ...this.#settings(), ...changes };
    this.act(() => this.#store.put('settings', 'current', settings));
    this.#tasks.rescan();
    this.webhooks.wake();
    return settings;
  }

  /** Forgets every object, key, event, fault and setting. */
  reset(): void {
    this.#store.clear();
    this.faults.clear();
    this.webhooks.reload();
    this.#tasks.rescan();
  }

  async close(): Promise<void> {
    this.#tasks.close();
    await this.webhooks.close();
    this.#store.close();
  }

  #settings(): Settings {
    return { ...DEFAULTS, ...this.#store.get('settings', 'current') };
  }

  #afterwards(): void {
    this.#cause = NOBODY;
    this.#tasks.runDue();
    this.webhooks.wake();
  }

  #createCore(nowMs: () => number, settings: () => Settings): StripeCore {
    const nowSeconds = (): number => Math.floor(nowMs() / 1000);
    return {
      store: this.#store,
      nowMs,
      nowSeconds,
      settings,
      emit: (type, object, before) => {
        const event = newEvent(type, object, before, this.#cause, nowSeconds());
        this.#store.put('events', event.id, event);
        this.webhooks.enqueue(event);
      },
      schedule: (kind, subject, dueMs) => this.#tasks.schedule(kind, subject, dueMs),
      unschedule: (kind, subject) => this.#tasks.unschedule(kind, subject),
    };
  }

  #createPipeline(secretKey: string): Pipeline {
    const { nowMs, settings } = this.core;
    return {
      store: this.#store,
      secretKey,
      keys: this.keys,
      faults: this.faults,
      nowMs,
      settings,
      attribute: (cause) => {
        this.#cause = cause;
      },
      afterwards: () => this.#afterwards(),
      onCrash: report,
    };
  }
}

function taskHandlers(core: StripeCore): TaskHandlers {
  return {
    finish_processing: (intent) => finishProcessing(core, intent),
    expire_authorization: (intent) => expireAuthorisation(core, intent),
    settle_refund: (refund) => settleRefund(core, refund),
    raise_dispute: (charge) => raiseDispute(core, charge),
  };
}

function report(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`stripe stand-in: ${text}\n`);
}
