import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { PlannedReminder, SessionActivities } from '../../activities/session/contract.ts';
import type { Channel } from '../../domain/plan.ts';
import * as messages from '../../workflows/messages/session.ts';
import {
  type SessionTest,
  World,
  registerSearchAttributes,
  withSession,
} from '../support/session-workflow.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const RECEIPT_MS = 5 * MINUTE_MS;

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
  await registerSearchAttributes(environment);
}, 120_000);
afterAll(async () => environment.teardown());

/** What was sent and settled, with the time before the start in minutes. */
class Reminded extends World {
  readonly log: { what: string; minutesBefore: number }[] = [];
  startsAt = 0;

  constructor(wishes: readonly (readonly [Channel, number])[]) {
    super();
    this.session.planReminders = async () =>
      wishes.map(([channel, offsetMs]) => this.reminder(channel, offsetMs));
    this.session.sendReminder = async ({ reminder }) => {
      await this.note(`send ${reminder.key}`);
      return { state: 'sent' };
    };
    this.session.settleReminder = async ({ reminder }) => {
      await this.note(`settle ${reminder.key}`);
      return { state: 'failed' };
    };
  }

  reminder(channel: Channel, offsetMs: number): PlannedReminder {
    const key = `${channel} ${offsetMs / HOUR_MS}h`;
    return { key, dueAt: this.startsAt - offsetMs, offsetMs, channel, recipientId: 'r' };
  }

  async note(what: string): Promise<void> {
    const atMs = await environment.currentTimeMs();
    this.log.push({ what, minutesBefore: Math.round((this.startsAt - atMs) / MINUTE_MS) });
  }

  /** Keeps a channel's provider down. */
  shutDown(channel: Channel): void {
    const { sendReminder } = this.session;
    this.session.sendReminder = (async (input) => {
      if (input.reminder.channel !== channel) return sendReminder(input);
      throw ApplicationFailure.retryable('down', 'dependency_unavailable');
    }) as SessionActivities['sendReminder'];
  }
}

const confirmed = { state: { status: 'confirmed', payment: 'captured' } as const };

async function remind(
  world: Reminded,
  story: (session: SessionTest) => Promise<unknown>,
): Promise<void> {
  const begin = world.session.begin;
  const startsInMs = 30 * HOUR_MS;
  world.session.begin = async (input) => {
    world.startsAt = (await environment.currentTimeMs()) + startsInMs;
    return begin(input);
  };
  await withSession(environment, world, { ...confirmed, startsInMs }, async (session) => {
    await story(session);
  });
}

const logged = (what: string, minutesBefore: number): object => ({ what, minutesBefore });

describe('the receipt of a text', () => {
  test('is looked after when its time is up, and each reminder is sent once', async () => {
    const world = new Reminded([
      ['email', 24 * HOUR_MS],
      ['sms', 24 * HOUR_MS],
      ['sms', HOUR_MS],
    ]);
    await remind(world, ({ handle }) => handle.result());
    expect(world.log.toSorted((a, b) => b.minutesBefore - a.minutesBefore)).toEqual([
      ...[logged('send email 24h', 1440), logged('send sms 24h', 1440)].toSorted((a, b) =>
        world.log.findIndex((one) => 'what' in a && one.what === a.what) <
        world.log.findIndex((one) => 'what' in b && one.what === b.what)
          ? -1
          : 1,
      ),
      logged('settle sms 24h', 1435),
      logged('send sms 1h', 60),
      logged('settle sms 1h', 55),
    ]);
  });

  test('that says it failed is not waited for', async () => {
    const world = new Reminded([['sms', 24 * HOUR_MS]]);
    await remind(world, async ({ handle }) => {
      await environment.sleep(6 * HOUR_MS + MINUTE_MS);
      await until(() => world.log.length === 1);
      const news = { key: 'sms 24h', state: 'failed' } as const;
      await handle.signal(messages.sendSettledSignal, { ...news, state: 'delivered' });
      await handle.signal(messages.sendSettledSignal, { ...news, key: 'sms 1h' });
      expect(world.log).toHaveLength(1);
      await handle.signal(messages.sendSettledSignal, news);
      await until(() => world.log.length === 2);
      await handle.signal(messages.sendSettledSignal, news);
      await handle.result();
    });
    expect(world.log.map(({ what }) => what)).toEqual(['send sms 24h', 'settle sms 24h']);
    expect(world.log[1]?.minutesBefore).toBeGreaterThan(1435);
  });

  test('does not matter any more once the session has been cancelled', async () => {
    const world = new Reminded([
      ['sms', 24 * HOUR_MS],
      ['sms', HOUR_MS],
    ]);
    await remind(world, async ({ handle }) => {
      await environment.sleep(6 * HOUR_MS + MINUTE_MS);
      await until(() => world.log.length === 1);
      await handle.cancel();
      expect(await handle.result()).toEqual({ status: 'cancelled' });
    });
    expect(world.log.map(({ what }) => what)).toEqual(['send sms 24h']);
  });
});

test('a reminder that its recipient does not want yet is sent when they may be reached', async () => {
  const world = new Reminded([
    ['email', 3 * HOUR_MS],
    ['sms', 3 * HOUR_MS],
  ]);
  const { sendReminder } = world.session;
  world.session.sendReminder = async (input) => {
    const dueAt = world.startsAt - HOUR_MS;
    if ((await environment.currentTimeMs()) < dueAt) return { state: 'postponed', dueAt };
    return sendReminder(input);
  };
  await remind(world, ({ handle }) => handle.result());
  const sends = world.log.filter(({ what }) => what.startsWith('send'));
  expect(sends.map(({ what }) => what).toSorted()).toEqual(['send email 3h', 'send sms 3h']);
  expect(sends.map(({ minutesBefore }) => minutesBefore)).toEqual([60, 60]);
});

describe('a provider that is down', () => {
  test('of texts: the reminder is given to its fallback, and no other waits', async () => {
    const world = new Reminded([
      ['sms', 24 * HOUR_MS],
      ['email', 24 * HOUR_MS - MINUTE_MS],
      ['sms', HOUR_MS],
    ]);
    world.shutDown('sms');
    await remind(world, ({ handle }) => handle.result());
    const whats = world.log.map(({ what }) => what);
    expect(whats).toEqual(['send email 23.983333333333334h', 'settle sms 24h', 'settle sms 1h']);
    const [email, first, second] = world.log;
    expect(email?.minutesBefore).toBe(1439);
    expect(first?.minutesBefore).toBeGreaterThanOrEqual(1440 - 2 * (RECEIPT_MS / MINUTE_MS));
    expect(second?.minutesBefore).toBeGreaterThan(0);
  });

  test('of mail: texts go out all the same', async () => {
    const world = new Reminded([
      ['email', 1.5 * HOUR_MS],
      ['sms', HOUR_MS],
    ]);
    world.shutDown('email');
    await remind(world, async ({ handle }) => {
      await environment.sleep(29.5 * HOUR_MS);
      await until(() => world.log.length >= 2);
      world.session.sendReminder = async () => ({ state: 'skipped' });
      expect(await handle.result()).toEqual({ status: 'completed' });
    });
    expect(world.log).toEqual([logged('send sms 1h', 60), logged('settle sms 1h', 55)]);
  });
});
