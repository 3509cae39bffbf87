import { endDrill, findDueDrills } from '../../db/crisis-drills.ts';
import type { DueDrill } from '../../db/crisis-drills.ts';
import { decideOnRow } from '../../db/crisis-verbs.ts';
import { untilWon } from '../../db/transaction.ts';
import { workflowId } from '../../domain/ids.ts';
import { resolveUpdate } from '../../workflows/messages/crisis-alert.ts';
import type { AuditorDeps } from './contract.ts';

const ANSWER_WITHIN_MS = 3_000;
/** Nobody was in danger. */
const OUTCOME = 'false_alarm';

/** Ends drills that were answered or are over, so that nobody is paged for them any more. */
export async function endDueDrills(deps: AuditorDeps): Promise<void> {
  for (const drill of await findDueDrills(deps.knex)) {
    if (await isResolved(deps, drill)) await endDrill(deps.knex, drill.id);
  }
}

async function isResolved(deps: AuditorDeps, drill: DueDrill): Promise<boolean> {
  const { alertId, startedBy } = drill;
  try {
    const handle = deps.temporal.workflow.getHandle(workflowId('alert', alertId));
    const { kind } = await deps.temporal.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
      handle.executeUpdate(resolveUpdate, {
        args: [{ personId: startedBy, via: 'api', outcome: OUTCOME }],
      }),
    );
    return kind === 'done' || kind === 'resolved';
  } catch {
    // Its workflow has gone, or can't be asked: the record says what holds.
    const word = { kind: 'resolve', by: startedBy, outcome: OUTCOME } as const;
    const decided = await untilWon(() =>
      deps.knex.transaction((trx) => decideOnRow(trx, alertId, word, 'auditor')),
    );
    return decided?.state.kind === 'resolved';
  }
}
