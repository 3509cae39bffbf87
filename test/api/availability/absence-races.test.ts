import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { recordStep } from '../../../activities/session/transitions.ts';
import { createException } from '../../../api/availability/exceptions.ts';
import type { ClearException } from '../../../api/availability/exceptions.ts';
import {
  insertException,
  lockAbsences,
  moveAbsences,
} from '../../../db/availability-exceptions.ts';
import { insertBooking } from '../../../db/bookings.ts';
import { translateDatabaseError } from '../../../db/database-errors.ts';
import type { SessionRow } from '../../../db/sessions.ts';
import { errorCodeOf } from '../../../domain/errors.ts';
import {
  HOUR_MS,
  MINUTE_MS,
  SOON,
  type SessionBench,
  after,
  startSessionBench,
} from '../../activities/session/bench.ts';
import { until } from '../../support/until.ts';

const DAY_MS = 24 * HOUR_MS;
const DAY = Math.ceil(SOON / DAY_MS) * DAY_MS;
const DATE = new Date(DAY).toISOString().slice(0, 10);

let bench: SessionBench;
let therapistId: string;
beforeAll(async () => {
  bench = await startSessionBench(24);
});
afterAll(() => bench.close());
beforeEach(async () => {
  therapistId = await bench.therapist();
});

function takeOff(confirmed: readonly string[] | null = null): Promise<ClearException> {
  const principal = { personId: therapistId, clinicId: bench.clinicId, role: 'counselor' };
  const call = { deps: { knex: bench.knex }, principal, newId: newId(), requestId: 'test' };
  return createException(call as never, {
    therapistId,
    kind: 'time_off',
    startDate: DATE,
    endDate: DATE,
    startMinute: null,
    endMinute: null,
    reason: null,
    confirmed,
  });
}

/** As people do: looks at what is named, confirms it, and looks again where there is more. */
async function insist(confirmed: readonly string[] | null = null): Promise<void> {
  try {
    await takeOff(confirmed);
  } catch (error) {
    if (errorCodeOf(error) !== 'sessions_affected') throw error;
    const { sessions } = (error as { details: { sessions: { id: string }[] } }).details;
    await insist(sessions.map(({ id }) => id));
  }
}

async function book(startsAt: number): Promise<string> {
  try {
    return await bench.insert(await bench.draft({ therapistId, startsAt }));
  } catch (error) {
    return errorCodeOf(translateDatabaseError(error)) ?? String(error);
  }
}

function waiters(): Promise<number> {
  return bench
    .knex('pg_locks')
    .where({ locktype: 'advisory', granted: false })
    .count<{ count: string }[]>()
    .then((rows) => Number(rows[0]?.count));
}

async function named(): Promise<string[]> {
  const rows = await bench
    .knex('outbox')
    .where({ topic: 'absence.started' })
    .whereRaw(`payload->>'therapistId' = ?`, [therapistId])
    .pluck('payload');
  return rows.flatMap(({ sessionIds }: { sessionIds: string[] }) => sessionIds);
}

describe('time off and a booking of the same time', () => {
  test('that is just being written is waited for, and named', async () => {
    const session = await bench.draft({ therapistId, startsAt: DAY + 9 * HOUR_MS });
    const trx = await bench.knex.transaction();
    expect(await insertBooking(trx, session)).toBe('booked');
    const off = expect(takeOff()).rejects.toMatchObject({
      code: 'sessions_affected',
      details: { sessions: [{ id: session.id, status: 'requested' }] },
    });
    await until(async () => (await waiters()) === 1);
    await trx.commit();
    await off;
  });

  test('that comes meanwhile waits, and is refused', async () => {
    const trx: Knex.Transaction = await bench.knex.transaction();
    await lockAbsences(trx, therapistId);
    const dates = { kind: 'time_off' as const, startDate: DATE, endDate: DATE };
    const off = { ...dates, startMinute: 540, endMinute: 600, reason: null, createdBy: null };
    await insertException(trx, { ...off, id: newId(), therapistId }, 'UTC');
    const late = book(DAY + 9 * HOUR_MS);
    const later = book(DAY + 10 * HOUR_MS);
    await until(async () => (await waiters()) === 2);
    await trx.commit();
    expect([await late, await later]).toEqual(['therapist_unavailable', 'booked']);
  });

  test('either names it or refuses it, in any order of many', async () => {
    for (let round = 0; round < 8; round += 1) {
      therapistId = await bench.therapist();
      const bookings = Array.from({ length: 20 }, (_, at) => book(DAY + at * HOUR_MS));
      await Promise.all(bookings.slice(0, round));
      const [outcomes] = await Promise.all([Promise.all(bookings), insist()]);
      const landed = await bench.knex('sessions').where({ therapist_id: therapistId }).pluck('id');
      expect((await named()).toSorted()).toEqual(landed.toSorted());
      const refused = outcomes.filter((outcome) => outcome !== 'booked');
      expect([landed.length + refused.length, ...new Set(refused)].slice(0, 2)).toEqual(
        refused.length === 0 ? [20] : [20, 'therapist_unavailable'],
      );
    }
  }, 120_000);
});

describe('time off', () => {
  async function confirmed(startsAt: number): Promise<SessionRow> {
    const state = { status: 'confirmed', approval: 'given', payment: 'captured' } as const;
    const due = { answerDueAt: null, paymentDueAt: null };
    return bench.book({ therapistId, startsAt, state: { ...state, ...due } as never });
  }

  test.each([true, false])('refuses sessions that move into it (asking: %p)', async (asks) => {
    await takeOff();
    const session = await confirmed(DAY - 2 * HOUR_MS);
    const proposal = {
      startsAt: DAY + HOUR_MS,
      endsAt: DAY + 2 * HOUR_MS,
      answerDueAt: DAY - 3 * HOUR_MS,
    };
    const event = { type: 'reschedule', proposal, needsApproval: asks, by: 'client' } as const;
    const outcome = await recordStep(bench.knex, {
      sessionId: session.id,
      version: session.version + 1,
      state: after(session, event),
      claims: asks ? 'propose' : 'move',
      event: event.type,
      actorId: null,
    });
    expect(outcome).toBe('slot_taken');
  });

  test('names sessions that are proposed to move into it, and lets them', async () => {
    const session = await confirmed(DAY - 2 * HOUR_MS);
    const proposal = {
      startsAt: DAY + HOUR_MS,
      endsAt: DAY + 2 * HOUR_MS,
      answerDueAt: DAY - 3 * HOUR_MS,
    };
    const step = async (event: Parameters<typeof after>[1], claims: string): Promise<string> => {
      const row = await bench.row(session.id);
      return recordStep(bench.knex, {
        sessionId: row.id,
        version: row.version + 1,
        state: after(row, event),
        claims: claims as never,
        event: event.type,
        actorId: null,
      });
    };
    await step({ type: 'reschedule', proposal, needsApproval: true, by: 'client' }, 'propose');
    await insist();
    expect(await named()).toEqual([session.id]);
    expect(await step({ type: 'approve' }, 'accept_proposal')).toBe('recorded');
    expect((await bench.row(session.id)).starts_at.getTime()).toBe(proposal.startsAt);
  });

  test('moves along when its therapist moves to another zone', async () => {
    await takeOff();
    await bench.knex.transaction((trx) => moveAbsences(trx, therapistId, 'Asia/Kathmandu'));
    expect(await book(DAY - 5 * HOUR_MS)).toBe('therapist_unavailable');
    expect(await book(DAY + 18 * HOUR_MS + 15 * MINUTE_MS)).toBe('booked');
  });

  test('names nothing that has ended, and nothing twice for a retry with its key', async () => {
    const gone = await confirmed(DAY + 3 * HOUR_MS);
    await bench.knex('sessions').where({ id: gone.id }).update({ status: 'cancelled' });
    await takeOff();
    expect(await named()).toEqual([]);
  });
});
