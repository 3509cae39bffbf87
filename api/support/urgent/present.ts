import type { SupportSession } from '../../../db/support-sessions.ts';
import type { AlertSeverity } from '../../../domain/escalation-policy.ts';
import type { WaitEstimate } from '../../../domain/support-queue.ts';
import type { Answer } from '../../http/handler.ts';
import { inBothShapes, iso, severityOf } from '../dialect.ts';
import { statusInB } from '../sessions/words.ts';
import type { EscalationWish } from './escalation-wish.ts';

export interface ShownEscalation {
  readonly id: string;
  readonly by: string;
  readonly at: Date;
  readonly before: SupportSession;
  readonly now: SupportSession;
  readonly wish: EscalationWish;
  readonly wait: WaitEstimate;
  readonly isTeamAlerted: boolean;
  readonly isSupervisorNotified: boolean;
}

/** 1 is served first. */
export function priorityOf(severity: AlertSeverity): number {
  return { critical: 1, high: 2, medium: 3, low: 4 }[severity];
}

/** Each notification is true only once it has happened. */
export function presentEscalation(shown: ShownEscalation): Answer {
  const { id, by, at, before, now, wish, wait, isTeamAlerted, isSupervisorNotified } = shown;
  const priority = priorityOf(now.severity);
  const estimate = { estimatedResponseTime: wait.seconds, priority };
  return inBothShapes(200, {
    message: 'Session escalated successfully',
    a: {
      urgentSession: {
        id,
        originalSessionId: now.id,
        severity: now.severity,
        status: 'escalated',
        escalatedAt: iso(at),
        ...estimate,
        assignedCounselor: now.helperId,
      },
    },
    b: {
      escalation: {
        _id: id,
        sessionId: now.id,
        escalatedBy: by,
        escalatedTo: now.helperType,
        previousSeverity: severityOf(before.severity),
        newSeverity: severityOf(now.severity),
        reason: wish.reason,
        createdAt: iso(at),
        ...estimate,
      },
      session: {
        _id: now.id,
        status: statusInB(now),
        severity: severityOf(now.severity),
        helperType: now.helperType,
        queuePosition: wait.ahead + 1,
      },
      notifications: {
        crisisTeamAlerted: isTeamAlerted,
        counselorAssigned: now.helperId,
        supervisorNotified: isSupervisorNotified,
      },
    },
  });
}
