import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import { planOfTranscript } from '../../db/transcripts.ts';
import { isUuid, workflowId } from '../../domain/ids.ts';
import { CORE_TASK_QUEUE } from '../../workflows/messages/task-queues.ts';
import { TRANSCRIPT_WORKFLOW } from '../../workflows/messages/transcript.ts';
import type { OutboxConsumer } from '../outbox/contract.ts';

/**
 * Begins to make words of a recording that is whole, where somebody wants them. Where an earlier
 * workflow is just ending it is tried again: that one will not hear of what is wanted since.
 */
export const transcripts: OutboxConsumer = {
  name: 'transcripts',
  topics: { 'recording.ready': 'all', 'transcript.wanted': 'all' },
  handle: async ({ knex, temporal }, { payload }) => {
    const { recordingId } = payload;
    if (typeof recordingId !== 'string' || !isUuid(recordingId)) return;
    const plan = await planOfTranscript(knex, recordingId);
    if (plan?.state !== 'pending') return;
    await temporal.workflow.start(TRANSCRIPT_WORKFLOW, {
      taskQueue: CORE_TASK_QUEUE,
      workflowId: workflowId('transcript', recordingId),
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      args: [{ recordingId }],
    });
  },
};
