import { v7 as uuidv7 } from 'uuid';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import {
  type UnpaidOccurrence,
  findSeriesCard,
  insertCardPayment,
  unpaidWithCard,
} from '../../db/series-cards.ts';
import { inTransaction } from '../../db/transaction.ts';
import { workflowId } from '../../domain/ids.ts';
import { paymentNewsSignal } from '../../workflows/messages/session.ts';
import type { OpeningDeps } from './opening.ts';

/**
 * A card that was given for one occurrence pays for the others that are open already. With a
 * session, only those of its series. The attempt is on record before the workflow hears of it;
 * one that it has not heard of is named to it again. Gives how many were told.
 */
export async function passCardOn(deps: OpeningDeps, sessionId: string | null): Promise<number> {
  const unpaid = await unpaidWithCard(deps.knex, sessionId);
  const outcomes = await Promise.allSettled(unpaid.map((each) => payByCard(deps, each)));
  // One that does not answer holds up none of the others; then it is all tried again.
  const failure = outcomes.find(({ status }) => status === 'rejected');
  if (failure?.status === 'rejected') throw failure.reason;
  return outcomes.filter((each) => each.status === 'fulfilled' && each.value).length;
}

async function payByCard(deps: OpeningDeps, occurrence: UnpaidOccurrence): Promise<boolean> {
  const paymentId = occurrence.untoldPaymentId ?? (await beginPayment(deps, occurrence));
  if (paymentId === null) return false;
  const handle = deps.temporal.workflow.getHandle(workflowId('session', occurrence.sessionId));
  await handle.signal(paymentNewsSignal, { paymentId });
  return true;
}

async function beginPayment(
  { knex }: OpeningDeps,
  { sessionId, rootId, clientId }: UnpaidOccurrence,
): Promise<string | null> {
  const context = { actor: SYSTEM_ACTOR, requestId: null };
  return inTransaction(knex, context, async (trx, audit) => {
    const cardRef = await findSeriesCard(trx, rootId, clientId);
    if (cardRef === null) return null;
    const id = await insertCardPayment(trx, { id: uuidv7(), sessionId, cardRef });
    if (id !== null) {
      audit({ action: 'payment.begun', objectType: 'payment', objectId: id, subjectId: clientId });
    }
    return id;
  });
}
