import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import {
  type BookingOutcome,
  type NewSession,
  insertBooking,
  wishesOf,
} from '../../db/bookings.ts';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { releaseExpiredInTheWay } from '../../db/claims.ts';
import { openDatabase } from '../../db/knex.ts';
import { inTransaction } from '../../db/transaction.ts';
import { type TestApi, startTestApi } from '../support/api.ts';
import { QUICK_PLAN, addClient, addTherapist } from '../support/stack-people.ts';

const CLIENTS = 64;
const ATTEMPTS = 2_000;
const MINUTE_MS = 60_000;
const EPOCH = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS + 86_400_000;

let api: TestApi;
let knex: Knex;
let clients: string[];
/** Whatever a statement failed with, before anything could be tried again. */
const refused: unknown[] = [];
beforeAll(async () => {
  api = await startTestApi();
  knex = openDatabase(api.databaseUrl, { maxConnections: CLIENTS, acquireTimeoutMs: 60_000 });
  knex.on('query-error', (error: Error & { code?: string }) => refused.push(error.code));
  const people = [];
  for (let made = 0; made < CLIENTS; made += 1) people.push(await addClient(api));
  clients = people.map(({ id }) => id);
}, 120_000);
afterAll(async () => {
  await knex.destroy();
  await api.close();
});

interface Wish {
  readonly therapistId: string;
  readonly clientId: string;
  readonly startsAt: number;
  readonly minutes: number;
  /** When the hold is over unless somebody answers. */
  readonly answerDueAt: number;
}

function sessionOf({ therapistId, clientId, startsAt, minutes, answerDueAt }: Wish): NewSession {
  return {
    id: newId(),
    clinicId: api.clinicId,
    door: 'therapy',
    sessionType: 'individual',
    format: 'video',
    specialization: null,
    therapistId,
    clientId,
    timeZone: 'UTC',
    state: {
      status: 'requested',
      startsAt,
      endsAt: startsAt + minutes * MINUTE_MS,
      approval: 'awaited',
      payment: 'not_due',
      holdDueAt: null,
      answerDueAt,
      paymentDueAt: null,
      proposal: null,
      scheduleVersion: 1,
    },
    plan: QUICK_PLAN,
    priceCents: 0,
    dueCents: 0,
    currency: 'USD',
    roomCode: 'x',
    details: null,
    createdBy: clientId,
    bookedAt: Date.now(),
  };
}

class NotBooked extends Error {
  readonly outcome: BookingOutcome;
  constructor(outcome: BookingOutcome) {
    super(outcome);
    this.outcome = outcome;
  }
}

async function bookOnce(session: NewSession): Promise<BookingOutcome> {
  try {
    return await inTransaction(knex, { actor: SYSTEM_ACTOR, requestId: null }, async (trx) => {
      const outcome = await insertBooking(trx, session);
      if (outcome !== 'booked') throw new NotBooked(outcome);
      return outcome;
    });
  } catch (error) {
    if (error instanceof NotBooked) return error.outcome;
    throw error;
  }
}

/** As a caller books: what has lapsed and is in the way goes first, then once more. */
async function book(session: NewSession): Promise<BookingOutcome> {
  const outcome = await bookOnce(session);
  if (outcome !== 'slot_taken') return outcome;
  const released = await releaseExpiredInTheWay(knex, wishesOf(session));
  return released > 0 ? bookOnce(session) : outcome;
}

/** Every client tries again and again, all at the same time. */
async function everybody(
  attempt: (clientId: string, turn: number) => Promise<void>,
): Promise<void> {
  let turn = 0;
  await Promise.all(
    clients.map(async (clientId) => {
      while (turn < ATTEMPTS) await attempt(clientId, (turn += 1));
    }),
  );
}

/** Pairs of claims of one person that overlap while both bind; the constraint must leave none. */
async function collisions(): Promise<unknown[]> {
  const { rows } = await knex.raw<{ rows: unknown[] }>(
    `SELECT a.id, b.id AS other FROM claims a JOIN claims b
       ON a.person_id = b.person_id AND a.id < b.id AND a.during && b.during
     WHERE a.state = 'active' AND b.state = 'active'`,
  );
  return rows;
}

/** The same numbers in every run; mulberry32. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

test('64 clients and 2,000 attempts at one slot: one wins, and nobody sees a deadlock', async () => {
  const { id: therapistId } = await addTherapist(api);
  const outcomes: BookingOutcome[] = [];
  await everybody(async (clientId) => {
    const answerDueAt = Date.now() + 60 * MINUTE_MS;
    outcomes.push(
      await book(sessionOf({ therapistId, clientId, startsAt: EPOCH, minutes: 50, answerDueAt })),
    );
  });
  expect(outcomes.length).toBeGreaterThanOrEqual(ATTEMPTS);
  expect(outcomes.filter((outcome) => outcome === 'booked')).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === 'limit_exceeded')).toEqual([]);
  expect(await knex('sessions').where({ therapist_id: therapistId })).toHaveLength(1);
  expect(await knex('claims').where({ person_id: therapistId, state: 'active' })).toHaveLength(1);
  expect(refused).toEqual([]);
}, 120_000);

test('2,000 holds with different starts, some of them lapsing: no two overlap', async () => {
  const { id: therapistId } = await addTherapist(api);
  const random = randomFrom(20_260_101);
  let booked = 0;
  await everybody(async (clientId, turn) => {
    const startsAt = EPOCH + 86_400_000 + random(480) * MINUTE_MS;
    const isShort = turn % 3 !== 0;
    const answerDueAt = Date.now() + (isShort ? 30 + random(300) : 60 * MINUTE_MS);
    const wish = { therapistId, clientId, startsAt, minutes: 1 + random(90), answerDueAt };
    if ((await book(sessionOf(wish))) === 'booked') booked += 1;
  });
  expect(booked).toBeGreaterThan(10);
  expect(await collisions()).toEqual([]);
  expect(await knex('sessions').where({ therapist_id: therapistId })).toHaveLength(booked);
  const claimed = await knex('claims').where({ person_id: therapistId }).count();
  expect(Number(claimed[0]?.['count'])).toBe(booked);
  expect(refused).toEqual([]);
}, 120_000);
