import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { OfferActivities, OfferEnd } from '../../activities/offers/contract.ts';
import { OFFER_WORKFLOW, withdrawSignal } from '../../workflows/messages/offers.ts';
import { sendAnswer, withOfferWorker } from '../support/offer-workflows.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
}, 120_000);
afterAll(() => environment.teardown());

/** A waiting list of so many clients, kept as the database would: one end for each offer. */
class WaitingList {
  readonly ends = new Map<string, OfferEnd | null>();
  readonly told: string[] = [];
  readonly started: string[] = [];
  readonly left: string[];
  faults = 0;

  constructor(clients: number) {
    this.left = Array.from({ length: clients }, () => randomUUID());
  }

  get open(): string | undefined {
    return [...this.ends].find(([, end]) => end === null)?.[0];
  }

  #end(offerId: string, state: OfferEnd): OfferEnd {
    const known = this.ends.get(offerId) ?? null;
    if (known === null) this.ends.set(offerId, state);
    return known ?? state;
  }

  readonly activities: OfferActivities = {
    offerNext: async () => {
      // The first attempt of every step dies after it has done its work.
      const offerId = this.open ?? this.left.shift();
      if (offerId === undefined) return { kind: 'over', state: 'free' };
      if (!this.ends.has(offerId)) {
        this.ends.set(offerId, null);
        this.faults += 1;
        throw ApplicationFailure.create({ message: 'died', nextRetryDelay: '1 millisecond' });
      }
      const now = await environment.currentTimeMs();
      const dueAt = now + HOUR_MS;
      return { kind: 'offered', offerId, sessionId: offerId, dueAt, startsAt: now + 9 * HOUR_MS };
    },
    acceptOffer: async ({ offerId }) => ({ kind: 'ended', state: this.#end(offerId, 'accepted') }),
    endOffer: async ({ offerId, state }) => ({ state: this.#end(offerId, state) }),
    startBooked: async ({ sessionId }) => void this.started.push(sessionId),
    tellOffer: async ({ offerId }) => void this.told.push(offerId),
  };
}

async function openOffer(list: WaitingList, nth: number): Promise<string> {
  await until(() => list.told.length === nth && list.open !== undefined);
  return list.open!;
}

test('goes from one to the next: who is silent loses it, who declines passes it on', async () => {
  const list = new WaitingList(3);
  await withOfferWorker(environment, list.activities, async (start) => {
    const handle = await start(OFFER_WORKFLOW, { vacancyId: randomUUID() });
    const first = await openOffer(list, 1);
    await environment.sleep(HOUR_MS + 1_000);
    const second = await openOffer(list, 2);
    expect(list.ends.get(first)).toBe('lapsed');
    expect((await sendAnswer(handle, second, 'decline')).state).toBe('declined');
    const third = await openOffer(list, 3);
    expect((await sendAnswer(handle, third, 'accept')).state).toBe('accepted');
    expect(await handle.result()).toEqual({ kind: 'filled' });
    expect([...list.ends.values()]).toEqual(['lapsed', 'declined', 'accepted']);
    expect(list.started).toEqual([third]);
    expect(list.told).toEqual([first, second, third]);
  });
});

test('ends when nobody is left, after everybody had their time', async () => {
  const list = new WaitingList(4);
  await withOfferWorker(environment, list.activities, async (start) => {
    const handle = await start(OFFER_WORKFLOW, { vacancyId: randomUUID() });
    expect(await handle.result()).toEqual({ kind: 'free' });
    expect([...list.ends.values()]).toEqual(['lapsed', 'lapsed', 'lapsed', 'lapsed']);
    expect(list.started).toEqual([]);
    expect(list.faults).toBe(4);
  });
});

test('an acceptance that meets the lapse has one end, and no two people get the time', async () => {
  const list = new WaitingList(2);
  let lapse: () => void = () => undefined;
  // The lapse is decided while the acceptance is on its way.
  const activities: OfferActivities = {
    ...list.activities,
    acceptOffer: async (input) => {
      lapse();
      const { state } = await list.activities.endOffer({ ...input, state: 'lapsed' });
      return state === 'lapsed'
        ? { kind: 'refused', code: 'wrong_state' }
        : list.activities.acceptOffer(input);
    },
  };
  await withOfferWorker(environment, activities, async (start) => {
    const handle = await start(OFFER_WORKFLOW, { vacancyId: randomUUID() });
    const first = await openOffer(list, 1);
    lapse = () => list.ends.set(first, 'lapsed');
    await expect(sendAnswer(handle, first, 'accept')).rejects.toMatchObject({
      cause: { type: 'wrong_state' },
    });
    expect(await handle.result()).toEqual({ kind: 'free' });
    expect([...list.ends.values()]).toEqual(['lapsed', 'lapsed']);
    expect(list.started).toEqual([]);
  });
});

test('the same answer again hears the same; another one, and one of somebody else, comes too late', async () => {
  const list = new WaitingList(2);
  await withOfferWorker(environment, list.activities, async (start) => {
    const handle = await start(OFFER_WORKFLOW, { vacancyId: randomUUID() });
    const first = await openOffer(list, 1);
    const late = { cause: { type: 'wrong_state' } };
    await expect(sendAnswer(handle, randomUUID(), 'accept')).rejects.toMatchObject(late);
    const both = [sendAnswer(handle, first, 'accept'), sendAnswer(handle, first, 'accept')];
    expect(await Promise.all(both)).toEqual([{ state: 'accepted' }, { state: 'accepted' }]);
    expect(await handle.result()).toEqual({ kind: 'filled' });
    expect(list.started).toEqual([first]);
  });
});

test('an offer is taken back by its own name or by hand, and whatever else is sent is ignored', async () => {
  const list = new WaitingList(3);
  await withOfferWorker(environment, list.activities, async (start) => {
    const handle = await start(OFFER_WORKFLOW, { vacancyId: randomUUID() });
    const first = await openOffer(list, 1);
    await handle.signal(withdrawSignal, { offerId: randomUUID() });
    await handle.signal(withdrawSignal, { offerId: first });
    const second = await openOffer(list, 2);
    await handle.signal(withdrawSignal, 'anything');
    const third = await openOffer(list, 3);
    await sendAnswer(handle, third, 'accept');
    await handle.result();
    expect([first, second, third].map((id) => list.ends.get(id))).toEqual([
      'withdrawn',
      'withdrawn',
      'accepted',
    ]);
  });
});

test('nobody waits for a mail server that is down', async () => {
  const list = new WaitingList(1);
  const activities: OfferActivities = {
    ...list.activities,
    tellOffer: async () => {
      throw new Error('the mail server is down');
    },
  };
  await withOfferWorker(environment, activities, async (start) => {
    const handle = await start(OFFER_WORKFLOW, { vacancyId: randomUUID() });
    expect(await handle.result()).toEqual({ kind: 'free' });
  });
});
