import { findSupportSession } from '../../db/support-sessions.ts';
import { ALERT_SEVERITIES, severityRank } from '../../domain/escalation-policy.ts';
import type { AlertSeverity } from '../../domain/escalation-policy.ts';
import { isUuid } from '../../domain/ids.ts';
import { isParticipant, relationToSupport } from '../access/support-access.ts';
import { screenWords } from '../crisis/screen-words.ts';
import { safely } from '../http/error-handler.ts';
import { readUrgency } from '../support/dialect.ts';
import { refuseRoom } from './appointment-events.ts';
import type { EventAnswer, EventCall } from './event-call.ts';
import { said } from './payloads.ts';

const TYPES = ['self-harm-indication', 'suicide-risk', 'immediate-danger', 'user-report'];

/** `crisis-alert`: whatever it holds, it calls a human; what is missing or unknown counts as grave. */
export async function callForHelp(call: EventCall): Promise<EventAnswer> {
  const { live, payload, principal } = call;
  const screening = screenWords(payload);
  const declared = readUrgency(said(payload, 'severity')) ?? 'high';
  const severity = graver(declared, screening.severity);
  const description = said(payload, 'description');
  const type = TYPES.find((type) => type === said(payload, 'type'));
  const { personId, sessionId } = await whoseTrouble(call);
  const raised = await live.cries.raise(principal, {
    personId,
    sessionId,
    severity,
    type: type ?? screening.type ?? 'user-report',
    description: typeof description === 'string' ? description : null,
    location: said(payload, 'location') ?? null,
  });
  return { alertId: raised.alertId, alertNumber: raised.number, severity: raised.severity };
}

function graver(one: AlertSeverity, other: AlertSeverity | null): AlertSeverity {
  if (other === null) return one;
  return ALERT_SEVERITIES[Math.max(severityRank(one), severityRank(other))]!;
}

/** A helper's call is about the patient of the session that it names, any other about the caller. */
async function whoseTrouble(
  call: EventCall,
): Promise<{ readonly personId: string; readonly sessionId: string | null }> {
  const { deps, payload, principal } = call;
  const own = { personId: principal.personId, sessionId: null };
  const sessionId = said(payload, 'sessionId');
  if (typeof sessionId !== 'string' || !isUuid(sessionId)) return own;
  try {
    const session = await findSupportSession(deps.crisisKnex, sessionId);
    if (session !== null && isParticipant(relationToSupport(principal, session))) {
      return { personId: session.patientId, sessionId };
    }
    await refuseRoom({ ...call, payload: { sessionId } });
  } catch (error) {
    deps.log.warn({ error: safely(error) }, 'the session of a call for help is not known');
  }
  return own;
}
