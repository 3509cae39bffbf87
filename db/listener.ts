import type pg from 'pg';
import { watchedClient } from './watched-client.ts';

/** Notices of PostgreSQL, as far as this process hears them. */
export interface Listener {
  /** False while notices may be missed: then every answer has to come from the database. */
  readonly isLive: boolean;
  close(): Promise<void>;
}

export interface ListenerOptions {
  readonly databaseUrl: string;
  readonly applicationName: string;
  /** The channel's name, of letters and underscores. */
  readonly channel: string;
  readonly onNotice: (payload: string) => void;
  /** Listening begins, for the first time or again: notices may have been missed before. */
  readonly onGap: () => void;
  readonly onLoss: () => void;
}

const HEARTBEAT_MS = 5_000;
const ANSWER_WITHIN_MS = 2_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;

/** Listens on a connection of its own, which it keeps alive and opens again when it is lost. */
export function openListener(options: ListenerOptions): Listener {
  return new ReconnectingListener(options);
}

class ReconnectingListener implements Listener {
  readonly #options: ListenerOptions;
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isLive = false;
  #isClosed = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    void this.#connect();
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isLive = false;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = watchedClient({
      ...this.#options,
      answerWithinMs: ANSWER_WITHIN_MS,
      onLoss: (lost) => this.#lose(lost),
    });
    this.#client = client;
    client.on('notification', ({ payload }) => this.#options.onNotice(payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${this.#options.channel}`);
    } catch {
      this.#lose(client);
      return;
    }
    if (this.#client !== client) return;
    // Whatever was cached while nobody listened may be out of date.
    this.#options.onGap();
    this.#failures = 0;
    this.#isLive = true;
    this.#beat(client);
  }

  #beat(client: pg.Client): void {
    this.#timer = setTimeout(() => {
      client.query('SELECT 1').then(
        () => this.#client === client && this.#beat(client),
        () => this.#lose(client),
      );
    }, HEARTBEAT_MS).unref();
  }

  #lose(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    clearTimeout(this.#timer);
    client.end().catch(() => undefined);
    if (this.#isLive) this.#options.onLoss();
    this.#isLive = false;
    if (this.#isClosed) return;
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LAST_RETRY_MS);
    this.#failures += 1;
    this.#timer = setTimeout(() => void this.#connect(), delayMs).unref();
  }
}
