import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { SessionRow } from '../../db/sessions.ts';
import { findSession } from '../../db/sessions.ts';
import { workflowId } from '../../domain/ids.ts';
import { isEnded } from '../../domain/session.ts';
import type { TestPerson } from '../support/api.ts';
import * as acts from '../support/stack-acts.ts';
import type { Booked } from '../support/stack-acts.ts';
import { chargesOf, claimsOf, eventsOf, steer } from '../support/stack-findings.ts';
import {
  PRICE_CENTS,
  QUICK_PLAN,
  addClient,
  addTherapist,
  setPlan,
} from '../support/stack-people.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;
const TTL_MS = 8_000;
/** When people act, in relation to the deadline, ms. */
const AROUND_MS = [-7_500, -1_800, -1_200, -800, -400, -200, -100, -50, 0, 50];

let server: TestWorkflowEnvironment;
let stack: Stack;
let therapist: TestPerson;
beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  therapist = await addTherapist(stack.api);
  await stack.startWorker();
}, 120_000);
afterAll(async () => {
  await stack.close();
  await server.teardown();
});

let hours = 24;

/** Each session has an hour of its own, so that none is in another's way. */
async function bookNext(): Promise<Booked> {
  hours += 1;
  const startsAt = acts.inFuture(hours * HOUR_MS);
  return acts.book(stack, { client: await addClient(stack.api), therapist, startsAt });
}

async function rowOf(booked: Booked): Promise<SessionRow> {
  return (await findSession(stack.api.knex, booked.id))!;
}

/** Acts at that distance from a deadline of the session. */
async function actAround<T>(
  dueAt: Date | null,
  aroundMs: number,
  act: () => Promise<T>,
): Promise<T> {
  await delay(Math.max(0, dueAt!.getTime() + aroundMs - Date.now()));
  return act();
}

/** What the client sees, what the row says and what the calendar holds are one thing. */
async function expectOneEnd(booked: Booked): Promise<SessionRow['status']> {
  const row = await rowOf(booked);
  const { token } = booked.client;
  const path = `/api/therapy/sessions/${booked.id}`;
  const seen = await stack.api.call<{ data: { status: string } }>('GET', path, undefined, {
    token,
  });
  expect(seen.body.data.status).toBe(row.status);
  expect(await claimsOf(stack, booked.id)).toHaveLength(isEnded(row.status) ? 0 : 2);
  const events = await eventsOf(stack, booked.id);
  const ends = events.filter((kind) => kind === 'expired' || kind === 'payment_captured');
  expect(ends.length).toBeLessThanOrEqual(1);
  return row.status;
}

describe('an answer in the very moment at which its time is up', () => {
  beforeAll(async () => {
    await setPlan(stack.api, {
      ...QUICK_PLAN,
      approval: { by: 'therapist', ttlMs: TTL_MS },
      payment: { ...QUICK_PLAN.payment, by: 'nobody' },
    });
  });

  test('has one end, and the time goes to whoever may have it', async () => {
    const outcomes = await Promise.all(
      AROUND_MS.map(async (aroundMs) => {
        const booked = await bookNext();
        const rival = await addClient(stack.api);
        const { answer_due_at: dueAt, starts_at: startsAt } = await rowOf(booked);
        const [approved, taken] = await Promise.all([
          actAround(dueAt, aroundMs, () => acts.approve(stack, booked)),
          actAround(dueAt, aroundMs, () =>
            acts.requestBooking(stack, { client: rival, therapist, startsAt: startsAt.getTime() }),
          ),
        ]);
        return { booked, rival, approved: approved.status, taken: taken.status };
      }),
    );
    for (const { booked, approved, taken } of outcomes) {
      const end = approved === 200 ? 'confirmed' : 'expired';
      await acts.reaches(stack, booked, end);
      expect(await expectOneEnd(booked)).toBe(end);
      expect([201, 409]).toContain(taken);
      if (end === 'confirmed') expect(taken).toBe(409);
    }
    expect(outcomes.some(({ approved }) => approved === 200)).toBe(true);
    expect(outcomes.some(({ approved }) => approved !== 200)).toBe(true);
  }, 120_000);
});

describe('a payment in the very moment at which its time is up', () => {
  beforeAll(async () => {
    await setPlan(stack.api, {
      ...QUICK_PLAN,
      approval: { by: 'nobody', ttlMs: HOUR_MS },
      payment: { ...QUICK_PLAN.payment, ttlMs: TTL_MS },
    });
  });

  test.each([0, 400])(
    'buys the session or goes back, with a bank that takes %d ms',
    async (latencyMs) => {
      await steer(stack, '/stripe/settings', { latencyMs });
      const outcomes = await Promise.all(
        AROUND_MS.map(async (aroundMs) => {
          const booked = await bookNext();
          const { payment_due_at: dueAt } = await rowOf(booked);
          const { status, body } = await actAround(dueAt, aroundMs, () => acts.pay(stack, booked));
          return { booked, status, body };
        }),
      );
      await steer(stack, '/stripe/settings', { latencyMs: 0 });
      for (const { booked, status, body } of outcomes) {
        expect([200, 409, 410, 402]).toContain(status);
        await settled(booked);
        const end = await expectOneEnd(booked);
        const { capturedCents, refundedCents, heldCents } = await chargesOf(stack, booked.id);
        const paidCents = end === 'confirmed' ? PRICE_CENTS : 0;
        expect({ keptCents: capturedCents - refundedCents, heldCents }).toEqual({
          keptCents: paidCents,
          heldCents: 0,
        });
        // What was authorised may still be let go: then the answer says that it waits for money.
        if (status === 200 && body.data['status'] === 'confirmed') expect(end).toBe('confirmed');
      }
    },
    120_000,
  );
});

/** It is confirmed, or its workflow has ended and so has dealt with the money. */
async function settled(booked: Booked): Promise<void> {
  const workflow = stack.temporal.workflow.getHandle(workflowId('session', booked.id));
  await until(async () => {
    if ((await rowOf(booked)).status === 'confirmed') return true;
    return (await workflow.describe()).status.name === 'COMPLETED';
  });
}
