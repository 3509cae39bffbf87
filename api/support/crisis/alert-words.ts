import type { AlertView } from '../../../db/crisis-alerts.ts';
import type { AlertState } from '../../../domain/alert-events.ts';
import { assertNever } from '../../../domain/assert-never.ts';

export const ALERT_TYPES = [
  'self-harm-indication',
  'suicide-risk',
  'immediate-danger',
  'user-report',
] as const;

/** The published word for where an alert stands: whoever holds it investigates. */
export function statusWord(status: AlertState['kind']): 'active' | 'investigating' | 'resolved' {
  switch (status) {
    case 'paging':
      return 'active';
    case 'held':
    case 'in_contact':
      return 'investigating';
    case 'resolved':
      return status;
    default:
      return assertNever(status);
  }
}

export const STATUS_FILTERS = ['active', 'investigating', 'resolved', 'escalated'] as const;
export type StatusFilter = (typeof STATUS_FILTERS)[number];

/** The states behind a word of the filter. An escalated alert is active as well. */
export function statesOf(word: StatusFilter): readonly AlertState['kind'][] {
  switch (word) {
    case 'active':
      return ['paging'];
    case 'investigating':
      return ['held', 'in_contact'];
    case 'resolved':
      return ['resolved'];
    case 'escalated':
      return ['paging', 'held', 'in_contact'];
    default:
      return assertNever(word);
  }
}

/** From 1: how far up its policy an alert has been paged. */
export function escalationLevel(alert: Pick<AlertView, 'tier'> | null): number {
  return (alert?.tier ?? 0) + 1;
}
