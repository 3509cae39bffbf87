import { assertNever } from '../../domain/assert-never.ts';
import type { SessionState } from '../../domain/session.ts';

/** A session as on-call staff read it in Temporal UI: Markdown, UTC, no names. */
export function describe(state: SessionState): string {
  const lines = [
    `**${state.status}**: ${whatHappensNext(state)}`,
    '',
    `- time: ${utc(state.startsAt)} to ${utc(state.endsAt)}`,
    `- approval: ${state.approval}, payment: ${state.payment}`,
  ];
  if (state.answerDueAt !== null) lines.push(`- answer due: ${utc(state.answerDueAt)}`);
  if (state.paymentDueAt !== null) lines.push(`- payment due: ${utc(state.paymentDueAt)}`);
  if (state.proposal !== null) {
    lines.push(
      `- new time proposed: ${utc(state.proposal.startsAt)}, until ${utc(state.proposal.answerDueAt)}`,
    );
  }
  return lines.join('\n');
}

function whatHappensNext(state: SessionState): string {
  switch (state.status) {
    case 'planned':
      return 'claims its time and waits to be opened';
    case 'held':
      return 'held until it is confirmed';
    case 'requested':
      return 'waits for the therapist; send the signal `approve` or `decline` to answer by hand';
    case 'awaiting_payment':
      return 'waits for the payment';
    case 'confirmed':
      return state.proposal === null
        ? 'waits for its start'
        : 'waits for its start; the signal `approve` or `decline` answers the proposed time';
    case 'in_progress':
      return 'is taking place';
    case 'completed':
      return 'over; the follow-up comes next';
    case 'declined':
    case 'expired':
    case 'cancelled':
    case 'no_show':
      return 'over';
    default:
      return assertNever(state);
  }
}

function utc(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
