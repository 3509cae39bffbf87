import type { SupportSession } from '../../../db/support-sessions.ts';
import type { AlertSeverity } from '../../../domain/escalation-policy.ts';
import { graver } from '../../../domain/escalation-policy.ts';
import { isUuid } from '../../../domain/ids.ts';
import type { SupportHelperType, SupportType } from '../../../domain/support-session.ts';
import { screenWords } from '../../crisis/screen-words.ts';
import { readHelperType, readUrgency } from '../dialect.ts';

const LONGEST_TEXT = 20_000;

/** What an escalation asks for. Nothing in it can be wrong: what is missing or unknown is grave. */
export interface EscalationWish {
  readonly sessionId: string;
  readonly severity: AlertSeverity;
  /** Of the alert: the graver of what was said and what the words say. */
  readonly alertSeverity: AlertSeverity;
  readonly helperType: SupportHelperType;
  readonly reason: string | null;
  readonly notes: string | null;
  readonly requestedCounselorId: string | null;
}

export function readEscalation(body: unknown): EscalationWish {
  const isObject = typeof body === 'object' && body !== null;
  const fields: Readonly<Record<string, unknown>> = isObject ? { ...body } : {};
  const text = (name: string): string | null => {
    const value = fields[name];
    // NUL can't be stored in JSON of the database; what is too long is kept in part.
    return typeof value === 'string'
      ? value.replaceAll('\u0000', ' ').slice(0, LONGEST_TEXT)
      : null;
  };
  const severity = readUrgency(fields['newSeverity'] ?? fields['severity']) ?? 'high';
  const target = readHelperType(fields['targetHelperType'] ?? fields['helperType']);
  const heard = screenWords(body).severity;
  const counselor = text('requestedCounselorId');
  return {
    sessionId: text('sessionId') ?? '',
    severity,
    alertSeverity: graver(severity, heard),
    helperType: target === 'peer' && severity === 'low' ? 'peer' : 'counselor',
    reason: text('reason') ?? text('description'),
    notes: text('notes'),
    requestedCounselorId: counselor !== null && isUuid(counselor) ? counselor : null,
  };
}

/** What a session becomes: never milder than it was, and never less than a counselor's once it was one's. */
export function escalated(
  session: Pick<SupportSession, 'severity' | 'helperType' | 'type'>,
  wish: EscalationWish,
): {
  readonly severity: AlertSeverity;
  readonly helperType: SupportHelperType;
  readonly type: SupportType;
} {
  const severity = graver(session.severity, wish.alertSeverity);
  const isCounselors = session.helperType === 'counselor' || wish.helperType === 'counselor';
  const helperType = isCounselors || severity === 'critical' ? 'counselor' : wish.helperType;
  return { severity, helperType, type: typeOf(session.type, severity, helperType) };
}

function typeOf(
  type: SupportType,
  severity: AlertSeverity,
  helperType: SupportHelperType,
): SupportType {
  if (type === 'crisis_intervention' || severity === 'critical') return 'crisis_intervention';
  return helperType === 'counselor' ? 'counselor_session' : type;
}
