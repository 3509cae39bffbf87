import { afterAll, beforeAll, expect } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { v7 as newId } from 'uuid';
import { workflowId } from '../../domain/ids.ts';
import type { KillPoint } from '../support/killable-points.ts';
import * as acts from '../support/stack-acts.ts';
import type { Booked } from '../support/stack-acts.ts';
import { chargesOf, claimsOf, eventsOf, textsTo } from '../support/stack-findings.ts';
import { PRICE_CENTS, addClient } from '../support/stack-people.ts';
import { holdNews } from '../support/stack-news.ts';
import type { StackProcess } from '../support/stack-process.ts';
import { sideBySide } from '../support/stack-side-by-side.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import {
  type Lane,
  bookTomorrow,
  confirmed,
  diesThere,
  endCancelled,
  expectSquare,
  inLane,
  liveOn,
  remindOnce,
  tomorrow,
} from './lane.ts';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await devServer();
}, 120_000);
afterAll(async () => server.teardown());

function lane(story: (lane: Lane) => Promise<void>): () => Promise<void> {
  return () => inLane(server, story);
}

/** Books at an API that dies of it. The session is there; `again` is the same request once more. */
async function bookAndDie(
  { stack, client, therapist }: Lane,
  point: KillPoint,
): Promise<{ id: string; again: () => ReturnType<typeof acts.requestBooking> }> {
  const api = await stack.startKillableApi(point);
  const wish = { client, therapist, startsAt: tomorrow(), key: newId() };
  await expect(acts.requestBooking(stack, { ...wish, url: api.url })).rejects.toThrow();
  await diesThere(api);
  const id = (await stack.api.knex('sessions').first('id')).id as string;
  expect(await claimsOf(stack, id)).toHaveLength(2);
  return { id, again: () => acts.requestBooking(stack, wish) };
}

async function hasWorkflow({ stack }: Lane, sessionId: string): Promise<boolean> {
  const handle = stack.temporal.workflow.getHandle(workflowId('session', sessionId));
  return handle.describe().then(
    () => true,
    () => false,
  );
}

/**
 * A worker that dies at the point, while the providers' own news does not come through: what
 * became of things has to be found out without it.
 */
async function startDeaf({ stack }: Lane, point: KillPoint): Promise<StackProcess> {
  await holdNews(stack.sandboxUrl);
  return stack.startKillableWorker(point);
}

/** A request that is answered later. When the test fails before, nobody hears of it. */
function underWay<T>(request: Promise<T>): Promise<T> {
  request.catch(() => undefined);
  return request;
}

/** The worker's transaction waits for a row that this test has locked. */
async function waitsForLock({ stack }: Lane): Promise<boolean> {
  const { rows } = await stack.api.knex.raw(
    `SELECT count(*)::int AS waiting FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE '%claims%'`,
  );
  return rows[0].waiting > 0;
}

/** Starts in a moment, paid and approved; its worker dies at the start and another takes over. */
async function dieAtStart(point: KillPoint, { stack, client, therapist }: Lane): Promise<Booked> {
  const victim = await startDeaf({ stack, client, therapist }, point);
  const startsAt = acts.inFuture(40_000);
  const booked = await acts.book(stack, { client, therapist, startsAt });
  await confirmed({ stack, client, therapist }, booked);
  await diesThere(victim);
  expect(Date.now()).toBeGreaterThanOrEqual(startsAt);
  return booked;
}

async function endAttended(own: Lane, booked: Booked): Promise<void> {
  const { stack } = own;
  await stack.startWorker();
  await acts.reaches(stack, booked, 'in_progress');
  expect(await claimsOf(stack, booked.id)).toHaveLength(2);
  acts.ok(await acts.mark(stack, booked, 'attended'));
  expect(await acts.resultOf(stack, booked)).toEqual({ status: 'completed' });
  expect((await eventsOf(stack, booked.id)).slice(-2)).toEqual(['started', 'marked_attended']);
  await expectSquare(own, booked, { status: 'completed', refundedCents: 0, texts: 0 });
}

sideBySide(
  {
    'before the workflow’s start, after the claim’s commit: the client asks again': lane(
      async (own) => {
        const { stack, client, therapist } = own;
        const { id, again } = await bookAndDie(own, 'before_workflow_start');
        expect(await hasWorkflow(own, id)).toBe(false);
        await stack.startWorker();
        const { body } = acts.ok(await again());
        expect(body.data['session_id']).toBe(id);
        await liveOn(own, { id, client, therapist });
      },
    ),
    'before the workflow’s start, after the claim’s commit: the sweeper takes it up': lane(
      async (own) => {
        const { stack, client, therapist } = own;
        const { id } = await bookAndDie(own, 'before_workflow_start');
        expect(await hasWorkflow(own, id)).toBe(false);
        await stack.startWorker();
        // A caller has a while to do it by themselves: that while is over.
        await stack.api.knex('sessions').update({ created_at: new Date(Date.now() - 60_000) });
        await stack.temporal.schedule.getHandle('sweep').trigger();
        await until(() => hasWorkflow(own, id));
        await liveOn(own, { id, client, therapist });
      },
    ),
    'after the workflow’s start, before the caller’s answer': lane(async (own) => {
      const { stack, client, therapist } = own;
      const { id, again } = await bookAndDie(own, 'after_workflow_start');
      expect(await hasWorkflow(own, id)).toBe(true);
      await stack.startWorker();
      const { body } = acts.ok(await again());
      expect(body.data['session_id']).toBe(id);
      await liveOn(own, { id, client, therapist });
    }),
    'in the hold’s activity': lane(async (own) => {
      const { stack } = own;
      const victim = await startDeaf(own, 'hold_noted');
      const booked = await bookTomorrow(own);
      await diesThere(victim);
      await stack.startWorker();
      await liveOn(own, booked);
    }),
    'after approval, before capture': lane(async (own) => {
      const { stack } = own;
      const victim = await startDeaf(own, 'before_capture');
      const booked = await bookTomorrow(own);
      acts.ok(await acts.pay(stack, booked));
      const approving = underWay(acts.approve(stack, booked));
      await diesThere(victim);
      expect(await chargesOf(stack, booked.id)).toMatchObject({
        authorisations: 1,
        capturedCents: 0,
      });
      await stack.startWorker();
      acts.ok(await approving);
      await liveOn(own, booked);
    }),
    'after the card provider has authorised, before the activity completed': lane(async (own) => {
      const { stack } = own;
      const victim = await startDeaf(own, 'authorised_at_provider');
      const booked = await bookTomorrow(own);
      const paying = underWay(acts.pay(stack, booked));
      await diesThere(victim);
      expect(await chargesOf(stack, booked.id)).toMatchObject({ authorisations: 1 });
      await stack.startWorker();
      acts.ok(await paying);
      await liveOn(own, booked);
    }),
    'after capture, before the database write': lane(async (own) => {
      const { stack } = own;
      const victim = await startDeaf(own, 'captured_at_provider');
      const booked = await bookTomorrow(own);
      acts.ok(await acts.pay(stack, booked));
      const approving = underWay(acts.approve(stack, booked));
      await diesThere(victim);
      expect(await chargesOf(stack, booked.id)).toMatchObject({ capturedCents: PRICE_CENTS });
      expect(await stack.api.knex('payments').pluck('state')).toEqual(['authorised']);
      await stack.startWorker();
      acts.ok(await approving);
      await liveOn(own, booked);
    }),
    'after a reminder was sent, before its ledger row': lane(async (own) => {
      const { stack, client } = own;
      const victim = await startDeaf(own, 'text_accepted');
      const booked = await bookTomorrow(own);
      await confirmed(own, booked);
      await remindOnce(own, booked);
      await diesThere(victim);
      await stack.startWorker();
      const openSends = stack.api.knex('sends').where({ channel: 'sms', state: 'sending' });
      await until(async () => (await openSends.clone()).length === 0);
      expect(await textsTo(stack, client.phone)).toHaveLength(1);
      await endCancelled(own, booked);
    }),
    'at the start timer': lane(async (own) => {
      const booked = await dieAtStart('start_due', own);
      expect(await own.stack.api.knex('sessions').pluck('status')).toEqual(['confirmed']);
      await endAttended(own, booked);
    }),
    'at the start timer, when the start was recorded already': lane(async (own) => {
      const booked = await dieAtStart('start_recorded', own);
      expect(await own.stack.api.knex('sessions').pluck('status')).toEqual(['in_progress']);
      await endAttended(own, booked);
    }),
    'in a refund': lane(async (own) => {
      const { stack, client } = own;
      const victim = await startDeaf(own, 'refunded_at_provider');
      const booked = await bookTomorrow(own);
      await confirmed(own, booked);
      await remindOnce(own, booked);
      const cancelling = underWay(acts.cancel(stack, booked, client));
      await diesThere(victim);
      expect(await chargesOf(stack, booked.id)).toMatchObject({ refunds: 1 });
      await stack.startWorker();
      acts.ok(await cancelling);
      expect(await acts.resultOf(stack, booked)).toEqual({ status: 'cancelled' });
      const end = { status: 'cancelled', refundedCents: PRICE_CENTS, texts: 1 };
      await expectSquare(own, booked, end);
    }),
    'in a reschedule, between the two claims': lane(async (own) => {
      const { stack, therapist } = own;
      const victim = await stack.startWorker();
      const booked = await bookTomorrow(own);
      await confirmed(own, booked);
      const [before] = await claimsOf(stack, booked.id);
      const lock = await stack.api.knex.transaction();
      await lock('claims').where({ session_id: booked.id }).forUpdate();
      const startsAt = tomorrow() + 7_200_000;
      const moving = underWay(acts.move(stack, booked, therapist, startsAt));
      await until(() => waitsForLock(own));
      await victim.kill();
      await lock.rollback();
      expect(await claimsOf(stack, booked.id)).toContainEqual(before);
      await stack.startWorker();
      acts.ok(await moving);
      const claims = await claimsOf(stack, booked.id);
      expect(claims.map((claim) => claim.starts_at.getTime())).toEqual([startsAt, startsAt]);
      expect(
        (await eventsOf(stack, booked.id)).filter((kind) => kind === 'rescheduled'),
      ).toHaveLength(1);
      // The old time is free again, for anybody.
      const other = await addClient(stack.api);
      const wish = { client: other, therapist, startsAt: before!.starts_at.getTime() };
      acts.ok(await acts.decline(stack, await acts.book(stack, wish)));
      await liveOn(own, booked);
    }),
  },
  6,
);
