import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowUpdateStage } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DEFAULT_PLAN } from '../../domain/plan.ts';
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
const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;
const client: Actor = { personId: '0197a000-0000-7000-8000-000000000001', party: 'client' };
const therapist: Actor = { personId: '0197a000-0000-7000-8000-000000000002', party: 'therapist' };
const paymentId = '0197a000-0000-7000-8000-000000000003';
const payment = { actor: client, paymentId };
const standard = { actor: client, wantsRefund: true, fee: 'standard' } as const;

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

function approved({ handle }: SessionTest): Promise<messages.StandingAnswer> {
  return handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
}

function paid({ handle }: SessionTest, id = paymentId): Promise<messages.PayAnswer> {
  return handle.executeUpdate(messages.payUpdate, { args: [{ ...payment, paymentId: id }] });
}

const times = (world: World, call: string): number =>
  world.calls.filter((each) => each === call).length;

describe('a card that is charged near the date', () => {
  const nearSession = {
    ...DEFAULT_PLAN.payment,
    timing: 'near_session',
    nearSessionMs: 2 * DAY_MS,
  };
  const wish = {
    plan: { payment: nearSession as typeof DEFAULT_PLAN.payment },
    startsInMs: 10 * DAY_MS,
  };

  test('confirms the session at once and is charged in time, once', async () => {
    const world = new World();
    world.money.authorisePayment = async () => ({ kind: 'saved' });
    let chargedAt = 0;
    world.money.chargeSavedCard = async () => {
      chargedAt = await environment.currentTimeMs();
      return { kind: 'authorised', captureBeforeAt: null };
    };
    await live(world, wish, async (session) => {
      await approved(session);
      expect(await paid(session)).toMatchObject({ status: 'confirmed', payment: 'saved' });
      expect(await session.handle.result()).toEqual({ status: 'completed' });
      const due = session.startsAt - nearSession.nearSessionMs;
      expect(chargedAt).toBeGreaterThanOrEqual(due - 1_000);
      expect(chargedAt).toBeLessThan(due + HOUR_MS);
    });
    expect(world.events).toEqual([
      'approved',
      'card_saved',
      'payment_captured',
      'started',
      'completed',
    ]);
    expect(times(world, 'notify confirmed')).toBe(1);
  });

  test('and refused: the session waits for money again, and lapses without it', async () => {
    const world = new World();
    world.money.authorisePayment = async () => ({ kind: 'saved' });
    world.money.chargeSavedCard = async () => ({ kind: 'failed', code: 'payment_failed' });
    await live(world, wish, async (session) => {
      await approved(session);
      await paid(session);
      expect(await session.handle.result()).toEqual({ status: 'expired' });
      const lapsed = world.transitions.find(({ event }) => event === 'payment_lapsed');
      expect(lapsed?.state).toMatchObject({
        status: 'awaiting_payment',
        payment: 'due',
        paymentDueAt: session.startsAt - DAY_MS,
      });
    });
    expect(world.transitions.at(-1)).toMatchObject({ event: 'expired', claims: 'release' });
    expect([times(world, 'chargeSavedCard'), times(world, 'notify payment_lapsed')]).toEqual([
      1, 1,
    ]);
    expect(times(world, 'refundPayment')).toBe(0);
  });

  test.each([
    ['tells of its decision', true],
    ['decides without a word', false],
  ])('by a bank that %s: the session stays confirmed meanwhile', async (_how, tells) => {
    const world = new World();
    world.money.authorisePayment = async () => ({ kind: 'saved' });
    world.money.chargeSavedCard = async () => ({ kind: 'processing' });
    world.money.syncPayment = async () => ({ kind: 'captured' });
    await live(world, wish, async (session) => {
      await approved(session);
      await paid(session);
      await environment.sleep(8 * DAY_MS + MINUTE_MS);
      await until(() => times(world, 'chargeSavedCard') > 0);
      world.money.chargeSavedCard = async () => ({ kind: 'authorised', captureBeforeAt: null });
      if (tells) await session.handle.signal(messages.paymentNewsSignal, { paymentId });
      expect(await session.handle.result()).toEqual({ status: 'completed' });
    });
    expect(world.events.slice(2)).toEqual(['payment_captured', 'started', 'completed']);
    expect(times(world, 'notify confirmed')).toBe(1);
  });

  test('by a bank that does not decide for too long: the client is asked to pay again', async () => {
    const world = new World();
    world.money.authorisePayment = async () => ({ kind: 'saved' });
    world.money.chargeSavedCard = async () => ({ kind: 'processing' });
    await live(world, wish, async (session) => {
      await approved(session);
      await paid(session);
      expect(await session.handle.result()).toEqual({ status: 'expired' });
    });
    expect(times(world, 'notify payment_lapsed')).toBe(1);
    expect(times(world, 'chargeSavedCard')).toBeLessThan(10);
  });

  test('by a bank that has not decided: the client can cancel', async () => {
    const world = new World();
    world.money.authorisePayment = async () => ({ kind: 'saved' });
    world.money.chargeSavedCard = async () => ({ kind: 'processing' });
    await live(world, wish, async (session) => {
      await approved(session);
      await paid(session);
      await environment.sleep(8 * DAY_MS + MINUTE_MS);
      await until(() => times(world, 'chargeSavedCard') > 0);
      await session.handle.executeUpdate(messages.cancelUpdate, { args: [standard] });
      expect(await session.handle.result()).toEqual({ status: 'cancelled' });
    });
    expect(times(world, 'notify payment_lapsed')).toBe(0);
  });

  test('and refused, then paid by another: the session takes place', async () => {
    const world = new World();
    world.money.authorisePayment = async () => ({ kind: 'saved' });
    world.money.chargeSavedCard = async () => ({ kind: 'failed', code: 'payment_failed' });
    await live(world, wish, async (session) => {
      await approved(session);
      await paid(session);
      await environment.sleep(8 * DAY_MS + HOUR_MS);
      await until(() => world.events.includes('payment_lapsed'));
      world.money.authorisePayment = async () => ({ kind: 'authorised', captureBeforeAt: null });
      expect(await paid(session)).toMatchObject({ status: 'confirmed', payment: 'captured' });
      expect(await session.handle.result()).toEqual({ status: 'completed' });
    });
  });

  test('is charged before the start where both fall on one instant', async () => {
    const world = new World();
    world.money.authorisePayment = async () => ({ kind: 'saved' });
    const plan = { payment: { ...wish.plan.payment, nearSessionMs: 0 } };
    await live(world, { ...wish, plan }, async (session) => {
      await approved(session);
      await paid(session);
      await session.handle.result();
    });
    expect(world.events.slice(2)).toEqual(['payment_captured', 'started', 'completed']);
  });
});

describe('an authorisation', () => {
  test.each([
    ['half a day inside it', 20, 8],
    ['where it is shorter, inside it at all', 6, 6],
    ['unless the plan’s own is earlier', 100, 24],
  ])('holds the answer %s, and is let go when there is none', async (_how, lives, due) => {
    const world = new World();
    let before = 0;
    world.money.authorisePayment = async () => {
      before = (await environment.currentTimeMs()) + lives * HOUR_MS;
      return { kind: 'authorised', captureBeforeAt: before };
    };
    await live(world, {}, async (session) => {
      await paid(session);
      expect(await session.handle.result()).toEqual({ status: 'expired' });
    });
    const [authorised, expired] = world.transitions;
    const margin = before - authorised!.state.answerDueAt!;
    expect(Math.round(margin / HOUR_MS)).toBe(lives - due);
    expect(expired).toMatchObject({ event: 'expired', state: { missed: 'answer' } });
    expect([times(world, 'voidPayment'), times(world, 'capturePayment')]).toEqual([1, 0]);
  });

  test('that lapses before the approval has to be renewed', async () => {
    const world = new World();
    await live(world, {}, async (session) => {
      await paid(session);
      world.money.syncPayment = async () => ({ kind: 'lapsed' });
      await session.handle.signal(messages.paymentNewsSignal, { paymentId });
      await until(() => world.events.includes('payment_lapsed'));
      expect(await approved(session)).toEqual({ status: 'awaiting_payment', payment: 'due' });
      expect(await paid(session)).toMatchObject({ status: 'confirmed', payment: 'captured' });
      await session.handle.result();
    });
    expect(times(world, 'capturePayment')).toBe(1);
  });

  test('of which a webhook told first counts once', async () => {
    const world = new World();
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    world.money.authorisePayment = async () => {
      await answered;
      return { kind: 'authorised', captureBeforeAt: null };
    };
    await live(world, {}, async (session) => {
      await approved(session);
      const paying = paid(session);
      await until(() => world.calls.includes('authorisePayment'));
      await session.handle.signal(messages.paymentNewsSignal, { paymentId });
      await until(() => world.events.includes('payment_captured'));
      answer();
      expect(await paying).toMatchObject({ status: 'confirmed', payment: 'captured' });
      await session.handle.result();
    });
    expect(world.events.filter((event) => event === 'payment_authorised')).toHaveLength(1);
    expect([times(world, 'capturePayment'), times(world, 'notify confirmed')]).toEqual([1, 1]);
  });

  test('two payments at once: one is made', async () => {
    const world = new World();
    await live(world, {}, async (session) => {
      const other = '0197a000-0000-7000-8000-000000000004';
      const answers = await Promise.all([paid(session), paid(session, other)]);
      expect(answers.map(({ payment: standing }) => standing)).toEqual([
        'authorised',
        'authorised',
      ]);
      await session.handle.result();
    });
    expect(times(world, 'authorisePayment')).toBe(1);
  });
});

test('a session that was taken back with its money asks nobody to pay', async () => {
  const world = new World();
  const state = { status: 'awaiting_payment', approval: 'given', payment: 'authorised' } as const;
  await live(world, { state: { ...state, answerDueAt: null, paymentDueAt: null } }, ({ handle }) =>
    handle.result().then(() => undefined),
  );
  expect(world.events[0]).toBe('payment_captured');
  expect([times(world, 'notify approved'), times(world, 'notify confirmed')]).toEqual([0, 1]);
});

describe('a provider that is down', () => {
  test.each([
    ['had captured', 'captured', [15_000]],
    ['had not captured', 'lapsed', []],
  ] as const)(
    'while a session is cancelled: what it %s goes back once',
    async (_what, kind, back) => {
      const world = new World();
      const refunds: number[] = [];
      let isDown = true;
      world.money.capturePayment = async () => {
        if (isDown) throw ApplicationFailure.retryable('down', 'card_provider_faulty');
        return { kind };
      };
      world.money.voidPayment = async () =>
        kind === 'captured'
          ? { kind: 'captured_already', capturedCents: 15_000 }
          : { kind: 'voided' };
      world.money.refundPayment = async ({ refundCents }) => {
        refunds.push(refundCents);
        return { kind: 'refunded' };
      };
      const accepted = { waitForStage: WorkflowUpdateStage.ACCEPTED } as const;
      await live(world, {}, async (session) => {
        await paid(session);
        const { handle } = session;
        const args = [{ actor: therapist }] as [messages.ApproveRequest];
        await handle.startUpdate(messages.approveUpdate, { args, ...accepted });
        await until(() => world.calls.includes('capturePayment'));
        await handle.startUpdate(messages.cancelUpdate, { args: [standard], ...accepted });
        await until(() => world.events.includes('cancelled'));
        isDown = false;
        expect(await handle.result()).toEqual({ status: 'cancelled' });
      });
      expect(refunds).toEqual(back);
      expect(times(world, 'voidPayment')).toBe(1);
      expect(world.events).not.toContain('payment_captured');
    },
  );
});

test('news of money that a confirmed session has anyway tells nobody anything', async () => {
  const world = new World();
  world.money.authorisePayment = async () => ({ kind: 'saved' });
  await live(world, {}, async (session) => {
    await approved(session);
    await paid(session);
    world.money.syncPayment = async () => ({ kind: 'captured' });
    await session.handle.signal(messages.paymentNewsSignal, { paymentId });
    await until(() => world.events.includes('payment_captured'));
    await session.handle.result();
  });
  expect(times(world, 'notify confirmed')).toBe(1);
  expect(times(world, 'chargeSavedCard')).toBe(0);
});

test('news without end does not keep a session from what else it has to do', async () => {
  const world = new World();
  await live(world, {}, async ({ handle }) => {
    world.money.syncPayment = async () => {
      if (!world.events.includes('cancelled')) {
        await handle.signal(messages.paymentNewsSignal, { paymentId: randomUUID() });
      }
      return { kind: 'created' };
    };
    await handle.signal(messages.paymentNewsSignal, { paymentId });
    await until(() => times(world, 'syncPayment') > 2);
    await handle.cancel();
    await until(() => world.events.includes('cancelled'));
    expect(await handle.result()).toEqual({ status: 'cancelled' });
  });
});
