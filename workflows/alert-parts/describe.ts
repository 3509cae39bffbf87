import type { AlertState } from '../../domain/alert-events.ts';
import { assertNever } from '../../domain/assert-never.ts';

/** How an alert stands, for whoever is on call and reads Temporal UI. */
export function describe(state: AlertState, number: string | null): string {
  return [`**${headline(state)}**`, '', `- case: ${number ?? 'not on record yet'}`, ...facts(state)]
    .join('\n')
    .concat('\n');
}

const BY_HAND = '`{"personId": "..."}`';

function headline(state: AlertState): string {
  switch (state.kind) {
    case 'paging':
      return 'NOBODY HAS TAKEN IT';
    case 'held':
      return 'taken, no contact yet';
    case 'in_contact':
      return 'in contact';
    case 'resolved':
      return 'resolved';
    default:
      return assertNever(state);
  }
}

function facts(state: AlertState): string[] {
  const pages = `- pages: ${String(state.batch)} rounds, the last at step ${String(state.tier + 1)}`;
  switch (state.kind) {
    case 'paging':
      return [
        pages,
        `- next pages: ${utc(state.dueAtMs)}`,
        `- take it with the signal \`acknowledge\` and ${BY_HAND}, your id`,
      ];
    case 'held':
      return [
        pages,
        `- holder: ${state.holderId}`,
        `- without contact it is open again: ${utc(state.leaseUntilMs)}`,
        `- signals \`contact\`, \`release\` with ${BY_HAND}`,
      ];
    case 'in_contact':
      return [
        pages,
        `- holder: ${state.holderId}`,
        `- in contact since: ${utc(state.contactAtMs)}`,
        '- signal `resolve` with `{"personId": "...", "outcome": "..."}`',
      ];
    case 'resolved':
      return [
        pages,
        `- by: ${state.resolvedById}, ${utc(state.resolvedAtMs)}`,
        ...(state.followUpAtMs === null ? [] : [`- follow-up: ${utc(state.followUpAtMs)}`]),
      ];
    default:
      return assertNever(state);
  }
}

export function utc(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
