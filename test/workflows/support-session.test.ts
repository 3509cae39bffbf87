import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { SupportActivities, SupportLook } from '../../activities/support/contract.ts';
import {
  SUPPORT_TIMERS,
  type SupportStep,
  type TimedSession,
  supportDue,
} from '../../domain/support-timers.ts';
import {
  SUPPORT_SESSION_WORKFLOW,
  changedSignal,
} from '../../workflows/messages/support-session.ts';
import { withOfferWorker } from '../support/offer-workflows.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
}, 120_000);
afterAll(() => environment.teardown());

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The record of one session, with its steps done as the database would. */
class Record {
  readonly steps: SupportStep[] = [];
  readonly at: number[] = [];
  looks = 0;
  readonly session: Mutable<TimedSession>;

  constructor(nowMs: number, given: Partial<TimedSession>) {
    this.session = {
      status: 'waiting',
      severity: 'medium',
      waitingSinceMs: nowMs,
      isWidened: false,
      isWatched: false,
      lastActivityMs: nowMs,
      idleAskedMs: null,
      patientSeenMs: nowMs,
      helperSeenMs: null,
      ...given,
    };
  }

  readonly activities: SupportActivities = {
    lookAfterSupport: async ({ nowMs }): Promise<SupportLook> => {
      this.looks += 1;
      const { session } = this;
      for (;;) {
        const { status } = session;
        const due = supportDue(session, SUPPORT_TIMERS[session.severity], nowMs);
        if (status === 'closed' || status === 'cancelled' || due.kind === 'over') {
          return { kind: 'over', status: status as 'closed' };
        }
        if (due.kind === 'later') return { ...due, kind: 'open', status };
        this.steps.push(due.step);
        this.at.push(nowMs);
        this.#act(due.step, nowMs);
        // The first attempt of every step dies after it has done its work.
        throw ApplicationFailure.create({ message: 'died', nextRetryDelay: '1 millisecond' });
      }
    },
  };

  #act(step: SupportStep, nowMs: number): void {
    const { session } = this;
    if (step === 'widen') session.isWidened = true;
    if (step === 'ask_idle') session.idleAskedMs = nowMs;
    if (step === 'close_idle') session.status = 'closed';
    if (step === 'cancel_gone') session.status = 'cancelled';
    if (step === 'return_to_queue') {
      Object.assign(session, { status: 'waiting', waitingSinceMs: nowMs, helperSeenMs: null });
      session.isWidened = false;
    }
  }
}

function live(
  record: Record,
  story: (signal: () => Promise<void>) => Promise<void>,
): Promise<void> {
  return withOfferWorker(environment, record.activities, async (start) => {
    const handle = await start(SUPPORT_SESSION_WORKFLOW, { sessionId: randomUUID() });
    await story(() => handle.signal(changedSignal));
    const { status } = (await handle.result()) as { status: string };
    expect(status).toBe(record.session.status);
  });
}

test('who waits unanswered is offered to more people, once, and taken off the list once gone', async () => {
  const start = await environment.currentTimeMs();
  const record = new Record(start, {});
  await live(record, async () => undefined);
  expect(record.steps).toEqual(['widen', 'cancel_gone']);
  const { unansweredMs, patientGoneMs } = SUPPORT_TIMERS.medium;
  expect(record.at[0]! - start).toBeGreaterThanOrEqual(unansweredMs);
  expect(record.at[1]! - start).toBeGreaterThanOrEqual(patientGoneMs!);
});

test('who is in danger stays on the list however silent they are', async () => {
  const record = new Record(await environment.currentTimeMs(), { severity: 'critical' });
  await live(record, async (signal) => {
    await environment.sleep('12 hours');
    expect(record.steps).toEqual(['widen']);
    expect(record.session.status).toBe('waiting');
    record.session.status = 'closed';
    await signal();
  });
});

test('whose helper vanishes waits again, with timers of the wait anew', async () => {
  const start = await environment.currentTimeMs();
  const far = start + 48 * 3_600_000;
  const record = new Record(start, {
    status: 'active',
    severity: 'high',
    helperSeenMs: start,
    patientSeenMs: far,
  });
  await live(record, async (signal) => {
    await environment.sleep('1 hour');
    expect(record.steps).toEqual(['return_to_queue', 'widen']);
    const { helperGoneMs, unansweredMs } = SUPPORT_TIMERS.high;
    expect(record.at[1]! - start).toBeGreaterThanOrEqual(helperGoneMs + unansweredMs);
    record.session.status = 'closed';
    await signal();
  });
});

test('silence is asked about before it ends anything, and a word begins it anew without a signal', async () => {
  const start = await environment.currentTimeMs();
  const far = start + 48 * 3_600_000;
  const record = new Record(start, { status: 'active', helperSeenMs: far, severity: 'low' });
  const { idleAskMs, idleCloseMs } = SUPPORT_TIMERS.low;
  await live(record, async () => {
    await environment.sleep(idleAskMs + 30_000);
    expect(record.steps).toEqual(['ask_idle']);
    record.session.lastActivityMs = record.at[0]! + 60_000;
    record.session.idleAskedMs = null;
  });
  expect(record.steps).toEqual(['ask_idle', 'ask_idle', 'close_idle']);
  expect(record.at[1]! - record.at[0]!).toBeGreaterThanOrEqual(idleAskMs + 60_000);
  expect(record.at[2]! - record.at[1]!).toBeGreaterThanOrEqual(idleCloseMs);
  // A look for each timer and each death of a worker; none for the word itself.
  expect(record.looks).toBeLessThanOrEqual(10);
});
