import { expect, test } from '@jest/globals';
import type { SessionRow } from '../../../db/sessions.ts';
import { freeTermsOf } from '../../../api/sessions/free-terms.ts';
import { freeUntil } from '../../../domain/cancellation.ts';
import { DEFAULT_PLAN } from '../../../domain/plan.ts';
import { paymentWord } from '../../../api/therapy/present-session.ts';

const standing = { captured_cents: 0, refunded_cents: 0 };

test('money that was only promised is not said to be held once the session has come to nothing', () => {
  for (const status of ['cancelled', 'declined', 'expired'] as const) {
    expect(paymentWord({ ...standing, status, payment: 'authorised' })).toBe('voided');
    expect(paymentWord({ ...standing, status, payment: 'saved' })).toBe('voided');
    expect(paymentWord({ ...standing, status, payment: 'due' })).toBe('not_required');
    const captured = { status, payment: 'authorised', captured_cents: 100 } as const;
    expect(paymentWord({ ...captured, refunded_cents: 100 })).toBe('refunded');
    expect(paymentWord({ ...captured, refunded_cents: 0 })).toBe('paid');
  }
  expect(paymentWord({ ...standing, status: 'requested', payment: 'authorised' })).toBe(
    'authorized',
  );
  expect(paymentWord({ ...standing, status: 'awaiting_payment', payment: 'due' })).toBe('pending');
});

test('the deadline that is shown knows of a move by others', () => {
  const startsAt = new Date('2030-01-10T12:00:00Z');
  const session = {
    plan: DEFAULT_PLAN,
    starts_at: startsAt,
    created_at: new Date('2030-01-01T12:00:00Z'),
    moved_by_others_at: new Date('2030-01-10T09:00:00Z'),
  } as SessionRow;
  expect(freeUntil(freeTermsOf(session))).toBe(startsAt.getTime());
});
