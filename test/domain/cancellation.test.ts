import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  freeUntil,
  lateFee,
  quote,
  rescheduleRefusal,
  rescheduleUntil,
} from '../../domain/cancellation.ts';
import type { QuoteInput } from '../../domain/cancellation.ts';

const HOUR_MS = 3_600_000;
const BOOKED_AT = Date.parse('2024-01-20T10:00:00Z');
const STARTS_AT = Date.parse('2024-01-25T14:00:00Z');
const DAY_BEFORE = STARTS_AT - 24 * HOUR_MS;

const BASE: QuoteInput = {
  policy: { freeUntilBeforeStartMs: 24 * HOUR_MS, feePercent: 50 },
  startsAt: STARTS_AT,
  bookedAt: BOOKED_AT,
  now: BOOKED_AT,
  dueCents: 15_000,
  paidCents: 15_000,
  by: 'client',
};

const inputArbitrary: fc.Arbitrary<QuoteInput> = fc
  .record({
    freeHours: fc.nat(200),
    feePercent: fc.nat(100),
    leadHours: fc.integer({ min: 1, max: 240 }),
    nowHours: fc.integer({ min: 0, max: 300 }),
    offByMs: fc.constantFrom(-1, 0, 1),
    dueCents: fc.nat(50_000),
    paid: fc.constantFrom('nothing', 'all', 'half'),
    movedHours: fc.option(fc.nat(240)),
    by: fc.constantFrom('client', 'therapist', 'staff', 'system' as const),
    override: fc.constantFrom('standard', 'waive_fee', 'charge_fee' as const),
  })
  .map((draw) => ({
    policy: { freeUntilBeforeStartMs: draw.freeHours * HOUR_MS, feePercent: draw.feePercent },
    startsAt: BOOKED_AT + draw.leadHours * HOUR_MS,
    bookedAt: BOOKED_AT,
    movedByOthersAt: draw.movedHours === null ? undefined : BOOKED_AT + draw.movedHours * HOUR_MS,
    now: Math.max(BOOKED_AT, BOOKED_AT + draw.nowHours * HOUR_MS + draw.offByMs),
    dueCents: draw.dueCents,
    paidCents: { nothing: 0, all: draw.dueCents, half: draw.dueCents >> 1 }[draw.paid] ?? 0,
    by: draw.by as QuoteInput['by'],
    override: draw.override as NonNullable<QuoteInput['override']>,
  }));

describe('every quote', () => {
  test('gives back exactly what it does not keep, and keeps at most the fee', () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const result = quote(input);
        if (result.kind === 'refused') return;
        expect(result.feeCents + result.refundCents).toBe(input.paidCents);
        expect(result.feeCents).toBeGreaterThanOrEqual(0);
        expect(result.refundCents).toBeGreaterThanOrEqual(0);
        expect(result.feeCents).toBeLessThanOrEqual(lateFee(input.policy, input.dueCents));
        expect(result.freeUntilMs).toBeGreaterThanOrEqual(input.bookedAt);
        expect(result.freeUntilMs).toBeLessThanOrEqual(input.startsAt);
        const isTheirs = input.by === 'therapist' || input.by === 'system';
        if (isTheirs) expect(result.refundCents).toBe(input.paidCents);
      }),
      { numRuns: 1_000 },
    );
  });

  test('holds for every instant before the one it names', () => {
    fc.assert(
      fc.property(inputArbitrary, fc.double({ min: 0, max: 1, noNaN: true }), (input, share) => {
        const result = quote(input);
        if (result.kind === 'refused') return;
        const untilMs = result.validUntilMs ?? input.startsAt + 999 * HOUR_MS;
        expect(untilMs).toBeGreaterThan(input.now);
        const later = Math.min(untilMs - 1, input.now + Math.floor((untilMs - input.now) * share));
        expect(quote({ ...input, now: later })).toEqual(result);
      }),
      { numRuns: 1_000 },
    );
  });

  test('names the instant at which something changes, for a client who paid', () => {
    fc.assert(
      fc.property(inputArbitrary, (drawn) => {
        const policy = { ...drawn.policy, feePercent: 50 };
        const input: QuoteInput = {
          ...drawn,
          policy,
          by: 'client',
          dueCents: 100,
          paidCents: 100,
          override: 'standard',
        };
        const result = quote(input);
        if (result.kind === 'refused') return;
        expect(result.validUntilMs).not.toBeNull();
        const next = quote({ ...input, now: result.validUntilMs ?? NaN });
        expect(next.code).not.toBe(result.code);
      }),
    );
  });
});

describe('a client', () => {
  test.each([
    ['well ahead', BOOKED_AT, 0, 15_000, DAY_BEFORE, 'free'],
    ['just before the free time ends', DAY_BEFORE - 1, 0, 15_000, DAY_BEFORE, 'free'],
    ['as it ends', DAY_BEFORE, 7_500, 7_500, STARTS_AT, 'fee'],
    ['just before the start', STARTS_AT - 1, 7_500, 7_500, STARTS_AT, 'fee'],
  ])('%s', (_name, now, feeCents, refundCents, validUntilMs, code) => {
    expect(quote({ ...BASE, now })).toEqual({
      kind: 'quote',
      feeCents,
      refundCents,
      validUntilMs,
      freeUntilMs: DAY_BEFORE,
      code,
    });
  });

  test('cannot cancel once the session has started', () => {
    expect(quote({ ...BASE, now: STARTS_AT })).toEqual({
      kind: 'refused',
      code: 'cancellation_deadline_passed',
    });
  });

  test('owes no fee for what was never paid', () => {
    expect(quote({ ...BASE, now: STARTS_AT - 1, paidCents: 0 })).toMatchObject({
      feeCents: 0,
      refundCents: 0,
      code: 'unpaid',
    });
  });

  test('thinks a time over that others chose: a day long, at most until the start', () => {
    const atShortNotice = STARTS_AT - 3 * HOUR_MS;
    expect(quote({ ...BASE, movedByOthersAt: atShortNotice, now: STARTS_AT - 1 })).toMatchObject({
      feeCents: 0,
      freeUntilMs: STARTS_AT,
      code: 'free',
    });
    const dayAndMore = STARTS_AT - 30 * HOUR_MS;
    const until = dayAndMore + 24 * HOUR_MS;
    expect(freeUntil({ ...BASE, movedByOthersAt: dayAndMore })).toBe(until);
    expect(quote({ ...BASE, movedByOthersAt: dayAndMore, now: until })).toMatchObject({
      feeCents: 7_500,
    });
  });

  test('loses nothing of the usual time to a move long before', () => {
    expect(freeUntil({ ...BASE, movedByOthersAt: BOOKED_AT })).toBe(DAY_BEFORE);
  });

  test.each(['waive_fee', 'charge_fee'] as const)('may not ask for %s', (override) => {
    expect(quote({ ...BASE, override })).toEqual({ kind: 'refused', code: 'forbidden' });
  });

  test('keeps the part of a cent that a percentage leaves', () => {
    const policy = { ...BASE.policy, feePercent: 33 };
    expect(quote({ ...BASE, policy, now: DAY_BEFORE, dueCents: 99, paidCents: 99 })).toMatchObject({
      feeCents: 32,
      refundCents: 67,
    });
  });
});

describe('the clinic', () => {
  test('refunds in full when the therapist cancels, even after the start', () => {
    for (const now of [STARTS_AT - 1, STARTS_AT + HOUR_MS]) {
      expect(quote({ ...BASE, by: 'therapist', now })).toMatchObject({
        feeCents: 0,
        refundCents: 15_000,
        code: 'full_refund',
      });
    }
    expect(quote({ ...BASE, by: 'therapist', override: 'charge_fee' }).kind).toBe('refused');
  });

  test('may waive a fee, or charge it early; by default it follows the client’s rule', () => {
    const staff: QuoteInput = { ...BASE, by: 'staff' };
    expect(quote({ ...staff, now: STARTS_AT - 1 })).toMatchObject({ feeCents: 7_500 });
    expect(quote({ ...staff, now: STARTS_AT - 1, override: 'waive_fee' })).toMatchObject({
      feeCents: 0,
      code: 'fee_waived',
    });
    expect(quote({ ...staff, override: 'charge_fee' })).toMatchObject({
      feeCents: 7_500,
      code: 'fee_charged',
    });
  });
});

describe('deadlines at short notice', () => {
  const bookedAt = STARTS_AT - HOUR_MS;
  const plan = { rescheduleUntilBeforeStartMs: 24 * HOUR_MS };

  test('are never before the booking', () => {
    expect(freeUntil({ ...BASE, bookedAt })).toBe(bookedAt);
    expect(rescheduleUntil(plan, STARTS_AT, bookedAt)).toBe(bookedAt);
  });

  test.each([
    ['client', DAY_BEFORE - 1, null],
    ['client', DAY_BEFORE, 'reschedule_deadline_passed'],
    ['therapist', STARTS_AT - 1, null],
    ['staff', STARTS_AT, 'reschedule_deadline_passed'],
  ] as const)('a %s may reschedule until then', (by, now, refusal) => {
    const input = { plan, startsAt: STARTS_AT, bookedAt: BOOKED_AT, now, by };
    expect(rescheduleRefusal(input)).toBe(refusal);
  });
});
