import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { findSeat } from '../../db/seats.ts';
import { forgottenSeats, lostSeats, unstartedSeats } from '../../db/sweeping.ts';
import { isEnded } from '../../domain/session.ts';
import { startAgain } from '../session/reviving.ts';
import { callOffSeat, isRunning, startSession } from '../session/starting.ts';

export interface SeatSweep {
  readonly started: number;
  readonly revived: number;
}

/**
 * Mends what a crash leaves between a member's seat and their workflow. `abandoned` are those
 * whose workflow was ended by force.
 */
export async function sweepSeats(
  deps: { readonly knex: Knex; readonly temporal: Client },
  abandoned: readonly string[],
): Promise<SeatSweep> {
  const { knex, temporal } = deps;
  const unstarted = await unstartedSeats(knex);
  for (const id of unstarted) await withSeat(knex, id, (seat) => startSession(temporal, seat));
  for (const id of await forgottenSeats(knex)) {
    await withSeat(knex, id, (seat) => callOffSeat(temporal, seat));
  }
  let revived = 0;
  for (const id of new Set([...(await lostSeats(knex)), ...abandoned])) {
    if (await isRunning(temporal, id, 'enrolment')) continue;
    await withSeat(knex, id, async (seat) => {
      await startAgain(deps, seat);
      revived += 1;
    });
  }
  return { started: unstarted.length, revived };
}

type Seat = NonNullable<Awaited<ReturnType<typeof findSeat>>>;

async function withSeat(knex: Knex, id: string, act: (seat: Seat) => Promise<void>): Promise<void> {
  const seat = await findSeat(knex, id);
  if (seat !== null && !isEnded(seat.status)) await act(seat);
}
