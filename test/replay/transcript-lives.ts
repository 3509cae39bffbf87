import { Connection } from '@temporalio/client';
import { setTimeout as delay } from 'node:timers/promises';
import { workflowId } from '../../domain/ids.ts';
import { startQueueWorker } from '../../workers/media/worker.ts';
import { TRANSCRIPT_TASK_QUEUE } from '../../workflows/messages/task-queues.ts';
import { recordVoices } from '../support/recorded-voices.ts';
import { exists } from '../support/workflow-exists.ts';
import type { Life } from './lives.ts';

/** Two people were recorded; an engine fails once, and hears both in the end. */
export const transcript: Life = {
  live: async (stack, { book, therapist, client }) => {
    const { connection, options } = stack.temporal;
    if (!(connection instanceof Connection)) throw new Error('Not a connection of its own');
    const { deps } = stack.api;
    let asked = 0;
    const worker = startQueueWorker({
      address: connection.options.address,
      namespace: options.namespace,
      keyRing: deps.keyRing,
      taskQueue: TRANSCRIPT_TASK_QUEUE,
      activities: {
        transcribeTrack: async () => {
          asked += 1;
          await delay(100);
          if (asked === 1) throw new Error('not now');
          return { fault: null };
        },
      },
      most: 1,
      onFault: (error) => console.error(error),
    });
    try {
      const { id } = await book();
      const made = await recordVoices(
        { ...deps, store: deps.attachments.store },
        { sessionId: id, startedBy: therapist.id },
        [
          { personId: therapist.id, voice: 'first' },
          { personId: client.id, voice: 'second' },
        ],
      );
      const own = workflowId('transcript', made.recordingId);
      const handle = stack.temporal.workflow.getHandle(own);
      await exists(handle);
      await handle.result();
      return own;
    } finally {
      await worker.close();
    }
  },
};
