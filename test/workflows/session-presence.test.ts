import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DEFAULT_PLAN } from '../../domain/plan.ts';
import * as messages from '../../workflows/messages/session.ts';
import { World, registerSearchAttributes, withSession } from '../support/session-workflow.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';

const MINUTE_MS = 60_000;
const LENGTH_MS = 50 * MINUTE_MS;
const nobody = { clientCameAt: null, therapistCameAt: null, emptySince: null };

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
  await registerSearchAttributes(environment);
}, 120_000);
afterAll(async () => environment.teardown());

type Told = Omit<messages.RoomPresence, 'sequence'>;

/** A paid session that hears of its room while it takes place, and what has become of it when. */
async function whatBecame(told: (startsAt: number) => readonly Partial<Told>[]) {
  const world = new World();
  const confirmed = { status: 'confirmed', payment: 'captured', approval: 'given' } as const;
  const wish = { state: { ...confirmed, answerDueAt: null, paymentDueAt: null } };
  let startsAt = 0;
  let endedAt = 0;
  world.money.voidPayment = async () => ({ kind: 'captured_already', capturedCents: 15_000 });
  const record = world.session.recordTransition;
  world.session.recordTransition = async (input) => {
    endedAt = await environment.currentTimeMs();
    return record(input);
  };
  await withSession(environment, world, wish, async (started) => {
    startsAt = started.startsAt;
    for (const [index, each] of told(startsAt).entries()) {
      const presence = { ...nobody, ...each, sequence: index + 1 };
      await started.handle.signal(messages.presenceSignal, presence);
    }
    await started.handle.result();
  });
  const { status } = world.transitions.at(-1)!.state;
  return { status, afterMs: endedAt - startsAt, event: world.events.at(-1), calls: world.calls };
}

test('both came, and the room emptied: it is over when its time is, and not before', async () => {
  const { status, afterMs } = await whatBecame((startsAt) => [
    { therapistCameAt: startsAt },
    { therapistCameAt: startsAt, clientCameAt: startsAt + MINUTE_MS },
    { therapistCameAt: startsAt, clientCameAt: startsAt, emptySince: startsAt + 30 * MINUTE_MS },
  ]);
  expect(status).toBe('completed');
  expect(afterMs).toBeGreaterThanOrEqual(LENGTH_MS);
  expect(afterMs).toBeLessThan(LENGTH_MS + DEFAULT_PLAN.attendanceWindowMs / 2);
});

test('whoever came back keeps it going; an older word does not empty it again', async () => {
  const { afterMs } = await whatBecame((startsAt) => [
    { therapistCameAt: startsAt, clientCameAt: startsAt, emptySince: startsAt },
    { therapistCameAt: startsAt, clientCameAt: startsAt },
  ]);
  expect(afterMs).toBeGreaterThanOrEqual(LENGTH_MS + DEFAULT_PLAN.attendanceWindowMs);
});

test('the client never came: a no-show, once the grace is over', async () => {
  const { status, afterMs, event } = await whatBecame((startsAt) => [
    { therapistCameAt: startsAt },
  ]);
  expect([status, event]).toEqual(['no_show', 'marked_absent']);
  expect(afterMs).toBeGreaterThanOrEqual(DEFAULT_PLAN.noShowGraceMs);
  expect(afterMs).toBeLessThan(LENGTH_MS);
});

test('only the client came: nobody is charged, and it is no no-show', async () => {
  const { status, event, calls } = await whatBecame((startsAt) => [{ clientCameAt: startsAt }]);
  expect([status, event]).toEqual(['cancelled', 'therapist_missed']);
  expect(calls).toContain('refundPayment');
});

test('what is no presence changes nothing', async () => {
  const { status, afterMs } = await whatBecame(() => [
    { clientCameAt: 'now' as unknown as number },
    'rubbish' as unknown as Partial<Told>,
    { therapistCameAt: Number.NaN },
  ]);
  expect(status).toBe('completed');
  expect(afterMs).toBeGreaterThanOrEqual(LENGTH_MS + DEFAULT_PLAN.attendanceWindowMs);
});
