import { describe, expect, test } from '@jest/globals';
import { type SessionState, decide, nextDeadline } from '../../domain/session.ts';

const HOUR_MS = 3_600_000;
const START = 100 * HOUR_MS;

function stateWith(change: Partial<SessionState>): SessionState {
  return {
    status: 'requested',
    startsAt: START,
    endsAt: START + HOUR_MS,
    approval: 'awaited',
    payment: 'due',
    answerDueAt: null,
    paymentDueAt: null,
    holdDueAt: null,
    proposal: null,
    scheduleVersion: 1,
    ...change,
  } as SessionState;
}

describe('a planned occurrence of a series', () => {
  const planned = stateWith({
    status: 'planned',
    approval: 'given',
    answerDueAt: null,
    paymentDueAt: null,
  });
  const open = (payment: 'due' | 'saved' | 'not_due') =>
    ({ type: 'open', payment, paymentDueAt: payment === 'due' ? 30 * HOUR_MS : null }) as const;

  test.each([
    ['due', 'awaiting_payment'],
    ['saved', 'confirmed'],
    ['not_due', 'confirmed'],
  ] as const)('opens with its payment %s as %s', (payment, status) => {
    expect(decide(planned, open(payment), HOUR_MS)).toMatchObject({
      kind: 'moved',
      state: { status, payment },
    });
  });

  test('does not open before the series is approved, nor once it should have begun', () => {
    const asked = { ...planned, approval: 'awaited' } as SessionState;
    expect(decide(asked, open('due'), HOUR_MS)).toEqual({ kind: 'refused', code: 'wrong_state' });
    expect(decide(planned, open('due'), START)).toEqual({ kind: 'refused', code: 'time_in_past' });
    expect(decide(stateWith({ status: 'confirmed' }), open('due'), HOUR_MS).kind).toBe('unchanged');
  });

  test('lapses with the answer to its series, and by nothing else once there is one', () => {
    const asked = { ...planned, approval: 'awaited', answerDueAt: 5 * HOUR_MS } as SessionState;
    const lapse = { type: 'deadline_passed', deadline: 'answer' } as const;
    expect(nextDeadline(asked)).toEqual({ deadline: 'answer', dueAt: 5 * HOUR_MS });
    expect(decide(asked, lapse, 5 * HOUR_MS)).toMatchObject({ state: { status: 'expired' } });
    const approved = decide(asked, { type: 'approve' }, HOUR_MS);
    expect(approved).toMatchObject({ state: { status: 'planned', answerDueAt: null } });
    expect(decide(planned, lapse, 9 * HOUR_MS).kind).toBe('unchanged');
    expect(decide(planned, { type: 'decline' }, HOUR_MS).kind).toBe('refused');
  });
});
