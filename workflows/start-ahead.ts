import { proxyActivities } from '@temporalio/workflow';
import type { SeriesActivities, StartAheadReport } from '../activities/series/contract.ts';

const { startAhead } = proxyActivities<SeriesActivities>({
  startToCloseTimeout: '4 minutes',
  heartbeatTimeout: '1 minute',
  retry: { maximumAttempts: 3 },
});

/** Runs by a Schedule: opens the occurrences of series ahead of their time, and mends what was left. */
export async function startAheadWorkflow(): Promise<StartAheadReport> {
  return startAhead();
}
