import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { releaseExpiredInTheWay } from '../../db/claims.ts';
import { type SeatStepOutcome, recordSeatStep, seatOutcomeOf } from '../../db/seat-transitions.ts';
import { countConfirmed, findSeat, isOff, liveSeats, markSeatBegun } from '../../db/seats.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isEnded } from '../../domain/session.ts';
import { callOffSeat } from '../session/starting.ts';
import type { SeatActivities, SeatInput } from './contract.ts';

export interface SeatDeps {
  readonly knex: Knex;
  readonly temporal: Client;
}

/** The steps of a group's members, written into the record. */
export function createSeatActivities(deps: SeatDeps): SeatActivities {
  const { knex } = deps;
  return {
    beginSeat: async ({ enrolmentId }) => {
      const status = await markSeatBegun(knex, enrolmentId);
      return { kind: status === null || isEnded(status) ? 'ended' : 'begun' };
    },
    recordSeat: async (input) => ({ outcome: await recordSeat(knex, input) }),
    isCalledOff: async ({ enrolmentId }) => {
      const seat = await findSeat(knex, enrolmentId);
      return { isOff: seat !== null && isOff(seat.session_status) };
    },
    countMembers: async ({ sessionId }) => ({ confirmed: await countConfirmed(knex, sessionId) }),
    callOffSeats: ({ sessionId }) => callOffSeats(deps, sessionId),
  };
}

/** Records one step of a member; a lapsed hold in the way of taking the time back goes first. */
async function recordSeat(knex: Knex, input: SeatInput): Promise<SeatStepOutcome> {
  const outcome = await attempt(knex, input);
  if (outcome !== 'slot_taken' || input.claims !== 'reclaim') return outcome;
  const seat = await findSeat(knex, input.enrolmentId);
  if (seat === null) return outcome;
  const [startMs, endMs] = [seat.starts_at.getTime(), seat.ends_at.getTime()];
  const wish = { personId: seat.client_id, startMs, endMs };
  const released = await releaseExpiredInTheWay(knex, [wish]);
  return released > 0 ? attempt(knex, input) : outcome;
}

async function attempt(knex: Knex, input: SeatInput): Promise<SeatStepOutcome> {
  const { claims } = input;
  if (claims !== 'keep' && claims !== 'release' && claims !== 'reclaim') {
    throw new HoldfastError('wrong_state', 'A seat keeps the time of its session.');
  }
  const by = input.data?.by;
  const role = typeof by === 'string' ? by : 'system';
  const context = { actor: { id: input.actorId, role, clinicId: null }, requestId: null };
  try {
    await inTransaction(knex, context, async (trx, audit) => {
      const owner = await recordSeatStep(trx, { ...input, claims });
      if (owner === null) return;
      audit({
        action: `enrolment.${input.event}`,
        objectType: 'enrolment',
        objectId: input.enrolmentId,
        clinicId: owner.clinicId,
        subjectId: owner.personId,
        changes: { status: input.state.status, version: input.version },
      });
    });
    return 'recorded';
  } catch (error) {
    return seatOutcomeOf(error);
  }
}

async function callOffSeats({ knex, temporal }: SeatDeps, sessionId: string): Promise<void> {
  for (const enrolmentId of await liveSeats(knex, sessionId)) {
    const seat = await findSeat(knex, enrolmentId);
    if (seat !== null) await callOffSeat(temporal, seat);
  }
}
