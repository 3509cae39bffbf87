import { claimDue, postponeDelivery, returnDeliveries, settleDeliveries } from '../../db/outbox.ts';
import type { ClaimedRow } from '../../db/outbox.ts';
import { openTask } from '../../db/tasks.ts';
import { errorCodeOf } from '../../domain/errors.ts';
import type { OutboxConsumer, OutboxDeps } from './contract.ts';

/** Something went wrong and will be tried again. */
export interface RelayFault {
  readonly consumer: string | null;
  readonly outboxId: string | null;
  readonly error: unknown;
}

export interface DrainOptions {
  /** How many events are claimed at once. */
  readonly batch: number;
  /** A relay that is silent for so long is taken for dead, ms. */
  readonly leaseMs: number;
  /** A consumer that takes longer over one event has failed, ms; well below the lease. */
  readonly handleWithinMs: number;
  /** The longest pause between two attempts, ms. */
  readonly maxPauseMs: number;
  readonly signal: AbortSignal;
  readonly onFault: (fault: RelayFault) => void;
}

const FIRST_PAUSE_MS = 500;
/** After so many failures, which is some hours, a human should look. */
const ATTEMPTS_UNTIL_TASK = 14;

/** Hands a consumer all that is due for it, in the order of ids, until nothing is or we stop. */
export async function drainConsumer(
  deps: OutboxDeps,
  consumer: OutboxConsumer,
  options: DrainOptions,
): Promise<void> {
  const { batch, leaseMs, signal } = options;
  while (!signal.aborted) {
    const rows = await claimDue(deps.knex, consumer.name, { limit: batch, leaseMs });
    if (rows.length > 0) await handOver(deps, consumer, rows, options);
    if (rows.length < batch) return;
  }
}

async function handOver(
  deps: OutboxDeps,
  consumer: OutboxConsumer,
  rows: readonly ClaimedRow[],
  options: DrainOptions,
): Promise<void> {
  // Nothing is begun that might not end within the lease.
  const beginUntil = performance.now() + options.leaseMs - 2 * options.handleWithinMs;
  const done: string[] = [];
  const left: string[] = [];
  for (const row of rows) {
    if (options.signal.aborted || performance.now() > beginUntil) left.push(row.id);
    else if (await succeeds(deps, consumer, row, options)) done.push(row.id);
  }
  await settleDeliveries(deps.knex, consumer.name, done);
  await returnDeliveries(deps.knex, consumer.name, left);
}

async function succeeds(
  deps: OutboxDeps,
  consumer: OutboxConsumer,
  row: ClaimedRow,
  options: DrainOptions,
): Promise<boolean> {
  try {
    await withinTime(consumer.handle(deps, row), options.handleWithinMs);
    return true;
  } catch (error) {
    options.onFault({ consumer: consumer.name, outboxId: row.id, error });
    await postponeDelivery(deps.knex, consumer.name, {
      id: row.id,
      delayMs: pauseMs(row.attempts, options.maxPauseMs),
      error: codeOf(error),
    });
    if (row.attempts >= ATTEMPTS_UNTIL_TASK) await askForHelp(deps, consumer, row);
    return false;
  }
}

/** Grows from attempt to attempt; its random part keeps those who failed together apart. */
function pauseMs(attempts: number, maxPauseMs: number): number {
  const fullMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 30), maxPauseMs);
  return Math.round(fullMs * (0.5 + Math.random() / 2));
}

async function askForHelp(
  { knex }: OutboxDeps,
  { name }: OutboxConsumer,
  row: ClaimedRow,
): Promise<void> {
  await openTask(knex, {
    clinicId: row.clinicId,
    key: `event-stuck:${name}:${row.id}`,
    kind: 'event_stuck',
    data: { consumer: name, eventId: row.id, topic: row.topic },
  });
}

async function withinTime(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(Object.assign(new Error('took too long'), { code: 'too_slow' })),
      limitMs,
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A code or an error's name: messages may hold what people typed. */
function codeOf(error: unknown): string {
  const known = errorCodeOf(error);
  if (known !== null) return known;
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
