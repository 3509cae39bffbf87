import { proxyActivities } from '@temporalio/workflow';
import type { SweepActivities, SweepReport } from '../activities/sweep/contract.ts';

const { sweep } = proxyActivities<SweepActivities>({
  startToCloseTimeout: '50 seconds',
  retry: { maximumAttempts: 3 },
});

/** Runs by a Schedule every minute: whatever one run leaves, the next one finds. */
export async function sweepWorkflow(): Promise<SweepReport> {
  return sweep();
}
