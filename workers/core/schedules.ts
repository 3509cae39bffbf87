import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { CORE_TASK_QUEUE } from '../../workflows/messages/task-queues.ts';

export const SWEEP_SCHEDULE = 'sweep';

/** Makes the Schedules that the core workers live by; those that are there stay as they are. */
export async function ensureSchedules(client: Client): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: SWEEP_SCHEDULE,
      spec: { intervals: [{ every: '1 minute' }] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
      action: {
        type: 'startWorkflow',
        workflowType: 'sweepWorkflow',
        workflowId: 'sweep',
        taskQueue: CORE_TASK_QUEUE,
        workflowExecutionTimeout: '5 minutes',
      },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}
