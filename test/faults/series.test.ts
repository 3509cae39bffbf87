import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { openOccurrences } from '../../activities/series/opening.ts';
import { createSweepActivities } from '../../activities/sweep/index.ts';
import { workflowId } from '../../domain/ids.ts';
import {
  type Occurrence,
  type Pair,
  type Series,
  at,
  claimsOf,
  edit,
  later,
  made,
  make,
  pair,
  rivalOf,
  shown,
  times,
} from '../api/own/series-bench.ts';
import type { TestPerson } from '../support/api.ts';
import * as acts from '../support/stack-acts.ts';
import { chargesOf, eventsOf, isAllTold, mailsTo } from '../support/stack-findings.ts';
import { PRICE_CENTS, QUICK_PLAN } from '../support/stack-people.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const DAY_MS = 86_400_000;
const TODAY = new Date().toISOString().slice(0, 10);
/** Opened right away, and charged two days before. */
const SOON = later(6, TODAY);
const PRICE_OF_50_MINUTES = 50 * PRICE_CENTS;

let server: TestWorkflowEnvironment;
let stack: Stack;

beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server, {
    plan: { ...QUICK_PLAN, payment: { ...QUICK_PLAN.payment, nearSessionMs: 2 * DAY_MS } },
  });
}, 120_000);
afterAll(async () => {
  await stack.close();
  await server.teardown();
});

const WEEKLY = { startDate: SOON, rule: 'FREQ=WEEKLY;COUNT=4' };

function booked({ client, therapist }: Pair, { sessionId: id }: Occurrence): acts.Booked {
  return { id, client, therapist };
}

async function runStartAhead(): Promise<void> {
  await stack.temporal.schedule.getHandle('start-ahead').trigger();
}

/** What the mails about series say that somebody got, and that none of them names anybody. */
async function subjectsTo({ id }: TestPerson): Promise<string[]> {
  const { email } = await stack.api.knex('people').where({ id }).first('email');
  const mails = await mailsTo(stack, email);
  return mails.map(({ subject }) => subject ?? '').filter((each) => /regular/i.test(each));
}

function statuses({ occurrences }: Series): string[] {
  return occurrences.map(({ status }) => status);
}

/** Stopped right after its record was written, before it could reach Temporal. */
const CRASHING = {
  withDeadline: () => Promise.reject(new Error('the process died')),
} as unknown as Client;

describe('before any worker runs', () => {
  let people: Pair;
  let series: Series;

  test('an edit that no workflow answers stands, and keeps its new time', async () => {
    people = await pair(stack.api);
    series = await made(stack.api, people.therapist, people, WEEKLY);
    // Two of them begin within two weeks.
    expect(statuses(series)).toEqual([
      'awaiting_payment',
      'awaiting_payment',
      'planned',
      'planned',
    ]);
    const { status, body } = await edit(stack.api, people.therapist, series.id, {
      scope: 'this',
      occurrenceId: series.occurrences[0]!.sessionId,
      startTime: '12:00',
    });
    expect(status).toBe(200);
    expect(body.occurrences[0]).toMatchObject({ isChanging: true });
    const taken = { startDate: SOON, rule: 'FREQ=DAILY;COUNT=1', startTime: '12:20' };
    const other = await make(stack.api, people.therapist, await rivalOf(stack.api, people), taken);
    expect(other.body.code).toBe('slot_unavailable');
  }, 120_000);

  test('a crash before the workflow leaves a session that the sweeper takes up', async () => {
    const { sessionId: id } = series.occurrences[2]!;
    const deps = { knex: stack.api.knex, temporal: CRASHING };
    await expect(openOccurrences(deps, series.id, [id])).rejects.toThrow('the process died');
    const row = await stack.api.knex('sessions').where({ id }).first();
    expect(row).toMatchObject({ status: 'awaiting_payment', workflow_started_at: null });
    const again = { knex: stack.api.knex, temporal: stack.temporal };
    expect(await openOccurrences(again, series.id, [id])).toEqual({ opened: [], missed: [] });
    const created_at = new Date(Date.now() - 60_000);
    await stack.api.knex('sessions').where({ id }).update({ created_at });
    await createSweepActivities(again).sweep();
    const handle = stack.temporal.workflow.getHandle(workflowId('session', id));
    expect((await handle.describe()).status.name).toBe('RUNNING');
    expect(await eventsOf(stack, id)).toEqual(['booked', 'opened']);
  });

  test('the next run of the Schedule brings the edit to its workflow', async () => {
    await stack.startWorker();
    await until(() =>
      runStartAhead()
        .then(() => true)
        .catch(() => false),
    );
    await until(async () => {
      const now = await shown(stack.api, people.client, series.id);
      return !now.occurrences[0]!.isChanging;
    });
    const now = await shown(stack.api, people.client, series.id);
    expect(now.occurrences[0]!.startsAt.slice(11, 16)).toBe('12:00');
    expect(await claimsOf(stack.api, people.client)).toEqual(times(now));
  }, 120_000);
});

describe('a series that a client asks for', () => {
  test('is answered once, paid with one card, and charged near each date', async () => {
    const people = await pair(stack.api);
    const daily = { startDate: SOON, rule: 'FREQ=DAILY;COUNT=3' };
    const asked = await made(stack.api, people.client, people, daily);
    expect(statuses(asked)).toEqual(['planned', 'planned', 'planned']);
    await edit(stack.api, people.therapist, asked.id, { answer: 'approve' });
    const [first, second, third] = asked.occurrences.map((each) => booked(people, each));
    await acts.reaches(stack, third!, 'awaiting_payment');
    await runStartAhead();
    await until(async () =>
      (await subjectsTo(people.client)).some((each) => each.includes('accepted')),
    );
    expect(await subjectsTo(people.therapist)).toEqual([expect.stringContaining('waits')]);
    acts.ok(await acts.pay(stack, first!));
    for (const each of [first!, second!, third!]) {
      const row = await acts.reaches(stack, each, 'confirmed');
      expect(row.payment).toBe('saved');
      expect((await chargesOf(stack, each.id)).capturedCents).toBe(0);
    }
    // As if the dates had come near: two are moved to tomorrow.
    const near = async (each: acts.Booked, startTime: string): Promise<void> => {
      const body = { scope: 'this', occurrenceId: each.id, date: later(1, TODAY), startTime };
      acts.ok((await edit(stack.api, people.therapist, asked.id, body)) as never);
      await until(async () => (await chargesOf(stack, each.id)).capturedCents > 0);
    };
    await near(first!, '22:00');
    await near(second!, '20:00');
    for (const each of [first!, second!]) {
      expect(await chargesOf(stack, each.id)).toMatchObject({
        authorisations: 1,
        capturedCents: PRICE_OF_50_MINUTES,
      });
    }
    // What is cancelled before it is charged costs nothing; what was charged goes back by its rules.
    const all = await edit(stack.api, people.client, asked.id, { scope: 'all', cancel: true });
    expect(all.body.status).toBe('cancelled');
    for (const each of [first!, second!, third!]) await acts.reaches(stack, each, 'cancelled');
    await until(async () => (await chargesOf(stack, second!.id)).refundedCents > 0);
    expect(await chargesOf(stack, third!.id)).toMatchObject({ authorisations: 0, refunds: 0 });
    expect(await claimsOf(stack.api, people.client)).toEqual([]);
  }, 120_000);

  test('whose card is refused near the date asks its client, who pays anew', async () => {
    const people = await pair(stack.api);
    const daily = { startDate: SOON, rule: 'FREQ=DAILY;COUNT=2' };
    const series = await made(stack.api, people.therapist, people, daily);
    const [first, second] = series.occurrences.map((each) => booked(people, each));
    acts.ok(await acts.pay(stack, first!, 'pm_card_chargeCustomerFail'));
    expect((await acts.reaches(stack, second!, 'confirmed')).payment).toBe('saved');
    const body = { scope: 'this', occurrenceId: second!.id, date: later(1, TODAY) };
    await edit(stack.api, people.therapist, series.id, { ...body, startTime: '21:00' });
    const waiting = await acts.reaches(stack, second!, 'awaiting_payment');
    expect(waiting.payment_due_at?.getTime()).toBeGreaterThan(Date.now());
    await runStartAhead();
    await until(() => isAllTold(stack));
    expect((await stack.api.knex('sessions').where({ id: second!.id }).first()).status).toBe(
      'awaiting_payment',
    );
    acts.ok(await acts.pay(stack, second!));
    await acts.reaches(stack, second!, 'confirmed');
    expect(await chargesOf(stack, second!.id)).toMatchObject({
      capturedCents: PRICE_OF_50_MINUTES,
    });
  }, 120_000);
});

describe('edits of what is open', () => {
  test('planned and open ones move together, or none does', async () => {
    const people = await pair(stack.api);
    const rival = await rivalOf(stack.api, people);
    const series = await made(stack.api, people.therapist, people, WEEKLY);
    const before = times(series);
    const blocked = { startDate: SOON, rule: 'FREQ=DAILY;COUNT=1', startTime: '15:00' };
    const other = await made(stack.api, people.therapist, rival, blocked);
    const wish = { scope: 'all', startTime: '14:30' };
    const refused = await edit(stack.api, people.therapist, series.id, wish);
    expect([refused.status, refused.body.occurrences]).toMatchObject([409, [{ date: SOON }]]);
    expect(await claimsOf(stack.api, people.client)).toEqual(before);
    await edit(stack.api, people.therapist, other.id, { scope: 'all', cancel: true });
    await until(async () => (await claimsOf(stack.api, rival.client)).length === 0);
    const moved = await edit(stack.api, people.therapist, series.id, wish);
    expect(moved.status).toBe(200);
    const weeks = [0, 7, 14, 21].map((days) => later(days, SOON));
    expect(times(moved.body)).toEqual(at(weeks, '14:30'));
    expect(await claimsOf(stack.api, people.client)).toEqual(at(weeks, '14:30'));
    expect(await claimsOf(stack.api, people.therapist)).toEqual(at(weeks, '14:30'));
  }, 120_000);

  test('a client who moves a planned one opens it, and the therapist is asked', async () => {
    const people = await pair(stack.api);
    const series = await made(stack.api, people.therapist, people, WEEKLY);
    const { sessionId } = series.occurrences[3]!;
    const wish = { scope: 'this', occurrenceId: sessionId, startTime: '17:00' };
    const { status, body } = await edit(stack.api, people.client, series.id, wish);
    expect(status).toBe(200);
    expect(body.occurrences[3]).toMatchObject({
      status: 'awaiting_payment',
      proposedStartsAt: `${later(21, SOON)}T17:00:00.000Z`,
    });
    const all = { scope: 'all', startTime: '18:00' };
    expect((await edit(stack.api, people.client, series.id, all)).body.code).toBe(
      'refused_by_rule',
    );
    const own = booked(people, series.occurrences[3]!);
    acts.ok(await acts.approve(stack, own));
    const now = await shown(stack.api, people.client, series.id);
    expect(now.occurrences[3]!.startsAt.slice(11, 16)).toBe('17:00');
  }, 120_000);
});
