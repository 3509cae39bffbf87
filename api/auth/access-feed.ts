import pg from 'pg';
import type { Logger } from 'pino';

export interface AccessFeed {
  /** False while changes may be missed: then every answer has to come from the database. */
  readonly isLive: boolean;
  close(): Promise<void>;
}

export interface AccessFeedOptions {
  readonly databaseUrl: string;
  readonly log: Logger;
  /** `family:<id>` or `person:<id>`. */
  readonly onChange: (subject: string) => void;
  /** Changes may have been missed: forget everything. */
  readonly onGap: () => void;
}

const CHANNEL = 'holdfast_access';
const HEARTBEAT_MS = 5_000;
const ANSWER_WITHIN_MS = 2_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;

/** Listens for changes of rights on a connection of its own, which it keeps alive and opens again. */
export function openAccessFeed(options: AccessFeedOptions): AccessFeed {
  return new Feed(options);
}

class Feed implements AccessFeed {
  readonly #options: AccessFeedOptions;
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isLive = false;
  #isClosed = false;

  constructor(options: AccessFeedOptions) {
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
    const client = new pg.Client({
      connectionString: this.#options.databaseUrl,
      application_name: 'holdfast-access',
      connectionTimeoutMillis: ANSWER_WITHIN_MS,
      query_timeout: ANSWER_WITHIN_MS,
      keepAlive: true,
    });
    this.#client = client;
    client.on('error', () => this.#lose(client));
    client.on('end', () => this.#lose(client));
    client.on('notification', ({ payload }) => this.#options.onChange(payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
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
    if (this.#isLive) this.#options.log.warn('changes of rights are not heard; asking each time');
    this.#isLive = false;
    if (this.#isClosed) return;
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LAST_RETRY_MS);
    this.#failures += 1;
    this.#timer = setTimeout(() => void this.#connect(), delayMs).unref();
  }
}
