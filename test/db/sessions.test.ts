import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type SessionRow, columnsOf, findSession, stateOf } from '../../db/sessions.ts';
import {
  type Deadline,
  type Party,
  SESSION_STATUSES,
  type SessionState,
} from '../../domain/session.ts';
import { SOON, type SessionBench, startSessionBench } from '../activities/session/bench.ts';

let bench: SessionBench;

beforeAll(async () => {
  bench = await startSessionBench();
});
afterAll(() => bench.close());

const instant = fc.integer({ min: 0, max: 4_102_444_800_000 });
const due = fc.option(instant);

const endingArbitrary = {
  completed: fc.record({ attendance: fc.constantFrom('attended', 'unmarked') }),
  no_show: fc.record({ attendance: fc.constant('absent') }),
  expired: fc.record({ missed: fc.constantFrom<Deadline>('hold', 'answer', 'payment') }),
  cancelled: fc.record({ by: fc.constantFrom<Party>('client', 'therapist', 'staff', 'system') }),
} as Readonly<Record<string, fc.Arbitrary<object>>>;

const stateArbitrary: fc.Arbitrary<SessionState> = fc
  .record({
    status: fc.constantFrom(...SESSION_STATUSES),
    startsAt: instant,
    lengthMs: fc.integer({ min: 1, max: 86_400_000 }),
    approval: fc.constantFrom('not_needed', 'awaited', 'given'),
    payment: fc.constantFrom('not_due', 'due', 'saved', 'authorised', 'captured'),
    holdDueAt: due,
    answerDueAt: due,
    paymentDueAt: due,
    proposal: fc.option(fc.record({ startsAt: instant, endsAt: instant, answerDueAt: instant })),
    scheduleVersion: fc.integer({ min: 1, max: 99 }),
    movedByOthersAt: fc.option(instant, { nil: undefined }),
  })
  .chain(({ lengthMs, ...state }) =>
    (endingArbitrary[state.status] ?? fc.constant({})).map(
      (ending) => ({ ...state, endsAt: state.startsAt + lengthMs, ...ending }) as SessionState,
    ),
  );

test('a state and its columns say the same', () => {
  fc.assert(
    fc.property(stateArbitrary, (state) => {
      expect(stateOf(columnsOf(state) as SessionRow)).toEqual(state);
    }),
  );
});

test('a state survives the database to the millisecond', async () => {
  const { id } = await bench.book();
  await fc.assert(
    fc.asyncProperty(stateArbitrary, async (state) => {
      await bench.knex('sessions').where({ id }).update(columnsOf(state));
      expect(stateOf(await bench.row(id))).toEqual(state);
    }),
    { numRuns: 40 },
  );
});

test('a session that is not there is null', async () => {
  const { client_id: id } = await bench.book({ startsAt: SOON });
  expect(await findSession(bench.knex, id!)).toBeNull();
});
