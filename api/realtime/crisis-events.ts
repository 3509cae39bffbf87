import { graver } from '../../domain/escalation-policy.ts';
import { actOnAlert } from '../crisis/verbs.ts';
import type { AlertVerb } from '../crisis/verbs.ts';
import { anyBody, idIn, placeIn, textIn, wordIn } from '../crisis/read-body.ts';
import { screenWords } from '../crisis/screen-words.ts';
import { severityOf } from '../crisis/take-report.ts';
import { subjectOf } from '../crisis/whom.ts';
import type { Subject } from '../crisis/whom.ts';
import { ALERT_TYPES } from '../support/crisis/alert-words.ts';
import { together } from './cries.ts';
import type { Cry } from './cries.ts';
import type { EventAnswer, EventCall } from './event-call.ts';
import type { AlertRef } from './payloads.ts';

/** `crisis-alert`: whatever it holds, it calls a human; what is missing or unknown counts as grave. */
export async function callForHelp(call: EventCall): Promise<EventAnswer> {
  const { deps, live, principal } = call;
  const payloads = call.payload as readonly unknown[];
  const screening = screenWords(payloads);
  const named = idIn(anyBody(payloads[0])['sessionId']);
  const subject = await subjectOf(deps, principal, named);
  const cry = payloads.map((payload) => readCry(payload, subject)).reduce(together);
  const severity = graver(cry.severity, screening.severity);
  const raised = await live.cries.raise(principal, { ...cry, severity });
  return { alertId: raised.alertId, alertNumber: raised.number, severity: raised.severity };
}

function readCry(payload: unknown, { personId, sessionId }: Subject): Cry {
  const body = anyBody(payload);
  const place = placeIn(body['location']);
  const description = textIn(body['description'] ?? body['message'] ?? payload);
  return {
    personId,
    sessionId,
    severity: severityOf(body['severity']),
    type: wordIn(body['type'], ALERT_TYPES) ?? 'user-report',
    words: { description, ...(place === null ? {} : { place }) },
  };
}

/** `acknowledge-alert`, `contact-made` and `release-alert`: the words of the crisis team. */
export function acting(verb: AlertVerb): (call: EventCall<AlertRef>) => Promise<EventAnswer> {
  return async ({ deps, principal, payload, socket }) => {
    const { alertId, note } = payload;
    const options = { via: 'socket', requestId: socket.id, note } as const;
    const { id, number, severity, status, holderId, isRecorded } = await actOnAlert(
      deps,
      principal,
      alertId,
      verb,
      options,
    );
    return { alertId: id, alertNumber: number, severity, status, holderId, isRecorded };
  };
}
