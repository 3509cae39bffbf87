import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { type BatchOutcome, bookTogether } from '../../db/batch-bookings.ts';
import type { NewSession } from '../../db/bookings.ts';
import { insertHold } from '../../db/holds.ts';
import { openDatabase } from '../../db/knex.ts';
import { DESK_PLAN } from '../api/scheduling/desk.ts';
import { type TestApi, startTestApi } from '../support/api.ts';
import { addClient, addTherapist } from '../support/stack-people.ts';

const HOLDS = 10_000;
const AT_ONCE = 32;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 1_440 * MINUTE_MS;
const LENGTH_MS = 50 * MINUTE_MS;
/** Between one start and the next: they spread over a week, some 500 around each. */
const STEP_MS = 61 * SECOND_MS;
const FIRST_MS = Math.ceil(Date.now() / DAY_MS) * DAY_MS + 2 * DAY_MS;

let api: TestApi;
let knex: Knex;
/** Whatever a statement failed with, before anything could be tried again. */
const failures: unknown[] = [];
beforeAll(async () => {
  api = await startTestApi();
  knex = openDatabase(api.databaseUrl, { maxConnections: AT_ONCE, acquireTimeoutMs: 60_000 });
  knex.on('query-error', (error: Error & { code?: string }) => failures.push(error.code));
}, 120_000);
afterAll(async () => {
  await knex.destroy();
  await api.close();
});

interface Wish {
  readonly therapistId: string;
  readonly clientId: string;
  readonly startsAt: number;
}

/** As staff hold a time: the session, its claims and its hold at once, or nothing of them. */
async function hold({ therapistId, clientId, startsAt }: Wish): Promise<BatchOutcome> {
  const id = newId();
  const expiresAt = Date.now() + 10 * MINUTE_MS;
  const session: NewSession = {
    id,
    clinicId: api.clinicId,
    door: 'scheduling',
    sessionType: 'individual',
    format: 'video',
    specialization: null,
    therapistId,
    clientId,
    timeZone: 'UTC',
    state: {
      status: 'held',
      startsAt,
      endsAt: startsAt + LENGTH_MS,
      approval: 'not_needed',
      payment: 'not_due',
      holdDueAt: expiresAt,
      answerDueAt: null,
      paymentDueAt: null,
      proposal: null,
      scheduleVersion: 1,
    },
    plan: DESK_PLAN,
    priceCents: 0,
    dueCents: 0,
    currency: 'USD',
    roomCode: 'x',
    details: null,
    createdBy: therapistId,
    bookedAt: Date.now(),
    placing: { holdId: id, serviceId: null, locationId: null, authorisationId: null },
  };
  return bookTogether(
    knex,
    { actor: SYSTEM_ACTOR, requestId: null },
    {
      sessions: [session],
      isLimited: true,
      alongside: (trx) =>
        insertHold(trx, {
          id,
          clinicId: api.clinicId,
          keyHash: createHash('sha256').update(id).digest(),
          expiresAt,
          createdBy: therapistId,
        }),
    },
  );
}

/** Every start once, in an order in which neighbours meet at any time; 6,007 is prime. */
function startOf(turn: number): number {
  return FIRST_MS + ((turn * 6_007) % HOLDS) * STEP_MS;
}

test('10,000 overlapping holds with different starts leave no two that overlap', async () => {
  const { id: therapistId } = await addTherapist(api);
  const clients: string[] = [];
  for (let made = 0; made < AT_ONCE; made += 1) clients.push((await addClient(api)).id);
  const held: number[] = [];
  const refused: number[] = [];
  let turn = 0;
  await Promise.all(
    clients.map(async (clientId) => {
      while (turn < HOLDS) {
        const startsAt = startOf(turn++);
        const outcome = await hold({ therapistId, clientId, startsAt });
        (outcome.kind === 'booked' ? held : refused).push(startsAt);
      }
    }),
  );
  expect(new Set([...held, ...refused]).size).toBe(HOLDS);
  const { rows: collisions } = await knex.raw<{ rows: unknown[] }>(
    `SELECT a.id, b.id AS other FROM claims a JOIN claims b
       ON a.person_id = b.person_id AND a.id < b.id AND a.during && b.during
     WHERE a.state = 'active' AND b.state = 'active'`,
  );
  expect(collisions).toEqual([]);
  const sessions = await knex('sessions').where({ therapist_id: therapistId });
  expect(sessions.map((row) => (row['starts_at'] as Date).getTime()).toSorted()).toEqual(
    held.toSorted(),
  );
  const [holds, claims] = [await knex('holds').count(), await knex('claims').count()];
  expect([holds[0]!['count'], claims[0]!['count']]).toEqual([
    String(held.length),
    String(2 * held.length),
  ]);
  // Nobody was refused for a time that nobody got.
  const baseless = refused.filter(
    (startsAt) => !held.some((other) => Math.abs(other - startsAt) < LENGTH_MS),
  );
  expect(baseless).toEqual([]);
  expect(failures).toEqual([]);
}, 120_000);
