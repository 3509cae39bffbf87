import type { Knex } from 'knex';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { sealBatch } from './seal-batch.ts';
import type { ChainHead } from './seal-batch.ts';

export interface SealerOptions {
  readonly intervalMs?: number;
  /** A seal covers about this many rows; a transaction's rows are never split. */
  readonly maxRows?: number;
  /** Told of every failed attempt, and of a chain that somebody shortened. */
  readonly onFault?: (error: Error) => void;
}

export interface Sealer {
  /** Seals all that is final now and returns how many rows that were. */
  sealNow(): Promise<number>;
  /** Stops after the batch at hand; may be called again. */
  close(): Promise<void>;
}

const INTERVAL_MS = 1_000;
const MAX_ROWS = 5_000;

function isBehind(head: ChainHead | null, seen: ChainHead): boolean {
  if (head === null || BigInt(head.number) < BigInt(seen.number)) return true;
  return head.number === seen.number && !head.chain.equals(seen.chain);
}

/**
 * Chains the committed audit rows into seals, each second. Every process may run one: an
 * advisory lock lets one of them work at a time, and another takes over when it is gone.
 */
export function createSealer(knex: Knex, keyRing: KeyRing, options: SealerOptions = {}): Sealer {
  const { intervalMs = INTERVAL_MS, maxRows = MAX_ROWS, onFault = () => undefined } = options;
  let seen: ChainHead | null = null;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  function watch(head: ChainHead | null): void {
    if (seen !== null && isBehind(head, seen)) {
      onFault(new Error(`The audit chain lost seal ${seen.number}`));
    }
    seen = head;
  }

  async function sealNow(): Promise<number> {
    let total = 0;
    for (;;) {
      const batch = await sealBatch(knex, keyRing, maxRows);
      if (batch === null) return total;
      watch(batch.head);
      total += batch.rows;
      if (!batch.hasMore || isClosed) return total;
    }
  }

  async function tick(): Promise<void> {
    try {
      await sealNow();
    } catch (error) {
      onFault(error instanceof Error ? error : new Error(String(error)));
    }
    schedule();
  }

  function schedule(): void {
    if (isClosed) return;
    timer = setTimeout(() => {
      running = tick();
    }, intervalMs);
  }

  async function close(): Promise<void> {
    isClosed = true;
    clearTimeout(timer);
    await running;
  }

  schedule();
  return { sealNow, close };
}
