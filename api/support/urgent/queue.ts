import {
  averageEscalatedWait,
  listEscalations,
  sessionOfEscalation,
} from '../../../db/support-escalations.ts';
import { listWaiting, seeHelper } from '../../../db/support-queue.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';
import { findSupportSession } from '../../../db/support-sessions.ts';
import { isUuid } from '../../../domain/ids.ts';
import { enforce } from '../../access/clinic-access.ts';
import { helperRole, supportTarget } from '../../access/support-access.ts';
import type { Answer, Call } from '../../http/handler.ts';
import { inBothShapes, iso } from '../dialect.ts';
import { acceptById } from '../sessions/accept.ts';
import { secondsSince } from '../sessions/available.ts';
import { openEscalationTexts } from '../sessions/escalation-texts.ts';
import { auditShown, showSessions } from '../sessions/shown.ts';
import { priorityOf } from './present.ts';

const MOST_URGENT = 200;

/** `GET /api/urgent/queue`: what waits and is grave or was escalated, by priority, then wait. */
export async function getUrgentQueue(call: Call): Promise<Answer> {
  const { deps, principal } = call;
  const role = helperRole(principal);
  const target = { action: 'urgent.queue', objectType: 'support_session', objectId: null };
  if (role !== 'counselor' && role !== 'admin') await enforce(call, 'forbidden', target);
  const { clinicId, personId: helperId } = principal;
  await seeHelper(deps.knex, helperId);
  const filter = { clinicId, helperId, role: 'admin', helperType: null, severity: null } as const;
  const [{ sessions, total }, recordedWait] = await Promise.all([
    listWaiting(deps.knex, {
      ...filter,
      onlyUrgent: true,
      showsDeclined: true,
      limit: MOST_URGENT,
    }),
    averageEscalatedWait(deps.knex, clinicId),
  ]);
  await auditShown(call, 'support_session.preview', sessions);
  const urgentSessions = await showUrgent(call, sessions);
  const waits = urgentSessions.map(({ waitTime }) => waitTime);
  const averageWaitTime = recordedWait ?? meanOf(waits);
  return inBothShapes(200, { a: { urgentSessions, queueLength: total, averageWaitTime } });
}

/** Each with its last escalation, by whose id it may be accepted, too. */
async function showUrgent(call: Call, sessions: readonly SupportSession[]) {
  const ids = sessions.map(({ id }) => id);
  const [shown, escalations] = await Promise.all([
    showSessions(call, sessions),
    listEscalations(call.deps.knex, ids),
  ]);
  const texts = await openEscalationTexts(call.deps, escalations);
  const steps = new Map(
    escalations.map((step, index) => [step.sessionId, { step, reason: texts[index]!.reason }]),
  );
  const now = Date.now();
  return shown.map(({ session, faces, texts: own }) => {
    const { step, reason } = steps.get(session.id) ?? { step: null, reason: null };
    return {
      id: step?.id ?? session.id,
      sessionId: session.id,
      user: { id: faces.patient.id, username: faces.patient.username },
      severity: session.severity,
      waitTime: secondsSince(session.waitingSince, now),
      escalatedAt: iso(step?.createdAt ?? session.createdAt),
      reason: reason ?? own.title ?? own.description,
      priority: priorityOf(session.severity),
    };
  });
}

function meanOf(values: readonly number[]): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length));
}

/** `POST /api/urgent/:sessionId/accept`, by the id of the session or of its escalation. */
export async function acceptUrgentSession(call: Call): Promise<Answer> {
  const { deps, principal } = call;
  const given = call.params.id!;
  const action = 'urgent.accept';
  const target = supportTarget(action, given);
  if (helperRole(principal) !== 'counselor') await enforce(call, 'forbidden', target);
  const isSession = (await findSupportSession(deps.knex, given)) !== null;
  const named = isSession || !isUuid(given) ? null : await sessionOfEscalation(deps.knex, given);
  return acceptById(call, named ?? given, action);
}
