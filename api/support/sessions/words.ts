import type { SupportSession } from '../../../db/support-sessions.ts';
import type { SupportState } from '../../../domain/support-session.ts';

const STATUS_IN_A: Readonly<Record<SupportState, string>> = {
  waiting: 'pending',
  active: 'active',
  closed: 'completed',
  cancelled: 'cancelled',
};

export function statusInA({ status }: Pick<SupportSession, 'status'>): string {
  return STATUS_IN_A[status];
}

/** Version B has a word of its own for a session that waits for graver help. */
export function statusInB({
  status,
  isEscalated,
}: Pick<SupportSession, 'status' | 'isEscalated'>): string {
  if (status === 'closed' || status === 'cancelled') return 'closed';
  return isEscalated ? 'escalated' : status;
}
