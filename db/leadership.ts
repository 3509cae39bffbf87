import type pg from 'pg';
import { watchedClient } from './watched-client.ts';

/** Leads while this process has the lock. */
export interface Leadership {
  readonly isLeading: boolean;
  close(): Promise<void>;
}

export interface LeadershipOptions {
  readonly databaseUrl: string;
  readonly applicationName: string;
  /** What is led; it is also the name of the heartbeat. */
  readonly part: string;
  /** The kind of process that this is. */
  readonly host: string;
  /** Pause between two tries, and between two heartbeats of the leader, ms. */
  readonly everyMs?: number;
  /** A leader that has not been heard of for so long is taken for hung, ms. */
  readonly hungAfterMs?: number;
  readonly onChange?: (isLeading: boolean) => void;
}

const EVERY_MS = 1_000;
const HUNG_AFTER_MS = 10_000;
const ANSWER_WITHIN_MS = 3_000;

/**
 * Of all processes that ask to lead a part, one does: whichever session of the database holds the
 * lock, on a connection of its own. When it dies, its session ends with it and another follows
 * within a second; when it hangs, its heart stops, and another has its session ended.
 */
export function seekLeadership(options: LeadershipOptions): Leadership {
  return new LockedLeadership(options);
}

class LockedLeadership implements Leadership {
  readonly #options: LeadershipOptions;
  #client: pg.Client | null = null;
  #isLeading = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void>;

  constructor(options: LeadershipOptions) {
    this.#options = options;
    this.#round = this.#turn();
  }

  get isLeading(): boolean {
    return this.#isLeading;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#client?.end().catch(() => undefined);
    await this.#round;
    this.#lose();
  }

  async #turn(): Promise<void> {
    try {
      await this.#try(await this.#connected());
    } catch {
      this.#lose();
    }
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#turn();
    }, this.#options.everyMs ?? EVERY_MS);
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== null) return this.#client;
    const client = watchedClient({
      ...this.#options,
      answerWithinMs: ANSWER_WITHIN_MS,
      onLoss: (lost) => {
        if (this.#client === lost) this.#lose();
      },
    });
    this.#client = client;
    await client.connect();
    return client;
  }

  async #try(client: pg.Client): Promise<void> {
    const { part } = this.#options;
    if (!this.#isLeading) {
      const { rows } = await client.query<{ isOurs: boolean }>(TAKE, [part]);
      if (rows[0]?.isOurs !== true) {
        await client.query(END_HUNG, [part, this.#options.hungAfterMs ?? HUNG_AFTER_MS]);
        return;
      }
    }
    await client.query(BEAT, [part, this.#options.host]);
    if (this.#client === client && !this.#isClosed) this.#become(true);
  }

  /** A connection that failed may have lost the lock: whoever is not sure does not lead. */
  #lose(): void {
    const client = this.#client;
    this.#client = null;
    client?.end().catch(() => undefined);
    this.#become(false);
  }

  #become(isLeading: boolean): void {
    if (this.#isLeading === isLeading) return;
    this.#isLeading = isLeading;
    this.#options.onChange?.(isLeading);
  }
}

const LOCK = 'hashtextextended($1, 66)';
const TAKE = `SELECT pg_try_advisory_lock(${LOCK}) AS "isOurs"`;
const BEAT = `INSERT INTO crisis_heartbeats (part, host, backend_pid, beat_at)
  VALUES ($1, $2, pg_backend_pid(), clock_timestamp())
  ON CONFLICT (part) DO UPDATE SET host = excluded.host, backend_pid = excluded.backend_pid,
    beat_at = excluded.beat_at`;
/** Only the session that holds this very lock is ended. */
const END_HUNG = `SELECT pg_terminate_backend(lock.pid)
  FROM crisis_heartbeats AS heart JOIN pg_locks AS lock ON lock.pid = heart.backend_pid
  WHERE heart.part = $1 AND heart.beat_at < clock_timestamp() - $2 * interval '1 millisecond'
    AND lock.locktype = 'advisory' AND lock.granted AND lock.objsubid = 1
    AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND lock.classid::bigint = (${LOCK} >> 32) & 4294967295
    AND lock.objid::bigint = ${LOCK} & 4294967295`;
