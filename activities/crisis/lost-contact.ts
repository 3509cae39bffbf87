import { WorkflowNotFoundError } from '@temporalio/client';
import { broadcast } from '../../db/broadcasts.ts';
import { openAlertsOf } from '../../db/crisis-alerts.ts';
import { hasGone, isThere } from '../../db/presence.ts';
import { isUuid, workflowId } from '../../domain/ids.ts';
import type { LostStep } from '../../domain/lost-contact.ts';
import type { LossCause } from '../../workflows/messages/lost-contact.ts';
import { contactLostSignal } from '../../workflows/messages/lost-contact.ts';
import type { OutboxConsumer, OutboxDeps } from '../outbox/contract.ts';
import type { LostNews, LostPerson } from './contract.ts';
import type { CrisisDeps } from './deps.ts';
import { textHolder } from './text-holder.ts';

/**
 * Somebody at high risk has dropped out: their alert's workflow begins to look for them. In the lane
 * of crises, where whatever fails is tried again within seconds.
 */
export const lostContact: OutboxConsumer = {
  name: 'lost-contact',
  topics: { 'crisis.person_gone': 'all' },
  handle: async (deps, { payload }) => {
    const { personId, because } = payload;
    if (typeof personId !== 'string' || !isUuid(personId)) return;
    const cause = because === 'session_abandoned' ? because : 'sockets_gone';
    for (const alert of await openAlertsOf(deps.knex, personId)) {
      await signalLoss(deps, alert.id, cause);
    }
  },
};

async function signalLoss(
  { temporal }: Pick<OutboxDeps, 'temporal'>,
  alertId: string,
  because: LossCause,
): Promise<void> {
  try {
    await temporal.workflow
      .getHandle(workflowId('alert', alertId))
      .signal(contactLostSignal, { because });
  } catch (error) {
    // It has just been resolved; one that was never started is on the auditor's list.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** Whoever left before that may be anywhere: they are no more lost than who comes by REST alone. */
const GONE_WITHIN_MS = 15 * 60_000;

/** Whether the person of an alert had left already when it came. */
export function isGone(
  { knex }: Pick<CrisisDeps, 'knex'>,
  { personId }: LostPerson,
): Promise<boolean> {
  return hasGone(knex, personId, GONE_WITHIN_MS);
}

/** Whether somebody who was lost is there again: a socket of theirs is open, or they are in a room. */
export function isBack(
  { knex }: Pick<CrisisDeps, 'knex'>,
  { personId }: LostPerson,
): Promise<boolean> {
  return isThere(knex, personId);
}

const WHAT_TO_DO: Readonly<Record<LostStep, string>> = {
  call_back: 'has dropped out: please call them back',
  emergency_contact: 'is still gone: please call their emergency contact',
  on_call: 'is still gone: everybody on call is paged again',
};

/** Whoever has the alert, and the crisis team's sockets, hear what is to be done about it now. */
export async function tellOfLoss(
  deps: Pick<CrisisDeps, 'knex' | 'knowledge' | 'sms' | 'publicUrl'>,
  { alertId, clinicId, holderId, number, step }: LostNews,
  attempt: number,
): Promise<void> {
  const ids = { alertId, step };
  const event = 'crisis-contact-lost';
  if (clinicId !== null) {
    const room = `crisis:${clinicId}` as const;
    await deps.knowledge.ask(() => broadcast(deps.knex, { room, event, ids }));
  }
  if (holderId === null) return;
  const whose = number === null ? 'The person of your alert' : `The person of alert ${number}`;
  await textHolder(deps, { alertId, holderId, body: `${whose} ${WHAT_TO_DO[step]}.`, attempt });
}
