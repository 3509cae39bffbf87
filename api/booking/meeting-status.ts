import { assertNever } from '../../domain/assert-never.ts';
import { SESSION_STATUSES, type SessionStatus } from '../../domain/session.ts';

export type MeetingStatus = 'SCHEDULED' | 'CONFIRMED' | 'COMPLETED' | 'CANCELLED' | 'NO_SHOW';

/** What this door calls the states of a session. */
export function meetingStatus(status: SessionStatus): MeetingStatus {
  switch (status) {
    case 'planned':
    case 'held':
    case 'requested':
    case 'awaiting_payment':
      return 'SCHEDULED';
    case 'confirmed':
    case 'in_progress':
      return 'CONFIRMED';
    case 'completed':
      return 'COMPLETED';
    case 'declined':
    case 'expired':
    case 'cancelled':
      return 'CANCELLED';
    case 'no_show':
      return 'NO_SHOW';
    default:
      return assertNever(status);
  }
}

/** The states behind a word of this door, for filters. */
export function statusesBehind(word: MeetingStatus): SessionStatus[] {
  return SESSION_STATUSES.filter((status) => meetingStatus(status) === word);
}
