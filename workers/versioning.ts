import { setTimeout as sleep } from 'node:timers/promises';
import { basename } from 'node:path';
import type { Connection } from '@temporalio/client';
import type { WorkerDeploymentOptions } from '@temporalio/worker';

const CORE_DEPLOYMENT = 'holdfast-core';
const ATTEMPTS = 40;
const PAUSE_MS = 250;

/** The version of the workflows that a bundle holds: its digest. Each task queue has its own. */
export function deploymentOf(
  codePath: string,
  deploymentName = CORE_DEPLOYMENT,
): WorkerDeploymentOptions & { useWorkerVersioning: true } {
  return {
    version: { deploymentName, buildId: basename(codePath, '.js') },
    useWorkerVersioning: true,
    // Sessions live for weeks: they move on to the newest version, which replays them first.
    defaultVersioningBehavior: 'AUTO_UPGRADE',
  };
}

/**
 * Makes this worker's version the current one, which new and running sessions move to. The
 * server knows a version only once its worker has polled, so the first tries may fail.
 */
export async function becomeCurrent(
  connection: Connection,
  namespace: string,
  { deploymentName, buildId }: WorkerDeploymentOptions['version'],
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await connection.workflowService.setWorkerDeploymentCurrentVersion({
        namespace,
        deploymentName,
        buildId,
        ignoreMissingTaskQueues: true,
      });
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
