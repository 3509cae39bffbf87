import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  CAPTURE_MARGIN_MS,
  DEFAULT_PLAN,
  type Plan,
  answerDueAt,
  holdDueAt,
  insideAuthorisation,
  paymentDueAt,
} from '../../domain/plan.ts';

const HOUR_MS = 3_600_000;
const span = fc.integer({ min: 1, max: 200 * HOUR_MS });

const planArbitrary: fc.Arbitrary<Plan> = fc
  .record({ holdTtlMs: span, answerTtlMs: span, paymentTtlMs: span, dueBeforeStartMs: span })
  .map(({ holdTtlMs, answerTtlMs, paymentTtlMs, dueBeforeStartMs }) => ({
    ...DEFAULT_PLAN,
    holdTtlMs,
    approval: { ...DEFAULT_PLAN.approval, ttlMs: answerTtlMs },
    payment: { ...DEFAULT_PLAN.payment, ttlMs: paymentTtlMs, dueBeforeStartMs },
  }));

describe('deadlines', () => {
  test.each([
    ['answer', answerDueAt],
    ['payment', paymentDueAt],
    ['hold', holdDueAt],
  ])('%s: after now and no later than the start, whatever the plan says', (_name, dueAt) => {
    fc.assert(
      fc.property(planArbitrary, span, span, (plan, now, ahead) => {
        const at = dueAt(plan, now, now + ahead);
        expect(at).toBeGreaterThan(now);
        expect(at).toBeLessThanOrEqual(now + ahead);
      }),
    );
  });

  test('by the default plan: a day to answer; three days to pay, but a day before the start', () => {
    const inAWeek = 7 * 24 * HOUR_MS;
    expect(answerDueAt(DEFAULT_PLAN, 0, inAWeek)).toBe(24 * HOUR_MS);
    expect(answerDueAt(DEFAULT_PLAN, 0, 5 * HOUR_MS)).toBe(5 * HOUR_MS);
    expect(paymentDueAt(DEFAULT_PLAN, 0, inAWeek)).toBe(72 * HOUR_MS);
    expect(paymentDueAt(DEFAULT_PLAN, 0, 60 * HOUR_MS)).toBe(36 * HOUR_MS);
    expect(paymentDueAt(DEFAULT_PLAN, 0, 20 * HOUR_MS)).toBe(20 * HOUR_MS);
    expect(holdDueAt(DEFAULT_PLAN, 0, inAWeek)).toBe(HOUR_MS / 6);
  });
});

describe('an answer inside the authorisation', () => {
  const HOURS = [
    { answer: 24, captureBefore: 168, now: 0, due: 24 },
    { answer: 24, captureBefore: 30, now: 0, due: 18 },
    { answer: 24, captureBefore: 12, now: 0, due: 12 },
    { answer: 24, captureBefore: 20, now: 10, due: 20 },
    { answer: 24, captureBefore: 5, now: 5, due: 24 },
  ];

  test.each(HOURS)('$answer h, to be captured before $captureBefore h: $due h', (hours) => {
    const { answer, captureBefore, now, due } = hours;
    expect(insideAuthorisation(answer * HOUR_MS, captureBefore * HOUR_MS, now * HOUR_MS)).toBe(
      due * HOUR_MS,
    );
    expect(insideAuthorisation(null, captureBefore * HOUR_MS, now)).toBeNull();
    expect(insideAuthorisation(answer * HOUR_MS, null, now)).toBe(answer * HOUR_MS);
  });

  test('the margin is half a day', () => expect(CAPTURE_MARGIN_MS).toBe(12 * HOUR_MS));
});
