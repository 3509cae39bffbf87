import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { ApplicationFailure, WorkflowIdConflictPolicy } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type {
  CreditPurchaseActivities,
  PurchaseOutcome,
  ReconciliationActivities,
} from '../../activities/money/index.ts';
import { provideWorkflowBundle } from '../../workers/bundle.ts';
import {
  CREDIT_PURCHASE_WORKFLOW,
  purchaseNewsSignal,
  purchaseUpdate,
} from '../../workflows/messages/credit-purchase.ts';
import {
  RECONCILIATION_WORKFLOW,
  lookAgainSignal,
} from '../../workflows/messages/reconciliation.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
let workflowBundle: { codePath: string };

beforeAll(async () => {
  environment = await timeSkippingEnvironment();
  workflowBundle = await provideWorkflowBundle(join(tmpdir(), 'holdfast-test-bundles'));
}, 120_000);
afterAll(() => environment.teardown());

async function withWorker(
  activities: object,
  story: (taskQueue: string) => Promise<void>,
): Promise<void> {
  const taskQueue = randomUUID();
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle,
    activities,
  });
  await worker.runUntil(() => story(taskQueue));
}

describe('reconciliation', () => {
  test('looks again at what comes in meanwhile, and a provider that is down is waited for', async () => {
    const looks: string[] = [];
    let again: () => Promise<void> = () => Promise.resolve();
    const activities: ReconciliationActivities = {
      reconcilePayment: async () => {
        looks.push('look');
        if (looks.length === 1) throw ApplicationFailure.retryable('down', 'card_provider_faulty');
        if (looks.length === 2) await again();
        return { kind: looks.length === 3 ? 'refunded' : 'in_order' };
      },
    };
    await withWorker(activities, async (taskQueue) => {
      const workflowId = randomUUID();
      const start = (): Promise<unknown> =>
        environment.client.workflow.signalWithStart(RECONCILIATION_WORKFLOW, {
          taskQueue,
          workflowId,
          args: [{ paymentId: randomUUID() }],
          signal: lookAgainSignal,
          signalArgs: [],
        });
      again = async () => void (await start());
      await start();
      const result = await environment.client.workflow.getHandle(workflowId).result();
      expect(result).toEqual({ kind: 'refunded' });
      expect(looks).toHaveLength(3);
    });
  });

  test('gives a session that is about to end some time, then calls a human', async () => {
    const lastLooks: boolean[] = [];
    const activities: ReconciliationActivities = {
      reconcilePayment: async ({ isLastLook }) => {
        lastLooks.push(isLastLook);
        return { kind: 'left_to_session' };
      },
    };
    await withWorker(activities, async (taskQueue) => {
      const result = await environment.client.workflow.execute(RECONCILIATION_WORKFLOW, {
        taskQueue,
        workflowId: randomUUID(),
        args: [{ paymentId: randomUUID() }],
      });
      expect(result).toEqual({ kind: 'left_to_session' });
      expect(lastLooks).toEqual([false, false, false, false, true]);
    });
  });
});

class Purchases {
  readonly calls: string[] = [];
  pay: PurchaseOutcome = { kind: 'paid', balanceCents: 500 };
  sync: PurchaseOutcome[] = [];
  close: PurchaseOutcome = { kind: 'failed', code: 'payment_failed', providerCode: 'closed' };

  activities(): CreditPurchaseActivities {
    const noted = async (name: string, outcome: PurchaseOutcome): Promise<PurchaseOutcome> => {
      this.calls.push(name);
      return outcome;
    };
    return {
      payCreditPurchase: () => noted('pay', this.pay),
      syncCreditPurchase: () => noted('sync', this.sync.shift() ?? this.pay),
      closeCreditPurchase: () => noted('close', this.close),
    };
  }
}

function purchase(taskQueue: string, workflowId: string) {
  return new WithStartWorkflowOperation(CREDIT_PURCHASE_WORKFLOW, {
    taskQueue,
    workflowId,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    args: [{ purchaseId: randomUUID() }],
  });
}

describe('a purchase of credits', () => {
  test('answers with its outcome, to everybody who asks while it runs', async () => {
    const purchases = new Purchases();
    purchases.pay = { kind: 'action_required' };
    purchases.sync = [{ kind: 'processing' }, { kind: 'paid', balanceCents: 900 }];
    await withWorker(purchases.activities(), async (taskQueue) => {
      const id = randomUUID();
      const ask = (): Promise<{ readonly kind: string }> =>
        environment.client.workflow.executeUpdateWithStart(purchaseUpdate, {
          startWorkflowOperation: purchase(taskQueue, id),
        });
      expect(await Promise.all([ask(), ask()])).toEqual([
        { kind: 'action_required' },
        { kind: 'action_required' },
      ]);
      const handle = environment.client.workflow.getHandle(id);
      await handle.signal(purchaseNewsSignal);
      // The provider has answered before the workflow has heard of it.
      let answer = await ask();
      while (answer.kind === 'action_required') answer = await ask();
      expect(answer).toEqual({ kind: 'processing' });
      await handle.signal(purchaseNewsSignal);
      expect(await handle.result()).toEqual({ kind: 'paid', balanceCents: 900 });
      expect(purchases.calls).toEqual(['pay', 'sync', 'sync']);
    });
  });

  test('that nobody confirms is called off after an hour; faster money is credited', async () => {
    for (const close of [
      { kind: 'failed', code: 'payment_failed', providerCode: 'closed' },
      { kind: 'paid', balanceCents: 100 },
    ] as const) {
      const purchases = new Purchases();
      purchases.pay = { kind: 'action_required' };
      purchases.close = close;
      await withWorker(purchases.activities(), async (taskQueue) => {
        const before = await environment.currentTimeMs();
        const result = await environment.client.workflow.execute(CREDIT_PURCHASE_WORKFLOW, {
          taskQueue,
          workflowId: randomUUID(),
          args: [{ purchaseId: randomUUID() }],
        });
        expect(result).toEqual(close);
        expect(purchases.calls).toEqual(['pay', 'close']);
        const tookMs = (await environment.currentTimeMs()) - before;
        expect(tookMs).toBeGreaterThanOrEqual(3_600_000);
      });
    }
  });
});
