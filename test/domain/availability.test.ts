import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { awayIntervals, openIntervals, workingHours } from '../../domain/availability.ts';
import type { DateException, Schedule, WeeklyRule } from '../../domain/availability.ts';
import type { Interval } from '../../domain/intervals.ts';
import { scheduleArbitrary, worksAt } from './support/schedules.ts';
import { HOUR_MS } from './support/times.ts';

const DAY_MS = 24 * HOUR_MS;

function has(intervals: readonly Interval[], instantMs: number): boolean {
  return intervals.some(({ startMs, endMs }) => startMs <= instantMs && instantMs < endMs);
}

describe('working hours', () => {
  test('are open exactly while the wall clock shows a working minute', () => {
    fc.assert(
      fc.property(scheduleArbitrary, fc.nat(4 * 24), ({ schedule, aroundMs }, hours) => {
        const [startMs, endMs] = [aroundMs - 36 * HOUR_MS, aroundMs + hours * HOUR_MS];
        const { open, off } = workingHours(schedule, startMs, endMs);
        const edges = [...open, ...off].flatMap((interval) => [interval.startMs, interval.endMs]);
        const instants = edges.flatMap((edge) => [edge - 1, edge]);
        for (let at = startMs; at < endMs; at += 37 * 60_000) instants.push(at);
        for (const at of instants.filter((instant) => startMs <= instant && instant < endMs)) {
          const expected = worksAt(schedule, at);
          expect([at, has(open, at), has(off, at)]).toEqual([
            at,
            expected === 'open',
            expected === 'off',
          ]);
        }
        for (const edge of edges) expect(startMs <= edge && edge <= endMs).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('of two neighbouring stretches are those of both together', () => {
    fc.assert(
      fc.property(scheduleArbitrary, fc.nat(96), ({ schedule, aroundMs }, hours) => {
        const [startMs, endMs] = [aroundMs - 2 * DAY_MS, aroundMs + 3 * DAY_MS];
        const middleMs = startMs + hours * HOUR_MS;
        const parts = [
          ...openIntervals(schedule, startMs, middleMs),
          ...openIntervals(schedule, middleMs, endMs),
        ];
        const whole = openIntervals(schedule, startMs, endMs);
        const total = (list: readonly Interval[]): number =>
          list.reduce((sum, interval) => sum + interval.endMs - interval.startMs, 0);
        expect(total(parts)).toBe(total(whole));
        for (const { startMs: at } of parts) expect(has(whole, at)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('an absence', () => {
  test('keeps away exactly while the wall clock shows one of its minutes', () => {
    fc.assert(
      fc.property(scheduleArbitrary, fc.nat(4 * 24), ({ schedule, aroundMs }, hours) => {
        const always = [0, 1, 2, 3, 4, 5, 6].map((day) => weekly(day, 0, 1440));
        for (const exception of schedule.exceptions) {
          const alone = { ...schedule, rules: always, exceptions: [exception] };
          const away = awayIntervals(schedule.zone, exception);
          const edges = away.flatMap(({ startMs, endMs }) => [startMs, endMs]);
          const instants = [aroundMs + hours * HOUR_MS, ...edges.flatMap((at) => [at - 1, at])];
          for (const at of instants) {
            expect([at, has(away, at)]).toEqual([at, worksAt(alone, at) === 'off']);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

function weekly(dayOfWeek: number, startMinute: number, endMinute: number): WeeklyRule {
  return { dayOfWeek, startMinute, endMinute, isAvailable: true };
}

function hoursOf(
  zone: string,
  rules: readonly WeeklyRule[],
  exceptions: readonly DateException[],
  date: string,
): string[] {
  const schedule: Schedule = { zone, rules, exceptions };
  const aroundMs = Date.parse(date);
  return openIntervals(schedule, aroundMs - DAY_MS, aroundMs + 2 * DAY_MS).map(
    ({ startMs, endMs }) => `${iso(startMs)}/${iso(endMs)}`,
  );
}

function iso(instantMs: number): string {
  return new Date(instantMs).toISOString().replace(':00.000Z', 'Z');
}

describe('at a change of clocks', () => {
  const sunday = [weekly(0, 9 * 60, 17 * 60)];

  test('nine to five stays nine to five', () => {
    const zone = 'America/New_York';
    expect(hoursOf(zone, sunday, [], '2024-03-03')).toEqual([
      '2024-03-03T14:00Z/2024-03-03T22:00Z',
    ]);
    expect(hoursOf(zone, sunday, [], '2024-03-10')).toEqual([
      '2024-03-10T13:00Z/2024-03-10T21:00Z',
    ]);
  });

  test('a night that loses an hour offers none of it, one that gains an hour offers it twice', () => {
    const night = [weekly(0, 60, 3 * 60)];
    const zone = 'America/New_York';
    expect(hoursOf(zone, night, [], '2024-03-10')).toEqual(['2024-03-10T06:00Z/2024-03-10T07:00Z']);
    expect(hoursOf(zone, night, [], '2024-11-03')).toEqual(['2024-11-03T05:00Z/2024-11-03T08:00Z']);
    const inTheGap = [weekly(0, 2 * 60, 3 * 60)];
    expect(hoursOf(zone, inTheGap, [], '2024-03-10')).toEqual([]);
  });

  test('a skipped day has no hours', () => {
    const friday = [weekly(5, 0, 1440)];
    expect(hoursOf('Pacific/Apia', friday, [], '2011-12-30')).toEqual([]);
  });
});

describe('exceptions', () => {
  const everyDay = [0, 1, 2, 3, 4, 5, 6].map((day) => weekly(day, 9 * 60, 17 * 60));
  const zone = 'Asia/Kathmandu';

  test('an absence runs from its first minute to its last across the days between', () => {
    const away: DateException = {
      kind: 'time_off',
      startDate: '2024-01-24',
      endDate: '2024-01-26',
      startMinute: 16 * 60,
      endMinute: 10 * 60,
    };
    expect(hoursOf(zone, everyDay, [away], '2024-01-25')).toEqual([
      '2024-01-24T03:15Z/2024-01-24T10:15Z',
      '2024-01-26T04:15Z/2024-01-26T11:15Z',
    ]);
  });

  test('extra hours open each of their dates and join the regular ones; time off wins', () => {
    const late: DateException = {
      kind: 'extra',
      startDate: '2024-01-24',
      endDate: '2024-01-25',
      startMinute: 17 * 60,
      endMinute: 18 * 60,
    };
    const away: DateException = {
      kind: 'time_off',
      startDate: '2024-01-25',
      endDate: '2024-01-25',
    };
    expect(hoursOf(zone, everyDay, [late, away], '2024-01-25')).toEqual([
      '2024-01-24T03:15Z/2024-01-24T12:15Z',
      '2024-01-26T03:15Z/2024-01-26T11:15Z',
    ]);
  });

  test('a rule that is switched off opens nothing and closes nothing', () => {
    const off: WeeklyRule = { ...weekly(4, 0, 1440), isAvailable: false };
    expect(hoursOf(zone, [off, weekly(4, 600, 660)], [], '2024-01-25')).toEqual([
      '2024-01-25T04:15Z/2024-01-25T05:15Z',
    ]);
  });
});
