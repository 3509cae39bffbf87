import fc from 'fast-check';
import type { DateException, Schedule, WeeklyRule } from '../../../domain/availability.ts';
import type { Interval } from '../../../domain/intervals.ts';
import { HOUR_MS, wallByIntl, zonedInstantArbitrary } from './times.ts';

const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;

const minuteArbitrary = fc.oneof(
  fc.constantFrom(0, 1440),
  fc.integer({ min: 0, max: 96 }).map((quarter) => quarter * 15),
);

const ruleArbitrary: fc.Arbitrary<WeeklyRule> = fc.record({
  dayOfWeek: fc.nat(6),
  startMinute: minuteArbitrary,
  endMinute: minuteArbitrary,
  isAvailable: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
});

function exceptionArbitrary(aroundMs: number): fc.Arbitrary<DateException> {
  const date = (byDays: number): string =>
    new Date(aroundMs + byDays * DAY_MS).toISOString().slice(0, 10);
  return fc
    .record({
      kind: fc.constantFrom('time_off' as const, 'extra' as const),
      from: fc.integer({ min: -3, max: 4 }),
      days: fc.nat(3),
      minutes: fc.option(fc.tuple(minuteArbitrary, minuteArbitrary)),
    })
    .map(({ kind, from, days, minutes }) => ({
      kind,
      startDate: date(from),
      endDate: date(from + days),
      startMinute: minutes === null ? null : minutes[0],
      endMinute: minutes === null ? null : minutes[1],
    }));
}

export interface ScheduleAround {
  readonly schedule: Schedule;
  readonly aroundMs: number;
}

/** A schedule and an instant to look at it from, often close to a change of the zone's offset. */
export const scheduleArbitrary: fc.Arbitrary<ScheduleAround> = zonedInstantArbitrary.chain(
  ({ zone, instantMs }) => {
    const aroundMs = Math.floor(instantMs / MINUTE_MS) * MINUTE_MS;
    return fc
      .record({
        rules: fc.array(ruleArbitrary, { minLength: 2, maxLength: 20 }),
        exceptions: fc.array(exceptionArbitrary(aroundMs), { maxLength: 3 }),
      })
      .map(({ rules, exceptions }) => ({ aroundMs, schedule: { zone, rules, exceptions } }));
  },
);

export function intervalsAround(aroundMs: number, maxLength: number): fc.Arbitrary<Interval[]> {
  return fc.array(
    fc
      .tuple(fc.integer({ min: -600, max: 900 }), fc.integer({ min: 1, max: 36 }))
      .map(([from, length]) => ({
        startMs: aroundMs + from * 5 * MINUTE_MS,
        endMs: aroundMs + (from + length) * 5 * MINUTE_MS,
      })),
    { maxLength },
  );
}

/** Whether the clock on the therapist's wall shows a working minute; the slow, obvious form. */
export function worksAt(schedule: Schedule, instantMs: number): 'open' | 'off' | 'closed' {
  const wholeMs = Math.floor(instantMs / 1000) * 1000;
  const wallMs = wallByIntl(schedule.zone, wholeMs) + (instantMs - wholeMs);
  const minute = (wallMs - Math.floor(wallMs / DAY_MS) * DAY_MS) / MINUTE_MS;
  const date = new Date(wallMs).toISOString().slice(0, 10);
  const isRegular =
    schedule.rules.some(
      (rule) =>
        rule.isAvailable &&
        rule.dayOfWeek === new Date(wallMs).getUTCDay() &&
        rule.startMinute <= minute &&
        minute < rule.endMinute,
    ) ||
    schedule.exceptions.some(
      (exception) =>
        exception.kind === 'extra' &&
        exception.startDate <= date &&
        date <= exception.endDate &&
        (exception.startMinute ?? 0) <= minute &&
        minute < (exception.endMinute ?? 1440),
    );
  const isAbsent = schedule.exceptions.some(
    ({ kind, startDate, endDate, startMinute, endMinute }) =>
      kind === 'time_off' &&
      Date.parse(startDate) + (startMinute ?? 0) * MINUTE_MS <= wallMs &&
      wallMs < Date.parse(endDate) + (endMinute ?? 1440) * MINUTE_MS,
  );
  return isRegular ? (isAbsent ? 'off' : 'open') : 'closed';
}
