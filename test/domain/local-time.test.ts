import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import {
  DAY_MS,
  dayBounds,
  dayOfWeekOfWall,
  instantOfWall,
  isIanaZone,
  localDateOf,
  localTimeOf,
  minuteOfDayAt,
  normaliseZone,
  offsetMsAt,
  startOfWallDay,
  wallMsAt,
} from '../../domain/local-time.ts';
import { offsetSegments } from '../../domain/time-zone.ts';
import { HOUR_MS, wallByIntl, zonedInstantArbitrary } from './support/times.ts';

function plain(wallMs: number): Temporal.PlainDateTime {
  return Temporal.Instant.fromEpochMilliseconds(wallMs).toZonedDateTimeISO('UTC').toPlainDateTime();
}

function byTemporal(zone: string, wallMs: number, disambiguation: 'earlier' | 'later'): number {
  return plain(wallMs).toZonedDateTime(zone, { disambiguation }).epochMilliseconds;
}

describe('wall readings', () => {
  test('are those of the platform, whole seconds compared', () => {
    fc.assert(
      fc.property(zonedInstantArbitrary, ({ zone, instantMs }) => {
        const wholeMs = Math.floor(instantMs / 1000) * 1000;
        expect(wallMsAt(zone, wholeMs)).toBe(wallByIntl(zone, wholeMs));
      }),
      { numRuns: 2_000 },
    );
  });

  test('mean the instants that Temporal says, in gaps and overlaps too', () => {
    fc.assert(
      fc.property(zonedInstantArbitrary, ({ zone, instantMs: wallMs }) => {
        const earlier = byTemporal(zone, wallMs, 'earlier');
        const later = byTemporal(zone, wallMs, 'later');
        const compatible = plain(wallMs).toZonedDateTime(zone).epochMilliseconds;
        expect(instantOfWall(zone, wallMs, 'earlier')).toBe(earlier);
        expect(instantOfWall(zone, wallMs, 'later')).toBe(later);
        expect(instantOfWall(zone, wallMs, 'compatible')).toBe(compatible);
        expect(instantOfWall(zone, wallMs, 'reject')).toBe(earlier === later ? earlier : null);
      }),
      { numRuns: 2_000 },
    );
  });

  test('come back from every instant: one of its meanings is that instant', () => {
    fc.assert(
      fc.property(zonedInstantArbitrary, ({ zone, instantMs }) => {
        const wallMs = wallMsAt(zone, instantMs);
        const meanings = [
          instantOfWall(zone, wallMs, 'earlier'),
          instantOfWall(zone, wallMs, 'later'),
        ];
        expect(meanings).toContain(instantMs);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('days', () => {
  test('begin and end where Temporal says', () => {
    fc.assert(
      fc.property(zonedInstantArbitrary, ({ zone, instantMs }) => {
        const dayMs = startOfWallDay(wallMsAt(zone, instantMs));
        const day = plain(dayMs).toPlainDate();
        expect(dayBounds(zone, dayMs)).toEqual({
          startMs: day.toZonedDateTime(zone).epochMilliseconds,
          endMs: day.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds,
        });
        expect(dayOfWeekOfWall(dayMs)).toBe(day.dayOfWeek % 7);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ['America/New_York', '2024-03-10', 23],
    ['America/New_York', '2024-11-03', 25],
    ['Australia/Lord_Howe', '2024-04-07', 24.5],
    ['America/Sao_Paulo', '2018-11-04', 23],
    ['Pacific/Apia', '2011-12-30', 0],
    // Clocks went from 23:30 to 0:30, over the midnight between.
    ['America/Toronto', '1919-03-30', 23.5],
    ['America/Toronto', '1919-03-31', 23.5],
    ['Europe/Berlin', '2024-07-01', 24],
  ])('in %s the %s has %d hours', (zone, date, hours) => {
    const { startMs, endMs } = dayBounds(zone, Date.parse(date));
    expect((endMs - startMs) / HOUR_MS).toBe(hours);
  });

  test('that begin with a jump begin after it', () => {
    const { startMs } = dayBounds('America/Sao_Paulo', Date.parse('2018-11-04'));
    expect(localTimeOf('America/Sao_Paulo', startMs)).toBe('01:00');
    expect(localDateOf('America/Sao_Paulo', startMs - 1)).toBe('2018-11-03');
    expect(minuteOfDayAt('America/Sao_Paulo', startMs - 1)).toBe(1439);
  });
});

describe('zones', () => {
  test('are cut exactly where their offset changes', () => {
    fc.assert(
      fc.property(zonedInstantArbitrary, ({ zone, instantMs }) => {
        const endMs = instantMs + 500 * DAY_MS;
        const segments = offsetSegments(zone, instantMs, endMs);
        let at = instantMs;
        for (const segment of segments) {
          expect(segment.startMs).toBe(at);
          expect(segment.offsetMs).toBe(wallByIntl(zone, at - (at % 1000)) - (at - (at % 1000)));
          if (at !== instantMs) expect(offsetMsAt(zone, at - 1)).not.toBe(segment.offsetMs);
          at = segment.endMs;
        }
        expect(at).toBe(endMs);
      }),
      { numRuns: 200 },
    );
  });

  test.each(['', ' ', '+05:30', '-0800', 'Z', 'Mars/Olympus', 'UTC+1', 'x'.repeat(100), '../etc'])(
    'refuse %j',
    (name) => {
      expect(isIanaZone(name)).toBe(false);
      expect(() => offsetMsAt(name, 0)).toThrow(expect.objectContaining({ code: 'invalid_time' }));
    },
  );

  test('take their usual spelling', () => {
    expect(normaliseZone('america/new_york')).toBe('America/New_York');
    expect(normaliseZone('US/Eastern')).toBe('US/Eastern');
    expect(normaliseZone('utc')).toBe('UTC');
  });
});
