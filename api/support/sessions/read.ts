import { listEscalations, listSessionReports } from '../../../db/support-escalations.ts';
import type { SessionReport } from '../../../db/support-escalations.ts';
import { seeParticipant } from '../../../db/support-queue.ts';
import { readResources } from '../../../db/resources.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';
import { severityRank } from '../../../domain/escalation-policy.ts';
import { isParticipant } from '../../access/support-access.ts';
import type { SupportRelation } from '../../access/support-access.ts';
import type { Answer, Call } from '../../http/handler.ts';
import { iso, inBothShapes, severityOf } from '../dialect.ts';
import { openEscalationTexts } from './escalation-texts.ts';
import { idFor } from './people.ts';
import { wholeInA, wholeInB } from './present.ts';
import type { SessionContext } from './present.ts';
import { recentMessages } from './recent-messages.ts';
import { auditShown, openSupport, showSession } from './shown.ts';

/** `GET /api/sessions/:id` */
export async function getSupportSession(call: Call): Promise<Answer> {
  const { deps, principal } = call;
  const { session, relation } = await openSupport(call, 'read');
  await auditShown(call, 'support_session.read', [session]);
  const isIn = isParticipant(relation);
  const [shown, context, messages] = await Promise.all([
    showSession(call, session, ['details', 'notes', 'feedback']),
    contextOf(call, session, relation),
    isIn ? recentMessages(call, session) : [],
    isIn ? seeParticipant(deps.knex, session.id, principal.personId) : undefined,
  ]);
  const now = Date.now();
  return inBothShapes(200, {
    a: { session: wholeInA(shown, now) },
    b: { session: wholeInB(shown, context, now), recentMessages: messages },
  });
}

async function contextOf(
  call: Call,
  session: SupportSession,
  relation: SupportRelation,
): Promise<SessionContext> {
  const { knex } = call.deps;
  const [reports, escalations, { resources }] = await Promise.all([
    listSessionReports(knex, session.id),
    listEscalations(knex, [session.id]),
    readResources(knex, session.clinicId),
  ]);
  const texts = await openEscalationTexts(call.deps, escalations);
  const isGrave = severityRank(session.severity) >= severityRank('high') || reports.length > 0;
  return {
    crisisFlags: reports.map(flagOf),
    escalationHistory: escalations.map((step, index) => ({
      _id: step.id,
      escalatedBy: idFor(session, step.escalatedBy, relation),
      escalatedTo: step.toHelperType,
      previousSeverity: severityOf(step.fromSeverity),
      newSeverity: severityOf(step.toSeverity),
      reason:
        texts[index]!.reason ?? (step.cause === 'unanswered' ? 'Nobody answered in time' : null),
      createdAt: iso(step.createdAt),
    })),
    resources: resources
      .filter(({ kind }) => isGrave || kind === 'educational')
      .map(({ title, website, phone, kind }) => {
        const url = website ?? (phone === null ? null : `tel:${phone}`);
        // What is published is a string.
        return { title, ...(url === null ? {} : { url }), type: kind };
      }),
    showsNotes: relation !== 'patient',
  };
}

function flagOf({ severity, source, alertId, alertStatus, createdAt }: SessionReport): object {
  const isResolved = alertStatus === 'resolved';
  return {
    severity: severityOf(severity),
    source,
    alertId,
    isResolved,
    detectedAt: iso(createdAt),
  };
}
