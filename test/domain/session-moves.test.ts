import { expect, test } from '@jest/globals';
import { type SessionEvent, type SessionState, decide } from '../../domain/session.ts';

const START = Date.parse('2030-01-10T12:00:00Z');
const HOUR_MS = 3_600_000;
const NOW = START - 48 * HOUR_MS;

const CONFIRMED: SessionState = {
  status: 'confirmed',
  startsAt: START,
  endsAt: START + HOUR_MS,
  approval: 'given',
  payment: 'captured',
  answerDueAt: null,
  paymentDueAt: null,
  holdDueAt: null,
  proposal: null,
  scheduleVersion: 1,
};
const TIME = { startsAt: START + HOUR_MS, endsAt: START + 2 * HOUR_MS };
const PROPOSAL = { ...TIME, answerDueAt: START };

function after(state: SessionState, event: SessionEvent): SessionState {
  const decision = decide(state, event, NOW);
  if (decision.kind !== 'moved') throw new Error(`${event.type} moved nothing`);
  return decision.state;
}

const move = (by: 'client' | 'therapist' | 'staff', needsApproval = false): SessionEvent => ({
  type: 'reschedule',
  proposal: PROPOSAL,
  needsApproval,
  by,
});

test.each(['therapist', 'staff'] as const)('a %s moves it: since when is known', (by) => {
  expect(after(CONFIRMED, move(by)).movedByOthersAt).toBe(NOW);
  expect(after({ ...CONFIRMED, status: 'requested' }, move(by)).movedByOthersAt).toBe(NOW);
});

test('it stays known until the end, and for as long as the time stands', () => {
  const moved = after(CONFIRMED, move('staff'));
  const cancelled = after(moved, { type: 'cancel', by: 'client' });
  expect(cancelled.movedByOthersAt).toBe(NOW);
});

test.each<[string, SessionEvent[]]>([
  ['moves it themselves', [move('client')]],
  ['has a wish granted', [move('client', true), { type: 'approve' }]],
  [
    'chooses a time of those offered',
    [{ type: 'relocate', ...TIME, needsApproval: false, answerDueAt: START }],
  ],
])('the client who %s has chosen the time', (_what, events) => {
  const moved: SessionState = { ...CONFIRMED, movedByOthersAt: NOW - HOUR_MS };
  expect(events.reduce(after, moved).movedByOthersAt).toBeUndefined();
});
