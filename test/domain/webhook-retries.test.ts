import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MOST_ATTEMPTS, webhookRetryMs } from '../../domain/webhook-retries.ts';

const chances = fc.double({ min: 0, max: 0.999_999, noNaN: true });

test('pauses grow, spread by a quarter at most, and end in a dead letter after a day', () => {
  fc.assert(
    fc.property(chances, chances, (one, other) => {
      const pauses = Array.from({ length: MOST_ATTEMPTS }, (_, at) => [
        webhookRetryMs(at + 1, 0),
        webhookRetryMs(at + 1, one),
        webhookRetryMs(at + 1, other),
      ]);
      expect(pauses.pop()).toEqual([null, null, null]);
      for (const [least, ...spread] of pauses) {
        for (const pause of spread) {
          expect(pause).toBeGreaterThanOrEqual(least!);
          expect(pause).toBeLessThanOrEqual(least! * 1.25);
        }
      }
      const leasts = pauses.map(([least]) => least!);
      expect(leasts).toEqual(leasts.toSorted((a, b) => a - b));
      const total = leasts.reduce((sum, pause) => sum + pause, 0);
      expect(total).toBeGreaterThan(24 * 3_600_000);
    }),
  );
});

test('a receiver may ask for more, within an hour, and for no attempt beyond the last', () => {
  expect(webhookRetryMs(1, 0, 90_000)).toBe(90_000);
  expect(webhookRetryMs(1, 0, 86_400_000)).toBe(3_600_000);
  expect(webhookRetryMs(5, 0, 1_000)).toBe(webhookRetryMs(5, 0));
  expect(webhookRetryMs(MOST_ATTEMPTS, 0, 1_000)).toBeNull();
});
