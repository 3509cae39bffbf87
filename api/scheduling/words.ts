import { assertNever } from '../../domain/assert-never.ts';
import type { SessionStatus } from '../../domain/session.ts';

/** What this door calls the states of a session. */
export const STATUS_WORDS = [
  'held',
  'pending',
  'confirmed',
  'in_progress',
  'completed',
  'no_show',
  'cancelled',
] as const;

export type StatusWord = (typeof STATUS_WORDS)[number];

export function statusWord(status: SessionStatus): StatusWord {
  switch (status) {
    case 'held':
      return 'held';
    case 'planned':
    case 'requested':
    case 'awaiting_payment':
      return 'pending';
    case 'confirmed':
    case 'in_progress':
    case 'completed':
    case 'no_show':
      return status;
    case 'declined':
    case 'expired':
    case 'cancelled':
      return 'cancelled';
    default:
      return assertNever(status);
  }
}

/** The states behind a word, for filters. */
export function statusesOf(word: StatusWord): readonly SessionStatus[] {
  if (word === 'pending') return ['planned', 'requested', 'awaiting_payment'];
  return word === 'cancelled' ? ['declined', 'expired', 'cancelled'] : [word];
}
