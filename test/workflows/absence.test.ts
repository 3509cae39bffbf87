import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type {
  AbsenceActivities,
  Answered,
  OfferActivities,
  OfferEnd,
} from '../../activities/offers/contract.ts';
import { ABSENCE_WORKFLOW, withdrawSignal } from '../../workflows/messages/offers.ts';
import { sendAnswer, withOfferWorker } from '../support/offer-workflows.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
}, 120_000);
afterAll(() => environment.teardown());

/** One affected session, kept as the database would. */
class Session {
  readonly calls: string[] = [];
  end: OfferEnd | null = null;
  dueInMs = HOUR_MS;
  /** What moves are refused with, first to last. */
  refusals: Extract<Answered, { kind: 'refused' }>['code'][] = [];

  #note(call: string, end: OfferEnd): Answered {
    this.calls.push(call);
    this.end ??= end;
    return { kind: 'ended', state: this.end };
  }

  readonly activities: AbsenceActivities & Pick<OfferActivities, 'tellOffer'> = {
    openAbsence: async () => {
      if (this.end !== null) return { kind: 'over', state: this.end };
      const now = await environment.currentTimeMs();
      return { kind: 'open', dueAt: now + this.dueInMs, startsAt: now + 2 * HOUR_MS };
    },
    moveForAbsence: async ({ choiceId }) => {
      const code = this.refusals.shift();
      if (code !== undefined) return { kind: 'refused', code };
      return this.#note(`move ${choiceId}`, 'accepted');
    },
    cancelForAbsence: async ({ state }) => this.#note(`cancel ${state}`, state),
    withdrawAbsence: async () => {
      this.#note('withdraw', 'withdrawn');
      return { state: this.end! };
    },
    tellOffer: async ({ notice }) => void this.calls.push(`tell ${notice}`),
  };
}

type Story = (
  offerId: string,
  handle: Awaited<ReturnType<Parameters<Parameters<typeof withOfferWorker>[2]>[0]>>,
) => Promise<void>;

async function absent(session: Session, story: Story, activities: object = {}): Promise<unknown> {
  const offerId = randomUUID();
  let result: unknown;
  await withOfferWorker(environment, { ...session.activities, ...activities }, async (start) => {
    const handle = await start(ABSENCE_WORKFLOW, { offerId });
    await story(offerId, handle);
    result = await handle.result();
  });
  return result;
}

async function told(session: Session): Promise<void> {
  await until(() => session.calls.includes('tell offered'));
}

describe('a client chooses', () => {
  test.each([
    ['another time', 'accept', 'slot', 'move slot', 'accepted'],
    ['their money back', 'accept', 'refund', 'cancel accepted', 'accepted'],
    ['nothing of it', 'decline', null, 'cancel declined', 'declined'],
  ] as const)('%s', async (_name, verb, choiceId, call, end) => {
    const session = new Session();
    const result = await absent(session, async (offerId, handle) => {
      await told(session);
      expect(await sendAnswer(handle, offerId, verb, choiceId)).toEqual({ state: end });
    });
    expect(result).toEqual({ kind: end });
    expect(session.calls).toEqual(['tell offered', call]);
  });

  test('another time when the first has gone', async () => {
    const session = new Session();
    session.refusals = ['slot_unavailable'];
    const result = await absent(session, async (offerId, handle) => {
      await told(session);
      await expect(sendAnswer(handle, offerId, 'accept', 'gone')).rejects.toMatchObject({
        cause: { type: 'slot_unavailable' },
      });
      await sendAnswer(handle, offerId, 'accept', 'free');
    });
    expect(result).toEqual({ kind: 'accepted' });
    expect(session.calls).toEqual(['tell offered', 'move free']);
  });
});

test('silence calls the session off at the deadline, however often the attempt fails', async () => {
  const session = new Session();
  let attempts = 0;
  const result = await absent(session, async () => undefined, {
    cancelForAbsence: async (input: { offerId: string; state: 'lapsed' }) => {
      attempts += 1;
      if (attempts <= 5) throw ApplicationFailure.retryable('down', 'dependency_unavailable');
      return session.activities.cancelForAbsence(input);
    },
  });
  expect(result).toEqual({ kind: 'lapsed' });
  expect(session.calls).toEqual(['tell offered', 'cancel lapsed']);
});

test('an answer at the deadline and the deadline itself have one end', async () => {
  const session = new Session();
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { promise: moving, resolve: begin } = Promise.withResolvers<void>();
  const result = await absent(
    session,
    async (offerId, handle) => {
      await told(session);
      await environment.sleep(HOUR_MS - 2_000);
      const answered = sendAnswer(handle, offerId, 'accept', 'slot');
      await moving;
      // The deadline passes while the session is being moved.
      await environment.sleep(4_000);
      release();
      expect(await answered).toEqual({ state: 'accepted' });
    },
    {
      moveForAbsence: async (input: { offerId: string; choiceId: string }) => {
        begin();
        await held;
        return session.activities.moveForAbsence(input);
      },
    },
  );
  expect(result).toEqual({ kind: 'accepted' });
  expect(session.calls).toEqual(['tell offered', 'move slot']);
});

test('the session stands again when the time off is no more, and its client hears of it', async () => {
  const session = new Session();
  const result = await absent(session, async (offerId, handle) => {
    await told(session);
    await handle.signal(withdrawSignal, { offerId });
  });
  expect(result).toEqual({ kind: 'withdrawn' });
  expect(session.calls).toEqual(['tell offered', 'withdraw', 'tell stands_again']);
});

test('what is over already is left alone', async () => {
  const session = new Session();
  session.end = 'skipped';
  expect(await absent(session, async () => undefined)).toEqual({ kind: 'skipped' });
  expect(session.calls).toEqual([]);
});
