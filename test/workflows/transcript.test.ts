import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import type {
  HearingActivities,
  TranscriptActivities,
} from '../../activities/transcripts/contract.ts';
import type { TranscriptFault } from '../../domain/transcript.ts';
import { TRANSCRIPT_TASK_QUEUE } from '../../workflows/messages/task-queues.ts';
import { TRANSCRIPT_WORKFLOW, type TranscriptResult } from '../../workflows/messages/transcript.ts';
import { withOfferWorker } from '../support/offer-workflows.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
}, 60_000);
afterAll(() => environment.teardown());

type Heard = (trackId: string, attempt: number) => TranscriptFault | null;

/** Runs a workflow over three tracks; `heard` is what becomes of one. */
async function run(heard: Heard): Promise<{
  readonly result: TranscriptResult;
  readonly asked: readonly string[];
}> {
  const asked: string[] = [];
  const activities: TranscriptActivities & Record<string, unknown> = {
    planTranscript: async () => ({ trackIds: ['one', 'two', 'three'] }),
    closeTranscript: async ({ fault }) => ({ fault }),
  };
  const hearing: HearingActivities & Record<string, unknown> = {
    transcribeTrack: async ({ trackId }) => {
      asked.push(trackId);
      return { fault: heard(trackId, asked.filter((each) => each === trackId).length) };
    },
  };
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: TRANSCRIPT_TASK_QUEUE,
    activities: hearing,
  });
  let result: TranscriptResult = { fault: null };
  await worker.runUntil(() =>
    withOfferWorker(environment, activities, async (start) => {
      const handle = await start(TRANSCRIPT_WORKFLOW, { recordingId: randomUUID() });
      result = (await handle.result()) as TranscriptResult;
    }),
  );
  return { result, asked };
}

function failing(type: string, nonRetryable: boolean): never {
  throw ApplicationFailure.create({ type, message: 'no', nonRetryable });
}

test('hears one track after the other', async () => {
  const { result, asked } = await run(() => null);
  expect(result).toEqual({ fault: null });
  expect(asked).toEqual(['one', 'two', 'three']);
});

test('asks again where an engine fails for a while', async () => {
  const { result, asked } = await run((trackId, attempt) =>
    trackId === 'two' && attempt < 4 ? failing('engine_failed', false) : null,
  );
  expect(result).toEqual({ fault: null });
  expect(asked).toEqual(['one', 'two', 'two', 'two', 'two', 'three']);
});

test('one track that can not be heard keeps no other from it, and is told of', async () => {
  const { result, asked } = await run((trackId) =>
    trackId === 'one' ? failing('sound_unreadable', true) : null,
  );
  expect(result).toEqual({ fault: 'sound_unreadable' });
  expect(asked).toEqual(['one', 'two', 'three']);
});

test.each(['consent_withdrawn', 'recording_gone'] as const)(
  '%s ends it',
  async (fault) => {
    const { result, asked } = await run((trackId) => (trackId === 'two' ? fault : null));
    expect(result).toEqual({ fault });
    expect(asked).toEqual(['one', 'two']);
  },
  60_000,
);

test('who is not accepted by the engine asks for no other track', async () => {
  const { result, asked } = await run(() => failing('engine_refused', true));
  expect(result).toEqual({ fault: 'engine_refused' });
  expect(asked).toEqual(['one']);
});

test('an engine that fails again and again is given up at last', async () => {
  const { result, asked } = await run((trackId) =>
    trackId === 'one' ? failing('engine_failed', false) : null,
  );
  expect(result).toEqual({ fault: 'engine_failed' });
  expect(asked.slice(29)).toEqual(['one', 'two', 'three']);
});
