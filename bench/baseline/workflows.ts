import {
  condition,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { SESSION_STATE } from '../../workflows/messages/search-attributes.ts';
import type * as activities from './activities.ts';
import {
  type BareTimes,
  approveUpdate,
  barePageUpdate,
  bareUpdate,
  payUpdate,
} from './messages.ts';

type Noop = Pick<typeof activities, 'noop'>;
type Paging = ReturnType<typeof activities.createPaging>;

const ordinary = proxyActivities<Noop & Paging>({ startToCloseTimeout: '30 seconds' });
const local = proxyLocalActivities<Noop>({ startToCloseTimeout: '10 seconds' });

/** Ends with its one update. */
export async function bareWorkflow(): Promise<void> {
  let isDone = false;
  setHandler(bareUpdate, () => {
    isDone = true;
    return 'done';
  });
  await condition(() => isDone);
}

/** Ends with its one activity. */
export async function bareAlertWorkflow(): Promise<void> {
  let isDone = false;
  setHandler(barePageUpdate, async (text) => {
    const id = await ordinary.page(text);
    isDone = true;
    return id;
  });
  await condition(() => isDone);
}

/**
 * The shape of a session's life and nothing in it: the same messages, activities, local activities
 * and timers in the same order.
 */
export async function bareLifeWorkflow(times: BareTimes): Promise<void> {
  const began = Date.now();
  let stage: 'requested' | 'approved' | 'authorised' | 'captured' | 'over' = 'requested';
  let notices = Promise.resolve<unknown>(undefined);
  const notify = (): void => {
    notices = notices.then(() => ordinary.noop());
  };
  const record = async (status: string): Promise<void> => {
    await local.noop();
    upsertSearchAttributes([{ key: SESSION_STATE, value: status }]);
  };
  setHandler(approveUpdate, async () => {
    await record('awaiting_payment');
    stage = 'approved';
    notify();
    return stage;
  });
  setHandler(payUpdate, async () => {
    await ordinary.noop();
    await local.noop();
    stage = 'authorised';
    await condition(() => stage !== 'authorised', 8_000);
    return stage;
  });
  const sleepUntil = async (ms: number): Promise<void> => {
    const waitMs = began + ms - Date.now();
    if (waitMs > 0) await sleep(waitMs);
  };
  await local.noop();
  notify();
  await condition(() => stage === 'approved', times.answerMs);
  await condition(() => stage === 'authorised', times.paymentMs);
  await ordinary.noop();
  await record('confirmed');
  stage = 'captured';
  notify();
  for (let news = 0; news < times.news; news += 1) await ordinary.noop();
  const reminding = remind(times, sleepUntil);
  await sleepUntil(times.startMs);
  await record('in_progress');
  await sleepUntil(times.endMs);
  await record('completed');
  await sleepUntil(times.followUpMs);
  notify();
  await Promise.all([notices, reminding]);
}

async function remind(times: BareTimes, sleepUntil: (ms: number) => Promise<void>): Promise<void> {
  await ordinary.noop();
  await Promise.all(
    times.reminders.map(async ({ beforeMs, hasReceipt }) => {
      await sleepUntil(times.startMs - beforeMs);
      await ordinary.noop();
      if (!hasReceipt) return;
      await sleep(times.receiptMs);
      await ordinary.noop();
    }),
  );
}
