import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { CORE_TASK_QUEUE } from '../../workflows/messages/task-queues.ts';

export const SWEEP_SCHEDULE = 'sweep';
export const START_AHEAD_SCHEDULE = 'start-ahead';

/** Each runs once a minute, one run at a time; what one leaves, the next finds. */
const WORKFLOWS: Readonly<Record<string, string>> = {
  [SWEEP_SCHEDULE]: 'sweepWorkflow',
  [START_AHEAD_SCHEDULE]: 'startAheadWorkflow',
};

/** Makes the Schedules that the core workers live by; those that are there stay as they are. */
export async function ensureSchedules(client: Client): Promise<void> {
  for (const [scheduleId, workflowType] of Object.entries(WORKFLOWS)) {
    await ensureSchedule(client, scheduleId, workflowType);
  }
}

async function ensureSchedule(
  client: Client,
  scheduleId: string,
  workflowType: string,
): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId,
      spec: { intervals: [{ every: '1 minute' }] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
      action: {
        type: 'startWorkflow',
        workflowType,
        workflowId: scheduleId,
        taskQueue: CORE_TASK_QUEUE,
        workflowExecutionTimeout: '5 minutes',
      },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}
