import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { AlertState } from '../../domain/alert-events.ts';
import { DEFAULT_POLICIES } from '../../domain/escalation-policy.ts';
import {
  type AlertAnswer,
  type VerbRequest,
  acknowledgeUpdate,
  acknowledgeSignal,
  alertStateQuery,
  contactUpdate,
  lookAgainSignal,
  raiseUpdate,
  pageResultSignal,
  releaseUpdate,
  resolveSignal,
  resolveUpdate,
  signSignal,
} from '../../workflows/messages/crisis-alert.ts';
import { CrisisWorld, withCrisisWorker } from '../support/alert-workflow.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

// On a server with a real clock: the skipping one stands still while an activity is tried again.
let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await devServer();
}, 120_000);
afterAll(() => environment.teardown());

const { critical } = DEFAULT_POLICIES;
const steps = critical.steps.map((step) => ({ ...step, waitMs: 300 }));
const quickly = {
  ...DEFAULT_POLICIES,
  critical: { ...critical, steps, leaseMs: 700, followUpAfterMs: 60_000 },
};
/** Whoever takes an alert keeps it for the length of a test. */
const heldLong = { ...quickly, critical: { ...quickly.critical, leaseMs: 600_000 } };

function acknowledge(handle: WorkflowHandle, personId: string): Promise<AlertAnswer> {
  return handle.executeUpdate(acknowledgeUpdate, { args: [{ personId, via: 'api' }] });
}

const api = (personId: string): { args: [VerbRequest] } => ({ args: [{ personId, via: 'api' }] });

function stateOf(handle: WorkflowHandle): Promise<AlertState | null> {
  return handle.query(alertStateQuery);
}

async function begun(world: CrisisWorld): Promise<void> {
  await until(() => world.pages.length >= 4 && world.records.length > 0);
}

function resolve(handle: WorkflowHandle, personId: string): Promise<AlertAnswer> {
  return handle.executeUpdate(resolveUpdate, {
    args: [{ personId, via: 'api', outcome: 'safe' }],
  });
}

test('pages go on, an acknowledgement holds, and all is written down in the end', async () => {
  let isAway = true;
  let unrecorded = 0;
  const world: CrisisWorld = new CrisisWorld(
    (own) => ({
      recordAlert: async (step) => {
        if (isAway) throw ApplicationFailure.retryable('away', 'dependency_unavailable');
        own.records.push(step);
        return { kind: 'recorded' };
      },
      readContext: async () => {
        throw ApplicationFailure.nonRetryable('away', 'dependency_unavailable');
      },
      sendPage: async (job) => {
        own.pages.push(job);
        if (isAway) unrecorded += 1;
        return { kind: 'sent', providerId: randomUUID(), isRecorded: !isAway };
      },
    }),
    heldLong,
  );
  await withCrisisWorker(environment, world, async (start) => {
    const { handle } = await start();
    await until(() => (world.pages.at(-1)?.batch ?? 0) >= 5);
    const [by, other] = world.team as [string, string];
    expect(await acknowledge(handle, by)).toMatchObject({ kind: 'done', isRecorded: false });
    expect(await acknowledge(handle, other)).toMatchObject({ kind: 'already_held' });
    isAway = false;
    await until(() => world.records.some(({ state }) => state.kind === 'held'));
    // A page that was on its way when somebody took the alert comes with a later step, or is called off.
    const early = ({ batch }: { readonly batch: number }): boolean => batch <= 3;
    const recorded = () => world.records.flatMap((step) => step.pages);
    const sent = world.pages.filter(early).length;
    await until(() => recorded().filter(early).length >= sent);
    expect(recorded().filter(early)).toHaveLength(sent);
    expect(recorded().length).toBeLessThanOrEqual(unrecorded);
    await resolve(handle, by);
  });
}, 120_000);

test('a page that is on its way when somebody takes the alert is written down', async () => {
  const taken = Promise.withResolvers<void>();
  const world: CrisisWorld = new CrisisWorld(
    (own) => ({
      sendPage: async (job) => {
        own.pages.push(job);
        await taken.promise;
        return { kind: 'sent', providerId: randomUUID(), isRecorded: false };
      },
    }),
    heldLong,
  );
  await withCrisisWorker(environment, world, async (start) => {
    const { handle } = await start();
    await begun(world);
    await acknowledge(handle, world.team[0]!);
    const sent = world.pages.length;
    taken.resolve();
    const recorded = () => world.records.flatMap((step) => step.pages);
    await until(() => recorded().length >= sent);
    expect(
      recorded()
        .map(({ personId }) => personId)
        .toSorted(),
    ).toEqual(world.pages.map(({ personId }) => personId).toSorted());
    await resolve(handle, world.team[0]!);
  });
}, 120_000);

test('a report that comes after the end opens another alert', async () => {
  const world = new CrisisWorld(undefined, quickly);
  await withCrisisWorker(environment, world, async (start) => {
    const { handle, input } = await start();
    await begun(world);
    await resolve(handle, world.team[0]!);
    const late = { ...input.first, triggerId: randomUUID() };
    const raised = handle.executeUpdate(raiseUpdate, { args: [late] });
    expect(await raised).toMatchObject({ status: 'resolved' });
    await until(() => world.calls.includes('raiseAnew'));
  });
}, 120_000);

test('who was told so by the record has it, whoever else the workflow hears', async () => {
  const told = randomUUID();
  const held: AlertState = {
    kind: 'held',
    severity: 'critical',
    tier: 0,
    batch: 1,
    lastPagedAtMs: 0,
    holderId: told,
    heldSinceMs: Date.now(),
    leaseUntilMs: Date.now() + 86_400_000,
  };
  let isAhead = true;
  const world = new CrisisWorld(() => ({
    recordAlert: async () => {
      if (!isAhead) return { kind: 'recorded' };
      isAhead = false;
      return { kind: 'conflict', version: 9, state: held };
    },
  }));
  await withCrisisWorker(environment, world, async (start) => {
    const { handle } = await start();
    await until(() => world.pages.length >= 4 && !isAhead);
    isAhead = true;
    const answer = await acknowledge(handle, world.team[0]!);
    expect(answer).toMatchObject({ kind: 'already_held', holderId: told });
    await handle.signal(lookAgainSignal);
    const release = await handle.executeUpdate(releaseUpdate, api(world.team[0]!));
    expect(release).toMatchObject({ kind: 'not_holder', holderId: told });
    const late = await handle.executeUpdate(contactUpdate, api(world.team[0]!));
    expect(late).toMatchObject({ kind: 'done', status: 'in_contact', holderId: told });
    await resolve(handle, told);
  });
}, 120_000);

test('a graver report pages again though somebody has the alert; a known one changes nothing', async () => {
  const world = new CrisisWorld();
  await withCrisisWorker(environment, world, async (start) => {
    const first = { severity: 'medium', sessionId: null, unrecorded: null } as const;
    const { handle, input } = await start({ first: { ...first, triggerId: randomUUID() } });
    await begun(world);
    await acknowledge(handle, world.team[0]!);
    await handle.executeUpdate(raiseUpdate, { args: [input.first] });
    await handle.executeUpdate(raiseUpdate, {
      args: [{ ...input.first, triggerId: randomUUID() }],
    });
    expect(await stateOf(handle)).toMatchObject({ kind: 'held' });
    const graver = { ...input.first, triggerId: randomUUID(), severity: 'critical' } as const;
    await handle.executeUpdate(raiseUpdate, { args: [graver] });
    expect(await stateOf(handle)).toMatchObject({ kind: 'paging', severity: 'critical' });
    await resolve(handle, world.team[0]!);
  });
}, 120_000);

test('pages that wait for a worker when somebody takes the alert never begin', async () => {
  const first = Promise.withResolvers<void>();
  const world: CrisisWorld = new CrisisWorld((own) => ({
    sendPage: async (job) => {
      own.pages.push(job);
      if (own.pages.length === 1) return { kind: 'sent', providerId: null, isRecorded: true };
      // The provider does not answer: the page is tried again.
      first.resolve();
      throw new Error('silent');
    },
  }));
  await withCrisisWorker(environment, world, async (start) => {
    const { handle } = await start();
    await first.promise;
    await acknowledge(handle, world.team[0]!);
    await until(() => world.calls.includes('stopPages'));
    const tried = world.pages.length;
    await delay(1_500);
    // One attempt may have been handed out when the acknowledgement came; no other follows.
    expect(world.pages.length).toBeLessThanOrEqual(tried + 1);
    await resolve(handle, world.team[0]!);
  });
}, 120_000);

test('who acknowledges and is not heard of has it no more: the next step is paged', async () => {
  const world = new CrisisWorld(undefined, quickly);
  await withCrisisWorker(environment, world, async (start) => {
    const { handle } = await start();
    const [by] = world.team as [string];
    await until(() => world.pages.length > 0);
    await acknowledge(handle, by);
    const sent = world.pages.length;

    await until(() => world.pages.length > sent);
    const [next] = world.pages.slice(sent);
    expect([world.pages[0]!.tier, next!.tier]).toEqual([0, 1]);
    expect(await stateOf(handle)).toMatchObject({ kind: 'paging', lastHolderId: by });
    await resolve(handle, by);
  });
}, 120_000);

test('when everybody of a step has failed to answer, the next step is paged at once', async () => {
  const world = new CrisisWorld(undefined, quickly);
  await withCrisisWorker(environment, world, async (start) => {
    const { handle } = await start();
    await until(() => world.pages.length >= 4);
    for (const { personId, channel } of world.pages.slice(0, 4)) {
      const result = { batch: 1, page: { personId, channel }, result: 'failed' } as const;
      await handle.signal(pageResultSignal, result);
    }
    await until(() => world.pages.some(({ tier, batch }) => tier === 1 && batch === 2));
    await resolve(handle, world.team[0]!);
  });
}, 120_000);

describe('signals from Temporal UI', () => {
  test('any argument is survived, and only who can be paged is believed', async () => {
    const world = new CrisisWorld(undefined, quickly);
    await withCrisisWorker(environment, world, async (start) => {
      const { handle } = await start();
      const nonsense: unknown[] = [
        undefined,
        null,
        7,
        'me',
        [],
        {},
        { personId: 7 },
        { personId: randomUUID() },
        { personId: 'constructor' },
        { personId: world.team },
      ];
      for (const argument of nonsense) await handle.signal(acknowledgeSignal, argument);
      await handle.signal(resolveSignal, { personId: world.team[0], outcome: 'well' });
      expect(await stateOf(handle)).toMatchObject({ kind: 'paging' });
      await handle.signal(acknowledgeSignal, { personId: world.team[1] });
      expect(await stateOf(handle)).toMatchObject({ kind: 'held', holderId: world.team[1] });
      await handle.signal(resolveSignal, { personId: world.team[1], outcome: 'safe' });
      await until(async () => (await stateOf(handle))?.kind === 'resolved');
      await until(() =>
        world.records.some(({ news }) =>
          news.some(({ kind, via }) => kind === 'acknowledge' && via === 'temporal_ui'),
        ),
      );
    });
  }, 120_000);

  test('an update that is malformed is refused, and nothing stalls', async () => {
    const world = new CrisisWorld(undefined, quickly);
    await withCrisisWorker(environment, world, async (start) => {
      const { handle } = await start();
      const bad = [{ personId: 'me', via: 'api' }, { personId: randomUUID() }, null];
      for (const request of bad) {
        const asked = handle.executeUpdate(acknowledgeUpdate, { args: [request as never] });
        await expect(asked).rejects.toThrow();
      }
      expect(await acknowledge(handle, world.team[0]!)).toMatchObject({ kind: 'done' });
      await resolve(handle, world.team[0]!);
    });
  }, 120_000);
});

/** When the run began its last wait, for the record, which takes 5 seconds at most. */
async function lastWaitOf(handle: WorkflowHandle): Promise<number | null> {
  const { events } = await handle.fetchHistory();
  const timer = events?.findLast(
    ({ timerStartedEventAttributes: started }) =>
      Number(started?.startToFireTimeout?.seconds) === 5,
  );
  return timer === undefined ? null : tsToMs(timer.eventTime);
}

test('a report that comes together with the end of the last wait of a run is heard, and pages', async () => {
  let isRecordSilent = false;
  let lookMs = 0;
  const world: CrisisWorld = new CrisisWorld(
    (own) => ({
      recordAlert: async (step) => {
        if (isRecordSilent) throw ApplicationFailure.retryable('away', 'dependency_unavailable');
        own.records.push(step);
        return { kind: 'recorded' };
      },
      // What was known stays old, so that whoever comes looks again.
      readContext: async () => {
        await delay(lookMs);
        throw ApplicationFailure.nonRetryable('away', 'dependency_unavailable');
      },
    }),
    heldLong,
  );
  await withCrisisWorker(environment, world, async (start) => {
    const mild = { severity: 'medium', sessionId: null, unrecorded: null } as const;
    const { handle } = await start({ first: { ...mild, triggerId: randomUUID() } });
    const current = environment.client.workflow.getHandle(handle.workflowId);
    const { runId } = await handle.describe();
    await begun(world);
    const [by] = world.team as [string];
    await acknowledge(handle, by);
    isRecordSilent = true;
    await delay(5_000);
    let waitsSinceMs: number | null = null;
    while (waitsSinceMs === null) {
      await Promise.all(
        Array.from({ length: 20 }, () => current.signal(signSignal, { personId: by })),
      );
      waitsSinceMs = await lastWaitOf(handle);
    }
    const sinceThen = (ms: number): Promise<void> => delay(waitsSinceMs + ms - Date.now());
    await sinceThen(2_800);
    // Over this look the wait ends and the report comes; the workflow hears of both at once.
    lookMs = 2_600;
    const { personId, channel } = world.pages[0]!;
    const result = { batch: 1, page: { personId, channel }, result: 'failed' } as const;
    await current.signal(pageResultSignal, result);
    await sinceThen(3_800);
    lookMs = 500;
    const report = { ...mild, triggerId: randomUUID(), severity: 'critical' } as const;
    const answer = await current.executeUpdate(raiseUpdate, { args: [report] });
    expect(answer).toMatchObject({ kind: 'done', status: 'paging' });
    // The next run takes these pages for sent.
    await until(() => world.pages.some(({ batch }) => batch > 2));
    expect(world.pages.map(({ batch }) => batch)).toContain(2);
    isRecordSilent = false;
    const heard = () =>
      world.records
        .flatMap(({ news }) => news)
        .filter(
          ({ kind, data }) => kind === 'report_heard' && data['triggerId'] === report.triggerId,
        );
    await until(() => heard().length > 0);
    expect(heard()).toHaveLength(1);
    expect((await current.describe()).runId).not.toBe(runId);
    await resolve(current, by);
  });
}, 120_000);

test('a report that is joined to an open alert when it is written ends this one', async () => {
  const elsewhere = randomUUID();
  const world = new CrisisWorld(() => ({
    recordLate: async () => ({ alertId: elsewhere, number: 'CA-2026-000007' }),
  }));
  await withCrisisWorker(environment, world, async (start) => {
    const unrecorded = {
      type: 'user-report',
      source: 'report',
      messageId: null,
      reportedBy: null,
      raisedAtMs: 0,
    };
    const report = { triggerId: randomUUID(), severity: 'high', sessionId: null } as const;
    const { handle } = await start({ first: { ...report, unrecorded } });
    expect(await handle.result()).toEqual({ status: 'paging', joinedTo: elsewhere });
  });
}, 120_000);
