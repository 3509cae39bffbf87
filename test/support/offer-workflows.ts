import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { provideWorkflowBundle } from '../../workers/bundle.ts';
import { type AnswerOutcome, answerUpdate } from '../../workflows/messages/offers.ts';

/** Runs `story` beside a worker of these activities, on a queue of its own. */
export async function withOfferWorker(
  environment: TestWorkflowEnvironment,
  activities: object,
  story: (start: (type: string, input: object) => Promise<WorkflowHandle>) => Promise<void>,
): Promise<void> {
  const taskQueue = randomUUID();
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle: await provideWorkflowBundle(join(tmpdir(), 'holdfast-test-bundles')),
    activities,
  });
  await worker.runUntil(() =>
    story((type, input) =>
      environment.client.workflow.start(type, {
        taskQueue,
        workflowId: randomUUID(),
        args: [input],
      }),
    ),
  );
}

/** A client's answer, as the API sends it. */
export function sendAnswer(
  handle: WorkflowHandle,
  offerId: string,
  answer: 'accept' | 'decline',
  choiceId: string | null = null,
): Promise<AnswerOutcome> {
  const request = { offerId, personId: randomUUID(), answer, choiceId };
  return handle.executeUpdate(answerUpdate, { args: [request] });
}
