import { expect, test } from '@jest/globals';
import { advanceAlert, openAlert } from '../../domain/alert.ts';
import type { AlertEvent, AlertState } from '../../domain/alert-events.ts';
import { ALERT_SEVERITIES, DEFAULT_POLICIES } from '../../domain/escalation-policy.ts';
import type { EscalationContext } from '../../domain/escalation.ts';
import { LOST_STEPS, isFollowedUp, nextLostStep } from '../../domain/lost-contact.ts';

test.each(ALERT_SEVERITIES)('at %s, the steps come in their order, or none does', (severity) => {
  const dueAts = LOST_STEPS.map((_, taken) => nextLostStep({ sinceMs: 7, taken }, severity));
  if (!isFollowedUp(severity)) return expect(dueAts).toEqual([null, null, null]);
  expect(dueAts.map((next) => next?.step)).toEqual([...LOST_STEPS]);
  const instants = dueAts.map((next) => next!.dueAtMs);
  expect(instants.toSorted((a, b) => a - b)).toEqual(instants);
  expect(instants[0]).toBeGreaterThan(7);
  expect(nextLostStep({ sinceMs: 7, taken: LOST_STEPS.length }, severity)).toBeNull();
});

test('graver means sooner', () => {
  for (const [taken] of LOST_STEPS.entries()) {
    const lost = { sinceMs: 0, taken };
    expect(nextLostStep(lost, 'critical')!.dueAtMs).toBeLessThan(
      nextLostStep(lost, 'high')!.dueAtMs,
    );
  }
});

const CONTEXT = {
  policies: DEFAULT_POLICIES,
  view: { shifts: {}, teams: { crisis_team: ['h'], counselors: [], admins: ['a'] }, reach: {} },
} satisfies EscalationContext;

function after(...events: AlertEvent[]): AlertState {
  const first: AlertState = openAlert(DEFAULT_POLICIES, 'high', 0);
  return events.reduce<AlertState>(
    (state, event) => advanceAlert(CONTEXT, state, event, 1_000).state,
    first,
  );
}

test('who has the alert does not suffice when the person is gone: it is open again, one tier up', () => {
  const acknowledge = { kind: 'acknowledge', by: 'h' } as const;
  const lost = { kind: 'contact_lost' } as const;
  for (const taken of [[acknowledge], [acknowledge, { kind: 'contact', by: 'h' } as const]]) {
    expect(after(...taken, lost)).toMatchObject({ kind: 'paging', lastHolderId: null });
  }
  const end = { kind: 'resolve', by: 'h', outcome: 'safe' } as const;
  expect(after(acknowledge, end, lost).kind).toBe('resolved');
});
