import { broadcast } from '../../db/broadcasts.ts';
import { triggerDetailsFor, carryTrigger } from '../../db/crisis-carrying.ts';
import { findAlert } from '../../db/crisis-record.ts';
import { openTask } from '../../db/tasks.ts';
import { untilWon } from '../../db/transaction.ts';
import type { HolderTold, Told } from './contract.ts';
import type { CrisisDeps } from './deps.ts';
import { callOf, deliverRaise } from './starting.ts';
import { textHolder } from './text-holder.ts';

/** The person hears that nobody has answered yet; whom else to call is read where it is shown. */
export async function tellPerson({ knex }: CrisisDeps, { alertId, personId }: Told): Promise<void> {
  await broadcast(knex, { room: `person:${personId}`, event: 'crisis-waiting', ids: { alertId } });
}

/** Whoever has the alert hears that there is news of it, or that it still waits for its end. */
export async function tellHolder(
  deps: CrisisDeps,
  told: HolderTold,
  attempt: number,
): Promise<void> {
  const { alertId, holderId, number, because } = told;
  const ids = { alertId, because };
  const room = `person:${holderId}` as const;
  await deps.knowledge.ask(() => broadcast(deps.knex, { room, event: 'crisis-reminder', ids }));
  const which = number === null ? 'your alert' : `alert ${number}`;
  const body = because === 'trigger' ? `there is news of ${which}.` : `${which} is still yours.`;
  await textHolder(deps, { alertId, holderId, body, attempt });
}

const START_WITHIN_MS = 3_000;

/**
 * A report that came when its alert was being resolved opens another alert, once. The outbox starts
 * its workflow if this does not.
 */
export async function raiseAnew(
  deps: Pick<CrisisDeps, 'knex' | 'cipher' | 'temporal'>,
  report: { readonly alertId: string; readonly triggerId: string },
): Promise<void> {
  const details = triggerDetailsFor(deps.cipher);
  const raised = await untilWon(() =>
    deps.knex.transaction((trx) => carryTrigger(trx, report, details)),
  );
  if (raised === null) return;
  await deliverRaise(deps.temporal, callOf(raised), START_WITHIN_MS).catch(() => undefined);
}

/** Some time after an alert's end, somebody looks after the person. */
export async function openFollowUp(
  { knex }: Pick<CrisisDeps, 'knex'>,
  { alertId }: { readonly alertId: string },
): Promise<void> {
  const alert = await findAlert(knex, alertId);
  // Nobody was in danger in a drill.
  if (alert === null || alert.isDrill) return;
  const { clinicId, number, personId, sessionId } = alert;
  const data = { alertId, number, personId, supportSessionId: sessionId };
  const key = `crisis-follow-up:${alertId}`;
  await openTask(knex, { clinicId, key, kind: 'crisis_follow_up', data });
}
