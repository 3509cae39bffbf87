import type { SessionState } from './session.ts';

/**
 * What people hear of a booking when somebody begins to look after it: the first thing that it waits
 * for. Null where nobody has anything to do or to know, as with money that is only to be captured.
 */
export function announcementOf({
  status,
  payment,
}: Pick<SessionState, 'status' | 'payment'>): 'requested' | 'approved' | 'confirmed' | null {
  if (status === 'requested' || status === 'confirmed') return status;
  return status === 'awaiting_payment' && payment === 'due' ? 'approved' : null;
}
