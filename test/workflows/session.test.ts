import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Actor } from '../../workflows/messages/session.ts';
import * as messages from '../../workflows/messages/session.ts';
import { World, registerSearchAttributes, withSession } from '../support/session-workflow.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';

const client: Actor = { personId: '0197a000-0000-7000-8000-000000000001', party: 'client' };
const therapist: Actor = { personId: '0197a000-0000-7000-8000-000000000002', party: 'therapist' };
const payment = { actor: client, paymentId: '0197a000-0000-7000-8000-000000000003' };
const standard = { actor: client, wantsRefund: true, fee: 'standard' } as const;

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
  await registerSearchAttributes(environment);
}, 120_000);
afterAll(async () => environment.teardown());

describe('the life of a session', () => {
  test('approval, payment, start, completion and follow-up', async () => {
    const world = new World();
    await withSession(environment, world, {}, async ({ handle }) => {
      const approved = await handle.executeUpdate(messages.approveUpdate, {
        args: [{ actor: therapist }],
      });
      expect(approved).toEqual({ status: 'awaiting_payment', payment: 'due' });
      const paid = await handle.executeUpdate(messages.payUpdate, { args: [payment] });
      expect(paid).toMatchObject({ status: 'confirmed', payment: 'captured' });
      expect(await handle.result()).toEqual({ status: 'completed' });
    });
    expect(world.events).toEqual([
      'approved',
      'payment_authorised',
      'payment_captured',
      'started',
      'completed',
    ]);
    expect(world.calls.filter((call) => call.startsWith('notify'))).toEqual([
      'notify requested',
      'notify approved',
      'notify confirmed',
      'notify follow_up',
    ]);
  });

  test('a questionnaire of the follow-up is reminded of once, where the plan has one', async () => {
    const world = new World();
    const screening = { questionnaire: 'PHQ-9', remindAfterMs: 48 * 3_600_000 };
    const followUp = { afterEndMs: 0, askForRating: false, offerRebooking: false, screening };
    await withSession(environment, world, { plan: { followUp } }, async ({ handle }) => {
      await handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
      await handle.executeUpdate(messages.payUpdate, { args: [payment] });
      expect(await handle.result()).toEqual({ status: 'completed' });
    });
    expect(world.calls.filter((call) => call.startsWith('notify')).slice(-2)).toEqual([
      'notify follow_up',
      'notify screening_reminder',
    ]);
  });

  test('a payment before the approval is captured with it', async () => {
    const world = new World();
    await withSession(environment, world, {}, async ({ handle }) => {
      const paid = await handle.executeUpdate(messages.payUpdate, { args: [payment] });
      expect(paid).toMatchObject({ status: 'requested', payment: 'authorised' });
      expect(world.calls).not.toContain('capturePayment');
      const approved = await handle.executeUpdate(messages.approveUpdate, {
        args: [{ actor: therapist }],
      });
      expect(approved).toEqual({ status: 'confirmed', payment: 'captured' });
      await handle.result();
    });
    expect(world.calls.filter((call) => call === 'capturePayment')).toHaveLength(1);
  });

  test('a therapist who does not answer in time: the authorisation is voided', async () => {
    const world = new World();
    await withSession(environment, world, {}, async ({ handle }) => {
      await handle.executeUpdate(messages.payUpdate, { args: [payment] });
      expect(await handle.result()).toEqual({ status: 'expired' });
    });
    expect(world.transitions.at(-1)).toMatchObject({ event: 'expired', claims: 'release' });
    expect(world.calls).toContain('voidPayment');
    expect(world.calls).not.toContain('refundPayment');
  });

  test('a payment that was faster than its deadline decides', async () => {
    const world = new World();
    world.money.closeUnpaid = async () => ({ kind: 'paid', paymentState: 'authorised' });
    await withSession(environment, world, {}, async ({ handle }) => {
      await handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
      expect(await handle.result()).toEqual({ status: 'completed' });
    });
    expect(world.events).toContain('payment_captured');
  });

  test('a late payment whose slot is taken goes back', async () => {
    const world = new World();
    world.money.closeUnpaid = async () => ({ kind: 'paid', paymentState: 'captured' });
    world.money.voidPayment = async () => ({ kind: 'captured_already', capturedCents: 15_000 });
    const record = world.session.recordTransition;
    world.session.recordTransition = async (input) => {
      if (input.claims === 'reclaim') return { outcome: 'slot_taken' };
      if (input.event.startsWith('payment')) return { outcome: 'claims_lost' };
      return record(input);
    };
    await withSession(environment, world, {}, async ({ handle }) => {
      await handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
      expect(await handle.result()).toEqual({ status: 'expired' });
    });
    expect(world.calls.filter((call) => call === 'refundPayment').length).toBeGreaterThan(0);
  });

  test('a rescheduled session keeps both times until the therapist answers', async () => {
    const world = new World();
    await withSession(environment, world, {}, async ({ handle, startsAt }) => {
      await handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
      await handle.executeUpdate(messages.payUpdate, { args: [payment] });
      const wish = {
        actor: client,
        startsAt: startsAt + 86_400_000,
        endsAt: startsAt + 90_000_000,
      };
      const proposed = await handle.executeUpdate(messages.rescheduleUpdate, { args: [wish] });
      expect(proposed).toMatchObject({ status: 'confirmed', oldStartsAt: startsAt });
      expect(world.transitions.at(-1)).toMatchObject({ claims: 'propose', state: { startsAt } });
      await handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
      expect(world.transitions.at(-1)).toMatchObject({
        claims: 'accept_proposal',
        state: { startsAt: wish.startsAt, scheduleVersion: 2 },
      });
      expect(await handle.result()).toEqual({ status: 'completed' });
    });
  });

  test('a proposal that nobody answers lapses, and the old time stands', async () => {
    const world = new World();
    await withSession(environment, world, {}, async ({ handle, startsAt }) => {
      await handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
      await handle.executeUpdate(messages.payUpdate, { args: [payment] });
      const wish = {
        actor: client,
        startsAt: startsAt + 86_400_000,
        endsAt: startsAt + 90_000_000,
      };
      await handle.executeUpdate(messages.rescheduleUpdate, { args: [wish] });
      expect(await handle.result()).toEqual({ status: 'completed' });
      const lapsed = world.transitions.find(({ event }) => event === 'reschedule_lapsed');
      expect(lapsed).toMatchObject({
        claims: 'drop_proposal',
        state: { startsAt, scheduleVersion: 1 },
      });
    });
  });
});

describe('what reaches a session from outside', () => {
  test('a plain signal approves, whatever its argument', async () => {
    const world = new World();
    await withSession(environment, world, { state: { payment: 'not_due' } }, async ({ handle }) => {
      await handle.signal(messages.paymentNewsSignal, null as never);
      await handle.signal(messages.sendSettledSignal, 'nonsense' as never);
      await handle.signal('approve', { anything: [1, 2] });
      expect(await handle.result()).toEqual({ status: 'completed' });
    });
    expect(world.transitions[0]).toMatchObject({ event: 'approved', actorId: null });
  });

  test('a message that comes too late is refused with a code and changes nothing', async () => {
    const world = new World();
    await withSession(environment, world, {}, async ({ handle }) => {
      await handle.executeUpdate(messages.declineUpdate, { args: [{ actor: therapist }] });
      const late = handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
      await expect(late).rejects.toThrow();
      expect(await handle.result()).toEqual({ status: 'declined' });
    });
    expect(world.events).toEqual(['declined']);
  });

  test('two payments at once are one, and both callers hear that it is paid', async () => {
    const world = new World();
    const begun: string[] = [];
    world.money.authorisePayment = async ({ paymentId }) => {
      begun.push(paymentId);
      return { kind: 'authorised', captureBeforeAt: null };
    };
    const second = { actor: client, paymentId: '0197a000-0000-7000-8000-000000000004' };
    await withSession(environment, world, {}, async ({ handle }) => {
      await handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
      const answers = await Promise.all(
        [payment, second].map((request) =>
          handle.executeUpdate(messages.payUpdate, { args: [request] }),
        ),
      );
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 'confirmed', outcome: { kind: 'authorised' } });
      }
      await handle.result();
    });
    expect(begun).toHaveLength(1);
  });

  test('a cancellation that overtakes the capture tells what has gone back', async () => {
    const world = new World();
    world.money.voidPayment = async () => ({ kind: 'captured_already', capturedCents: 15_000 });
    await withSession(environment, world, {}, async ({ handle }) => {
      let cancelling: Promise<messages.CancelAnswer> | undefined;
      world.money.capturePayment = async () => {
        cancelling ??= handle.executeUpdate(messages.cancelUpdate, { args: [standard] });
        while (!world.events.includes('cancelled')) await new Promise(setImmediate);
        return { kind: 'captured' };
      };
      await handle.executeUpdate(messages.payUpdate, { args: [payment] });
      await handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
      expect(await handle.result()).toEqual({ status: 'cancelled' });
      expect(await cancelling).toMatchObject({ feeCents: 0, refundCents: 15_000 });
    });
  });

  test('requesting cancellation in Temporal UI cancels for the clinic, with all money back', async () => {
    const world = new World();
    let refunded = 0;
    world.money.voidPayment = async () => ({ kind: 'captured_already', capturedCents: 15_000 });
    world.money.refundPayment = async ({ refundCents }) => {
      refunded = refundCents;
      return { kind: 'refunded' };
    };
    await withSession(environment, world, { startsInMs: 3_600_000 }, async ({ handle }) => {
      await handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
      await handle.executeUpdate(messages.payUpdate, { args: [payment] });
      await handle.cancel();
      expect(await handle.result()).toEqual({ status: 'cancelled' });
    });
    expect(refunded).toBe(15_000);
  });

  test('an update with a wrong argument is refused, and the session goes on', async () => {
    const world = new World();
    await withSession(environment, world, { state: { payment: 'not_due' } }, async ({ handle }) => {
      const wrong: [string, unknown][] = [
        ['approve', undefined],
        ['approve', null],
        ['approve', { actor: { personId: 'x', party: 'therapist' } }],
        ['decline', { actor: { personId: null, party: 'alien' } }],
        ['pay', { actor: client, paymentId: 'x' }],
        ['cancel', { actor: client, wantsRefund: 'no', fee: 'standard' }],
        ['cancel', { actor: client, wantsRefund: true, fee: 'free' }],
        ['reschedule', { actor: client, startsAt: 'x', endsAt: null }],
        ['reschedule', { actor: client, startsAt: 2, endsAt: 1 }],
        ['attendance', { actor: therapist, attendance: 'maybe' }],
      ];
      for (const [name, argument] of wrong) {
        const sent = handle.executeUpdate(name, { args: [argument] } as never);
        await expect(sent).rejects.toMatchObject({ cause: { type: 'malformed_request' } });
      }
      await handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
      expect(await handle.result()).toEqual({ status: 'completed' });
    });
  });

  test('news of a payment that is not its own changes nothing', async () => {
    const world = new World();
    const asked: unknown[] = [];
    world.money.syncPayment = async (input) => {
      asked.push(input);
      return { kind: 'unknown' };
    };
    await withSession(environment, world, {}, async ({ handle }) => {
      const sessionId = handle.workflowId.replace('session-', '');
      const { paymentId } = payment;
      await handle.signal(messages.paymentNewsSignal, { paymentId: 'nonsense' });
      await handle.signal(messages.paymentNewsSignal, { paymentId });
      await handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
      expect(await handle.result()).toEqual({ status: 'expired' });
      expect(asked).toEqual([{ paymentId, sessionId }]);
    });
    expect(world.events).toEqual(['approved', 'expired']);
  });

  test('news of its payment that a completed session is just asking about refunds nothing', async () => {
    const world = new World();
    world.money.voidPayment = async () => ({ kind: 'captured_already', capturedCents: 15_000 });
    const wish = {
      state: { payment: 'captured', approval: 'given', status: 'confirmed' },
    } as const;
    await withSession(environment, world, wish, async ({ handle, startsAt }) => {
      world.money.syncPayment = async () => {
        await handle.executeUpdate(messages.attendanceUpdate, {
          args: [{ actor: therapist, attendance: 'attended' }],
        });
        return { kind: 'captured' };
      };
      await environment.sleep(startsAt + 60_000 - (await environment.currentTimeMs()));
      await handle.signal(messages.paymentNewsSignal, { paymentId: payment.paymentId });
      expect(await handle.result()).toEqual({ status: 'completed' });
    });
    expect(world.events).toEqual(['started', 'marked_attended']);
    expect(world.calls).not.toContain('refundPayment');
  });

  test('a saved card that is charged while the session is being cancelled is paid back', async () => {
    const world = new World();
    world.money.voidPayment = async () => ({ kind: 'captured_already', capturedCents: 15_000 });
    const wish = { state: { payment: 'saved', approval: 'given', status: 'confirmed' } } as const;
    await withSession(environment, world, wish, async ({ handle }) => {
      let cancelling: Promise<unknown> | undefined;
      world.money.capturePayment = async () => {
        cancelling = handle.executeUpdate(messages.cancelUpdate, { args: [standard] });
        while (!world.events.includes('cancelled')) await new Promise(setImmediate);
        return { kind: 'captured' };
      };
      expect(await handle.result()).toEqual({ status: 'cancelled' });
      await cancelling;
    });
    expect(world.calls).toContain('refundPayment');
  });

  test('reminders of the old time are not sent after a reschedule', async () => {
    const world = new World();
    const sent: number[] = [];
    world.session.planReminders = async ({ scheduleVersion }) => [
      {
        key: `r${scheduleVersion}`,
        dueAt: world.transitions.at(-1)!.state.startsAt - 3_600_000,
        offsetMs: 3_600_000,
        channel: 'sms',
        recipientId: client.personId!,
      },
    ];
    world.session.sendReminder = async ({ scheduleVersion }) => {
      sent.push(scheduleVersion);
      return { state: 'sent' };
    };
    await withSession(
      environment,
      world,
      { state: { payment: 'not_due' } },
      async ({ handle, startsAt }) => {
        await handle.executeUpdate(messages.approveUpdate, { args: [{ actor: therapist }] });
        const wish = {
          actor: therapist,
          startsAt: startsAt + 86_400_000,
          endsAt: startsAt + 90_000_000,
        };
        await handle.executeUpdate(messages.rescheduleUpdate, { args: [wish] });
        await handle.result();
      },
    );
    expect(sent).toEqual([2]);
    expect(world.calls.filter((call) => call === 'settleReminder')).toHaveLength(1);
  });
});
