import { v7 as newId } from 'uuid';
import { insertBooking } from '../db/bookings.ts';
import { untilWon } from '../db/transaction.ts';
import type { BenchSlot } from './clinic.ts';
import { type BenchContext, type CpuMeters, GUARDED_INSERT, WIDEST, cpuMeters } from './context.ts';
import type { CpuMeter } from './cpu.ts';
import { type Rounds, alternate, median } from './measure.ts';
import { bookingOf } from './new-booking.ts';
import { type Finding, type RatioFinding, bounded, compared } from './report.ts';

const HAMMER_MS = 1_500;

interface Hammered {
  readonly attempts: number;
  readonly perSecond: number;
  readonly winners: number;
}

type Attempt = (clientId: string, slot: BenchSlot) => Promise<boolean>;

/** 64 clients press for one slot as fast as they can, again and again. */
export async function measureContention(context: BenchContext): Promise<Finding[]> {
  const deadlocksBefore = await deadlocks(context);
  const both = await contest(context, bookingAttempt(context), transactionAttempt(context));
  const single = await contest(context, bookingAttempt(context), insertAttempt(context));
  const rounds = [both, single].flatMap((each) => each.rounds.ours);
  const winners = [...new Set(rounds.map((round) => round.winners))];
  const found = (await deadlocks(context)) - deadlocksBefore;
  return [
    against(`${WIDEST} clients book one slot, against both rows bare`, both, { atLeast: 0.8 }),
    against('  the same, against the therapist’s row alone', single, { atLeast: 0.8 }),
    bounded('  winners of each slot', winners.join(', '), '1', winners.join() === '1'),
    bounded('  deadlocks', String(found), '0', found === 0),
  ];
}

function against(
  measure: string,
  { rounds: { ours, baseline }, cpu }: Contest,
  target: RatioFinding['target'],
): Finding {
  const rate = (hammered: readonly Hammered[]): number =>
    median(hammered.map(({ perSecond }) => perSecond));
  const details = { ratiosByRound: ours.map((it, at) => it.perSecond / baseline[at]!.perSecond) };
  return compared({
    measure,
    ours: rate(ours),
    baseline: rate(baseline),
    unit: '/s',
    target,
    details,
    cpu,
  });
}

interface Contest {
  readonly rounds: Rounds<Hammered>;
  readonly cpu: CpuMeters;
}

async function contest(context: BenchContext, ours: Attempt, baseline: Attempt): Promise<Contest> {
  const hammerMs = HAMMER_MS * context.scale;
  const cpu = cpuMeters(context);
  const metered = async (meter: CpuMeter, attempt: Attempt): Promise<Hammered> => {
    let attempts = 0;
    return meter.around(
      () => attempts,
      async () => {
        const hammered = await hammer(context, attempt, hammerMs);
        attempts = hammered.attempts;
        return hammered;
      },
    );
  };
  const rounds = await alternate(context.rounds, {
    ours: () => metered(cpu.ours, ours),
    baseline: () => metered(cpu.baseline, baseline),
  });
  return { rounds, cpu };
}

async function hammer(
  { clinic }: BenchContext,
  attempt: Attempt,
  hammerMs: number,
): Promise<Hammered> {
  const slot = clinic.nextSlot();
  let [attempts, winners] = [0, 0];
  const began = performance.now();
  const press = async (clientId: string): Promise<void> => {
    while (performance.now() - began < hammerMs) {
      if (await attempt(clientId, slot)) winners += 1;
      attempts += 1;
    }
  };
  await Promise.all(clinic.clients.slice(0, WIDEST).map(({ id }) => press(id)));
  return { attempts, perSecond: (attempts / (performance.now() - began)) * 1000, winners };
}

/** All that a booking writes. */
function bookingAttempt({ knex, clinic }: BenchContext): Attempt {
  return async (clientId, slot) => {
    const session = bookingOf(clinic.id, { ...slot, clientId });
    return (await untilWon(() => insertBooking(knex, session))) === 'booked';
  };
}

function valuesOf(clientId: string, { therapist, startsAt }: BenchSlot): unknown[] {
  const from = startsAt / 1000;
  return [newId(), [therapist.id, clientId], from, from + 3_000];
}

/** The therapist's row alone: one statement, which commits by itself. */
function insertAttempt({ pool }: BenchContext): Attempt {
  return async (clientId, slot) => {
    const [id, [therapistId], ...during] = valuesOf(clientId, slot) as [string, string[], number];
    const values = [id, [therapistId], ...during];
    const { rowCount } = await pool.query({ name: 'guarded', text: GUARDED_INSERT, values });
    return rowCount === 1;
  };
}

/** Both rows or none, which takes a transaction. */
function transactionAttempt({ pool }: BenchContext): Attempt {
  return async (clientId, slot) => {
    const connection = await pool.connect();
    try {
      await connection.query('BEGIN');
      const values = valuesOf(clientId, slot);
      const insert = { name: 'guarded', text: GUARDED_INSERT, values };
      const { rowCount } = await connection.query(insert);
      await connection.query(rowCount === 2 ? 'COMMIT' : 'ROLLBACK');
      return rowCount === 2;
    } finally {
      connection.release();
    }
  };
}

async function deadlocks({ pool }: BenchContext): Promise<number> {
  const { rows } = await pool.query<{ deadlocks: string }>(
    'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
  );
  return Number(rows[0]?.deadlocks ?? 0);
}
