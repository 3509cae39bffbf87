import { WorkflowNotFoundError } from '@temporalio/client';
import type { Knex } from 'knex';
import { broadcast } from '../../db/broadcasts.ts';
import { openAlertsOf } from '../../db/crisis-alerts.ts';
import { isOnline } from '../../db/presence.ts';
import { isUuid, workflowId } from '../../domain/ids.ts';
import type { LostStep } from '../../domain/lost-contact.ts';
import type { LossCause } from '../../workflows/messages/lost-contact.ts';
import { contactLostSignal } from '../../workflows/messages/lost-contact.ts';
import type { OutboxConsumer, OutboxDeps } from '../outbox/contract.ts';
import type { LostNews, LostPerson } from './contract.ts';
import type { CrisisDeps } from './deps.ts';

/** Somebody at high risk has dropped out: their alert's workflow begins to look for them. */
export const lostContact: OutboxConsumer = {
  name: 'lost-contact',
  topics: { 'presence.gone': 'all', 'support.changed': 'all' },
  handle: async (deps, { topic, payload }) => {
    const isGone = topic === 'presence.gone';
    const id = isGone ? payload['personId'] : payload['sessionId'];
    if (typeof id !== 'string' || !isUuid(id)) return;
    const personId = isGone ? id : await whoAbandoned(deps.knex, id);
    if (personId === null) return;
    const because = isGone ? 'sockets_gone' : 'session_abandoned';
    for (const alert of await openAlertsOf(deps.knex, personId)) {
      await signalLoss(deps, alert.id, because);
    }
  },
};

/** The patient of a support session that ended because they were not there any more. */
async function whoAbandoned(knex: Knex, sessionId: string): Promise<string | null> {
  const { rows } = await knex.raw<{ rows: { personId: string }[] }>(
    `SELECT patient_id AS "personId" FROM support_sessions
     WHERE id = ? AND status IN ('closed', 'cancelled') AND end_reason IN ('idle', 'patient_gone')`,
    [sessionId],
  );
  return rows[0]?.personId ?? null;
}

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

/** Whether somebody who was lost has a socket open again. */
export function isBack(
  { knex }: Pick<CrisisDeps, 'knex'>,
  { personId }: LostPerson,
): Promise<boolean> {
  return isOnline(knex, personId);
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
): Promise<void> {
  const ids = { alertId, step };
  const event = 'crisis-contact-lost';
  if (clinicId !== null) {
    const room = `crisis:${clinicId}` as const;
    await deps.knowledge.ask(() => broadcast(deps.knex, { room, event, ids }));
  }
  const to = holderId === null ? null : deps.knowledge.phoneOf(holderId);
  if (to === null) return;
  const whose = number === null ? 'The person of your alert' : `The person of alert ${number}`;
  await deps.sms.sendSms({
    to,
    body: `Holdfast: ${whose} ${WHAT_TO_DO[step]}.`,
    statusCallback: `${deps.publicUrl}/webhooks/twilio/crisis-text`,
  });
}
