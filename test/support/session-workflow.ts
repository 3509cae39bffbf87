import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { SearchAttributeType } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { MoneyActivities } from '../../activities/money/contract.ts';
import type { SessionActivities, TransitionInput } from '../../activities/session/contract.ts';
import { DEFAULT_PLAN, type Plan } from '../../domain/plan.ts';
import type { SessionState } from '../../domain/session.ts';
import { provideWorkflowBundle } from '../../workers/bundle.ts';
import {
  SESSION_DOOR,
  SESSION_STARTS_AT,
  SESSION_STATE,
} from '../../workflows/messages/search-attributes.ts';
import type { sessionWorkflow } from '../../workflows/session.ts';
import type { SessionInput } from '../../workflows/messages/session.ts';

const HOUR_MS = 3_600_000;

/** Stand-ins for everything outside the workflow, which write down what they were asked. */
export class World {
  readonly transitions: TransitionInput[] = [];
  readonly calls: string[] = [];
  readonly money: MoneyActivities = {
    authorisePayment: async () => ({ kind: 'authorised', captureBeforeAt: null }),
    chargeSavedCard: async () => ({ kind: 'authorised', captureBeforeAt: null }),
    capturePayment: async () => ({ kind: 'captured' }),
    voidPayment: async () => ({ kind: 'voided' }),
    closeUnpaid: async () => ({ kind: 'closed' }),
    refundPayment: async () => ({ kind: 'refunded' }),
    syncPayment: async () => ({ kind: 'authorised', captureBeforeAt: null }),
  };
  readonly reconciliation = { reconcilePayment: async () => ({ kind: 'in_order' }) as const };
  readonly session: SessionActivities = {
    begin: async () => ({ kind: 'begun' }),
    settleHold: async () => ({ standing: 'released' }),
    recordTransition: async (input) => {
      this.transitions.push(input);
      return { outcome: 'recorded' };
    },
    planReminders: async () => [],
    sendReminder: async () => ({ state: 'sent' }),
    settleReminder: async () => ({ state: 'delivered' }),
    notify: async () => undefined,
  };

  get events(): string[] {
    return this.transitions.map(({ event }) => event);
  }

  /** The activities with every call noted by name, and by its argument where one is given. */
  activities(): Record<string, (input: never) => Promise<unknown>> {
    const all = { ...this.money, ...this.session, ...this.reconciliation } as Record<
      string,
      (input: never) => Promise<unknown>
    >;
    return Object.fromEntries(
      Object.keys(all).map((name) => [
        name,
        (input: never) => {
          this.calls.push(name === 'notify' ? `notify ${(input as { kind: string }).kind}` : name);
          const current = { ...this.money, ...this.session, ...this.reconciliation } as typeof all;
          return current[name]!(input);
        },
      ]),
    );
  }
}

export interface SessionTest {
  readonly handle: WorkflowHandle<typeof sessionWorkflow>;
  readonly world: World;
  readonly startsAt: number;
}

export interface SessionWish {
  readonly state?: Partial<SessionState>;
  readonly plan?: Partial<Plan>;
  readonly startsInMs?: number;
  readonly dueCents?: number;
}

/** The clock that skips comes without the product's search attributes. */
export async function registerSearchAttributes(
  environment: TestWorkflowEnvironment,
): Promise<void> {
  const { KEYWORD, DATETIME } = SearchAttributeType;
  const types = { [KEYWORD]: 2, [DATETIME]: 6 } as Readonly<Record<string, number>>;
  const attributes = [SESSION_STATE, SESSION_DOOR, SESSION_STARTS_AT];
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes: Object.fromEntries(attributes.map(({ name, type }) => [name, types[type]!])),
  });
}

/** Runs `story` with one session's workflow under a clock that skips. */
export async function withSession(
  environment: TestWorkflowEnvironment,
  world: World,
  wish: SessionWish,
  story: (test: SessionTest) => Promise<void>,
): Promise<void> {
  const taskQueue = `session-${randomUUID()}`;
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle: await provideWorkflowBundle(join(tmpdir(), 'holdfast-test-bundles')),
    activities: world.activities(),
  });
  const input = inputFor(wish, await environment.currentTimeMs());
  await worker.runUntil(async () => {
    const handle = await environment.client.workflow.start<typeof sessionWorkflow>(
      'sessionWorkflow',
      { taskQueue, workflowId: `session-${input.sessionId}`, args: [input] },
    );
    await story({ handle, world, startsAt: input.state.startsAt });
  });
}

function inputFor(wish: SessionWish, now: number): SessionInput {
  const plan = { ...DEFAULT_PLAN, ...wish.plan };
  const startsAt = now + (wish.startsInMs ?? 72 * HOUR_MS);
  const state = {
    status: 'requested',
    startsAt,
    endsAt: startsAt + 50 * 60_000,
    approval: 'awaited',
    payment: 'due',
    holdDueAt: null,
    answerDueAt: Math.min(now + plan.approval.ttlMs, startsAt),
    paymentDueAt: now + 48 * HOUR_MS,
    proposal: null,
    scheduleVersion: 1,
    ...wish.state,
  } as SessionState;
  const sessionId = randomUUID();
  return { sessionId, plan, state, version: 1, dueCents: wish.dueCents ?? 15_000, bookedAt: now };
}
