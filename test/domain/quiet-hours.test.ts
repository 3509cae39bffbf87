import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { allowedFrom, outsideQuietHours, quietStretchAt } from '../../domain/quiet-hours.ts';
import type { QuietHours } from '../../domain/quiet-hours.ts';
import { HOUR_MS, wallByIntl, zonedInstantArbitrary } from './support/times.ts';

const NIGHT: QuietHours = { startMinute: 22 * 60, endMinute: 7 * 60 };

const quietArbitrary = fc.record({ startMinute: fc.nat(1439), endMinute: fc.nat(1439) });

function isQuiet({ startMinute, endMinute }: QuietHours, zone: string, instantMs: number): boolean {
  const wallMs = wallByIntl(zone, Math.floor(instantMs / 1000) * 1000);
  const minute = Math.floor((wallMs / 60_000) % 1440);
  if (startMinute <= endMinute) return startMinute <= minute && minute < endMinute;
  return minute >= startMinute || minute < endMinute;
}

describe('a quiet stretch', () => {
  test('is the whole quiet time around an instant, and no other', () => {
    fc.assert(
      fc.property(zonedInstantArbitrary, quietArbitrary, ({ zone, instantMs }, quiet) => {
        const stretch = quietStretchAt(quiet, zone, instantMs);
        expect(stretch !== null).toBe(isQuiet(quiet, zone, instantMs));
        if (stretch === null) return;
        const { startMs, endMs } = stretch;
        expect(isQuiet(quiet, zone, startMs - 1)).toBe(false);
        expect(isQuiet(quiet, zone, endMs)).toBe(false);
        for (let at = startMs; at < endMs; at += 11 * 60_000) {
          expect(isQuiet(quiet, zone, at)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a message', () => {
  const due = (text: string): number => Date.parse(text);
  const limits = { earliestMs: due('2024-01-20T10:00Z'), latestMs: due('2024-01-25T12:00Z') };

  test.each([
    ['outside quiet hours stays', '2024-01-25T07:00Z', '2024-01-25T07:00Z'],
    ['is put off until they end', '2024-01-25T03:00Z', '2024-01-25T07:00Z'],
    ['at their first instant too', '2024-01-24T22:00Z', '2024-01-25T07:00Z'],
  ])('%s', (_name, from, to) => {
    expect(outsideQuietHours(NIGHT, 'UTC', due(from), limits)).toBe(due(to));
  });

  test('comes before them when they end too late, and not at all when that is past', () => {
    const latestMs = due('2024-01-25T07:00Z');
    const at = due('2024-01-25T05:00Z');
    expect(outsideQuietHours(NIGHT, 'UTC', at, { ...limits, latestMs })).toBe(
      due('2024-01-24T21:59Z'),
    );
    const earliestMs = due('2024-01-24T21:59Z');
    expect(outsideQuietHours(NIGHT, 'UTC', at, { earliestMs, latestMs })).toBeNull();
  });

  test('finds no time when someone is quiet round the clock', () => {
    const always = { startMinute: 0, endMinute: 1440 };
    expect(outsideQuietHours(always, 'UTC', limits.latestMs - HOUR_MS, limits)).toBeNull();
  });
});

describe('a message that is about to go out', () => {
  const at = (text: string): number => Date.parse(text);
  const [nowMs, dueBefore] = [at('2024-01-24T22:01Z'), at('2024-01-24T21:59Z')];
  const early = { nowMs, latestMs: at('2024-01-25T06:00Z') };

  test.each([
    ['late, with quiet hours until the start, goes out now', dueBefore, early, nowMs],
    ['due within them is never sent', nowMs, early, null],
    ['hours late wakes nobody', dueBefore, { ...early, nowMs: dueBefore + HOUR_MS + 1 }, null],
    [
      'late waits where they end before the start',
      dueBefore,
      { nowMs, latestMs: at('2024-01-25T09:00Z') },
      at('2024-01-25T07:00Z'),
    ],
    [
      'late goes out now where it is not quiet',
      dueBefore,
      { ...early, nowMs: dueBefore + 1 },
      dueBefore + 1,
    ],
  ])('%s', (_name, dueAtMs, limits, expected) => {
    expect(allowedFrom(NIGHT, 'UTC', dueAtMs, limits)).toBe(expected);
  });

  test('is never sent to somebody who is quiet round the clock, however late', () => {
    const always = { startMinute: 0, endMinute: 1440 };
    expect(allowedFrom(always, 'UTC', dueBefore - 100 * HOUR_MS, early)).toBeNull();
  });
});
