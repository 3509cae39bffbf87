import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { listOpenAlerts, noteAudit } from '../../db/crisis-watch.ts';
import type { OpenAlertRow } from '../../db/crisis-watch.ts';
import { findAlert } from '../../db/crisis-record.ts';
import { workflowId } from '../../domain/ids.ts';
import { callOf, startWithoutWorker } from '../crisis/starting.ts';
import type { AuditorDeps } from './contract.ts';
import { askForHuman, pageFor } from './paging.ts';

/** A new alert's workflow has so long to be started by whoever took the report. */
const MIN_AGE_MS = 4_000;
const PAGE = 100;
const ANSWER_WITHIN_MS = 2_000;
const RESTART_WITHIN_MS = 3_000;

/**
 * Looks whether the workflow of every open alert runs. Where none does, because somebody has
 * terminated it or it was never started, the alert is paged for and its workflow begun again, which
 * goes on from the record. Rejects when Temporal does not answer.
 */
export async function sweepWorkflows(deps: AuditorDeps, isStopped: () => boolean): Promise<void> {
  for (let after: string | null = null; ;) {
    const page: OpenAlertRow[] = await listOpenAlerts(deps.knex, {
      after,
      minAgeMs: MIN_AGE_MS,
      limit: PAGE,
    });
    for (const alert of page) {
      if (isStopped()) return;
      if (await isRunning(deps.temporal, alert.id)) continue;
      // One that can't be begun again keeps nobody from the others.
      await revive(deps, alert).catch(deps.onFault);
    }
    if (page.length < PAGE) return;
    after = page.at(-1)!.id;
  }
}

async function isRunning(temporal: Client, alertId: string): Promise<boolean> {
  const handle = temporal.workflow.getHandle(workflowId('alert', alertId));
  try {
    const description = await temporal.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
      handle.describe(),
    );
    return description.status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function revive(deps: AuditorDeps, alert: OpenAlertRow): Promise<void> {
  const { id: alertId, audit, status } = alert;
  // Somebody may have resolved it while Temporal was asked.
  const now = await findAlert(deps.knex, alertId);
  if (now === null || now.status === 'resolved') return;
  const isPagedFor = audit !== null && Date.now() < audit.nextDueAtMs;
  if (status === 'paging' && !isPagedFor) await pageFor(deps, alert, 'workflow_missing');
  await askForHuman(deps, alert, 'workflow_missing');
  const call = callOf({ ...alert, alertId, isNew: false });
  // A start alone: of a report that the terminated run has heard, Temporal would tell what it said.
  await startWithoutWorker(deps.temporal, call, RESTART_WITHIN_MS);
  await noteAudit(deps.knex, { alertId, kind: 'workflow_restarted', data: {} });
}
