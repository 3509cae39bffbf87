import type { AlertSeverity } from '../../../domain/escalation-policy.ts';
import { severityRank } from '../../../domain/escalation-policy.ts';
import type { SupportHelperType, SupportType } from '../../../domain/support-session.ts';
import { readHelperType, readSessionType, readUrgency } from '../dialect.ts';
import { FieldReader } from './fields.ts';
import type { SupportDetails } from './texts.ts';

const LONGEST_TITLE = 300;
const LONGEST_DESCRIPTION = 10_000;
const MOST_TAGS = 30;
const LONGEST_TAG = 60;
const LONGEST_PREFERENCES = 4_000;

/** What somebody asks for, whichever version they speak. */
export interface SupportWish {
  readonly type: SupportType;
  readonly helperType: SupportHelperType;
  readonly severity: AlertSeverity;
  readonly isAnonymous: boolean | null;
  readonly details: SupportDetails;
}

/** Throws `malformed_request`. */
export function readWish(body: unknown): SupportWish {
  const fields = new FieldReader(body);
  const type = fields.word(['type', 'helperType', 'preferredHelperType'], readSessionType);
  const helper = fields.word(['helperType', 'preferredHelperType', 'type'], readHelperType);
  const severity = fields.word(['severity', 'urgencyLevel'], readUrgency);
  const details = {
    title: fields.text('title', LONGEST_TITLE),
    description: fields.text('description', LONGEST_DESCRIPTION),
    tags: fields.texts('tags', MOST_TAGS, LONGEST_TAG) ?? [],
    preferences: fields.object('preferences', LONGEST_PREFERENCES),
  };
  const isAnonymous = fields.flag('isAnonymous');
  fields.check();
  return { ...kindOf(type, helper, severity ?? 'medium'), isAnonymous, details };
}

/** An intervention is at least high, and never a peer's. */
function kindOf(
  type: SupportType | null,
  helperType: SupportHelperType | null,
  severity: AlertSeverity,
): Pick<SupportWish, 'type' | 'helperType' | 'severity'> {
  if (type === 'crisis_intervention') {
    const isGrave = severityRank(severity) >= severityRank('high');
    return { type, helperType: 'counselor', severity: isGrave ? severity : 'high' };
  }
  return { type: type ?? 'peer_support', helperType: helperType ?? 'peer', severity };
}
