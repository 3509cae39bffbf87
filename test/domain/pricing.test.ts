import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { amountDue, centsFromDecimal, decimalFromCents, priceOf } from '../../domain/pricing.ts';
import type { Coverage, RateCard } from '../../domain/pricing.ts';

const RATES: RateCard = {
  centsByType: { individual: 15_000, group: 7_500 },
  standardDurationMinutes: 50,
};

describe('the price of a session', () => {
  test.each([
    ['individual', 50, 15_000],
    ['group', 50, 7_500],
    ['individual', 90, 27_000],
    ['individual', 25, 7_500],
    ['couples', 50, null],
    ['toString', 50, null],
  ])('%s for %d minutes', (type, minutes, cents) => {
    expect(priceOf(RATES, type, minutes)).toBe(cents);
  });

  test('is the exact share to the nearest cent, half a cent up', () => {
    fc.assert(
      fc.property(
        fc.nat(100_000_000),
        fc.integer({ min: 1, max: 480 }),
        fc.integer({ min: 1, max: 480 }),
        (cents, minutes, standardDurationMinutes) => {
          const price = priceOf(
            { centsByType: { a: cents }, standardDurationMinutes },
            'a',
            minutes,
          );
          const doubled = BigInt(cents) * BigInt(minutes) * 2n + BigInt(standardDurationMinutes);
          expect(price).toBe(Number(doubled / (2n * BigInt(standardDurationMinutes))));
        },
      ),
    );
  });
});

describe('what the client owes', () => {
  const coverageArbitrary: fc.Arbitrary<Coverage> = fc.oneof(
    fc.constant({ kind: 'none' as const }),
    fc.record({ kind: fc.constant('copay' as const), copayCents: fc.nat(50_000) }),
    fc.record({ kind: fc.constant('coinsurance' as const), clientPercent: fc.nat(100) }),
  );

  test('is never more than the price, and the insurer has the rest', () => {
    fc.assert(
      fc.property(fc.nat(100_000), coverageArbitrary, (priceCents, coverage) => {
        const { dueCents, insurerCents } = amountDue(priceCents, coverage);
        expect(dueCents + insurerCents).toBe(priceCents);
        expect(dueCents >= 0 && insurerCents >= 0).toBe(true);
        expect(Number.isInteger(dueCents)).toBe(true);
      }),
    );
  });

  test.each<[Coverage, number]>([
    [{ kind: 'none' }, 15_000],
    [{ kind: 'copay', copayCents: 2_500 }, 2_500],
    [{ kind: 'copay', copayCents: 20_000 }, 15_000],
    [{ kind: 'coinsurance', clientPercent: 20 }, 3_000],
  ])('with %j of 150 is %d cents', (coverage, dueCents) => {
    expect(amountDue(15_000, coverage).dueCents).toBe(dueCents);
  });
});

describe('amounts at the door', () => {
  test('go there and back without losing a cent', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(1_000_000_000_00), (small, large) => {
        for (const cents of [small, large])
          expect(centsFromDecimal(decimalFromCents(cents))).toBe(cents);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    [37.5, 3_750],
    [0.29, 29],
    [1.1, 110],
    [150, 15_000],
    [0, 0],
    [-0, 0],
  ])('%d is read', (amount, cents) => expect(centsFromDecimal(amount)).toBe(cents));

  test.each([1.005, -1, NaN, Infinity, 1e21, 1e-7, 1e15, 0.1 + 0.2])('%d is refused', (amount) =>
    expect(centsFromDecimal(amount)).toBeNull(),
  );
});
