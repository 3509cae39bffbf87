import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Actor } from '../../workflows/messages/session.ts';
import * as messages from '../../workflows/messages/session.ts';
import {
  type SessionTest,
  type SessionWish,
  World,
  registerSearchAttributes,
  withSession,
} from '../support/session-workflow.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;
const client: Actor = { personId: '0197a000-0000-7000-8000-000000000001', party: 'client' };
const therapist: Actor = { personId: '0197a000-0000-7000-8000-000000000002', party: 'therapist' };
const payment = { actor: client, paymentId: '0197a000-0000-7000-8000-000000000003' };
const standard = { actor: client, wantsRefund: true, fee: 'standard' } as const;
const free: SessionWish = { state: { payment: 'not_due' } };
const booked: SessionWish = {
  state: { status: 'confirmed', payment: 'captured', approval: 'given', answerDueAt: null },
};

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
  await registerSearchAttributes(environment);
}, 120_000);
afterAll(async () => environment.teardown());

const live = (
  world: World,
  wish: SessionWish,
  story: (session: SessionTest) => Promise<void>,
): Promise<void> => withSession(environment, world, wish, story);

const answers = (handle: SessionTest['handle'], by = therapist) => ({
  approve: () => handle.executeUpdate(messages.approveUpdate, { args: [{ actor: by }] }),
  decline: () => handle.executeUpdate(messages.declineUpdate, { args: [{ actor: by }] }),
});

/** The code that a message was refused with; null when it was not. */
async function refusalOf(message: Promise<unknown>): Promise<string | null> {
  try {
    await message;
    return null;
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    return (error.cause as { type?: string }).type ?? 'none';
  }
}

describe('two messages at once', () => {
  test.each([0, 1])('approve and decline: exactly one of them counts (%d)', async (order) => {
    const world = new World();
    await live(world, free, async ({ handle }) => {
      const { approve, decline } = answers(handle);
      const race = order === 0 ? [approve(), decline()] : [decline(), approve()];
      const refusals = await Promise.all(race.map(refusalOf));
      expect(refusals.toSorted()).toEqual([null, 'wrong_state'].toSorted());
      const { status } = await handle.result();
      expect(status).toBe(world.events[0] === 'approved' ? 'completed' : 'declined');
    });
    const answered = world.events.filter((event) => ['approved', 'declined'].includes(event));
    expect(answered).toHaveLength(1);
  });

  test.each([0, 1])('cancel and reschedule: the session is cancelled, once (%d)', async (order) => {
    const world = new World();
    await live(world, booked, async ({ handle, startsAt }) => {
      const time = { startsAt: startsAt + HOUR_MS, endsAt: startsAt + 2 * HOUR_MS };
      const move = (): Promise<unknown> =>
        handle.executeUpdate(messages.rescheduleUpdate, { args: [{ actor: therapist, ...time }] });
      const cancel = (): Promise<unknown> =>
        handle.executeUpdate(messages.cancelUpdate, { args: [standard] });
      const race = order === 0 ? [cancel(), move()] : [move(), cancel()];
      const refusals = await Promise.all(race.map(refusalOf));
      expect(refusals[order === 0 ? 0 : 1]).toBeNull();
      expect(await handle.result()).toEqual({ status: 'cancelled' });
    });
    expect(world.events.filter((event) => event === 'cancelled')).toHaveLength(1);
    expect(world.transitions.map(({ version }) => version)).toEqual(
      world.transitions.map((_step, index) => index + 2),
    );
  });

  test('two cancellations: the second hears that it is over, and money goes back once', async () => {
    const world = new World();
    world.money.voidPayment = async () => ({ kind: 'captured_already', capturedCents: 15_000 });
    await live(world, booked, async ({ handle }) => {
      const cancel = (): Promise<unknown> =>
        handle.executeUpdate(messages.cancelUpdate, { args: [standard] });
      const refusals = await Promise.all([refusalOf(cancel()), refusalOf(cancel())]);
      expect(refusals.filter((code) => code === null)).toHaveLength(1);
      await handle.result();
    });
    expect(world.calls.filter((call) => call === 'refundPayment')).toHaveLength(1);
  });
});

describe('attendance', () => {
  const marked = ({ handle }: SessionTest, attendance: 'attended' | 'absent') =>
    handle.executeUpdate(messages.attendanceUpdate, { args: [{ actor: therapist, attendance }] });

  test.each([
    ['absent', 'no_show', 0],
    ['attended', 'completed', 1],
  ] as const)('marked %s: %s, and the money stays', async (attendance, status, followUps) => {
    const world = new World();
    await live(world, booked, async (session) => {
      expect(await refusalOf(marked(session, attendance))).toBe('wrong_state');
      await environment.sleep(72 * HOUR_MS + 1_000);
      await until(() => world.events.includes('started'));
      expect(await marked(session, attendance)).toMatchObject({ status });
      expect(await session.handle.result()).toEqual({ status });
    });
    expect(world.transitions.at(-1)).toMatchObject({
      event: `marked_${attendance}`,
      state: { attendance },
    });
    expect(world.calls.filter((call) => call === 'notify follow_up')).toHaveLength(followUps);
    expect(world.calls).not.toContain('refundPayment');
    expect(world.calls).not.toContain('voidPayment');
  });
});

test('every message to a session that is over is refused with a code, and changes nothing', async () => {
  const world = new World();
  await live(world, booked, async ({ handle, startsAt }) => {
    await environment.sleep(74 * HOUR_MS);
    await until(() => world.events.includes('completed'));
    const { approve, decline } = answers(handle);
    const later = { startsAt: startsAt + 90 * HOUR_MS, endsAt: startsAt + 91 * HOUR_MS };
    const codes = await Promise.all(
      [
        decline(),
        handle.executeUpdate(messages.payUpdate, { args: [payment] }),
        handle.executeUpdate(messages.cancelUpdate, { args: [standard] }),
        handle.executeUpdate(messages.rescheduleUpdate, { args: [{ actor: therapist, ...later }] }),
        handle.executeUpdate(messages.attendanceUpdate, {
          args: [{ actor: therapist, attendance: 'absent' }],
        }),
      ].map(refusalOf),
    );
    expect(codes).toEqual([
      'wrong_state',
      'wrong_state',
      'cancellation_deadline_passed',
      'wrong_state',
      'wrong_state',
    ]);
    expect(await refusalOf(approve())).toBeNull();
    await handle.signal(messages.declineSignal);
    await handle.cancel();
    expect(await handle.result()).toEqual({ status: 'completed' });
  });
  expect(world.events).toEqual(['started', 'completed']);
});

test('a new time whose claims had lapsed is lost alone: the session goes on at its old one', async () => {
  const world = new World();
  const { recordTransition } = world.session;
  world.session.recordTransition = async (input) =>
    input.claims === 'accept_proposal' ? { outcome: 'claims_lost' } : recordTransition(input);
  const unpaid = { state: { status: 'awaiting_payment', approval: 'given', answerDueAt: null } };
  await live(world, unpaid as SessionWish, async ({ handle, startsAt }) => {
    const time = { startsAt: startsAt + HOUR_MS, endsAt: startsAt + 2 * HOUR_MS };
    await handle.executeUpdate(messages.rescheduleUpdate, { args: [{ actor: client, ...time }] });
    expect(await refusalOf(answers(handle).approve())).toBe('slot_unavailable');
    expect(world.transitions.at(-1)).toMatchObject({
      event: 'reschedule_lapsed',
      claims: 'drop_proposal',
      state: { status: 'awaiting_payment', startsAt, proposal: null },
    });
    await handle.executeUpdate(messages.payUpdate, { args: [payment] });
    expect(await handle.result()).toEqual({ status: 'completed' });
  });
});
