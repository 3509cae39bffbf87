import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dayClaimWindow, slotsWithDurations } from '../../domain/slot-durations.ts';
import type { BookingRules } from '../../domain/slots.ts';
import { searchArbitrary, slotsByTrying } from './support/searches.ts';
import { HOUR_MS, wallByIntl } from './support/times.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;

function dayOf(zone: string, instantMs: number): number {
  return Math.floor(wallByIntl(zone, instantMs) / DAY_MS) * DAY_MS;
}

const daySearchArbitrary = searchArbitrary.chain((search) =>
  fc
    .record({
      byDays: fc.integer({ min: -1, max: 1 }),
      minutes: fc.array(fc.constantFrom(25, 30, 60, 90, 120), { maxLength: 4 }),
    })
    .map(({ byDays, minutes }) => ({
      rules: search,
      dayMs: dayOf(search.schedule.zone, search.window.startMs) + byDays * DAY_MS,
      durationsMs: minutes.map((each) => each * MINUTE_MS),
    })),
);

describe('starts of a day with their durations', () => {
  test('are those that trying every minute with every duration finds', () => {
    fc.assert(
      fc.property(daySearchArbitrary, ({ rules, dayMs, durationsMs }) => {
        // Whatever the zone, the day lies within it.
        const window = { startMs: dayMs - 15 * HOUR_MS, endMs: dayMs + 38 * HOUR_MS };
        const grid = { kind: 'wall' as const, stepMs: 30 * MINUTE_MS };
        const expected = new Map<number, number[]>();
        for (const durationMs of [...new Set(durationsMs)].toSorted((a, b) => a - b)) {
          for (const { startMs } of slotsByTrying({ ...rules, window, durationMs, grid })) {
            if (dayOf(rules.schedule.zone, startMs) !== dayMs) continue;
            expected.set(startMs, [...(expected.get(startMs) ?? []), durationMs]);
          }
        }
        const found = slotsWithDurations(rules, { dayMs, durationsMs });
        expect(found.map((start) => [start.startMs, start.durationsMs])).toEqual(
          [...expected].toSorted(([a], [b]) => a - b),
        );
      }),
      { numRuns: 150 },
    );
  });

  test('need no claims beyond the window that is loaded for them', () => {
    fc.assert(
      fc.property(daySearchArbitrary, ({ rules, dayMs, durationsMs }) => {
        const maxBufferMs = Math.max(rules.buffers.beforeMs, rules.buffers.afterMs);
        const loaded = dayClaimWindow({ dayMs, durationsMs }, maxBufferMs);
        const busy = rules.busy.filter(
          (claim) => claim.startMs < loaded.endMs && loaded.startMs < claim.endMs,
        );
        expect(slotsWithDurations({ ...rules, busy }, { dayMs, durationsMs })).toEqual(
          slotsWithDurations(rules, { dayMs, durationsMs }),
        );
      }),
    );
  });

  test('shrink towards a booked session and the end of the day, as published', () => {
    const monday = Date.UTC(2024, 0, 15);
    const rules: BookingRules = {
      schedule: {
        zone: 'UTC',
        rules: [{ dayOfWeek: 1, startMinute: 540, endMinute: 660, isAvailable: true }],
        exceptions: [],
      },
      busy: [{ startMs: monday + 630 * MINUTE_MS, endMs: monday + 660 * MINUTE_MS }],
      buffers: { beforeMs: 0, afterMs: 0 },
      now: monday,
      minimumNoticeMs: 0,
      horizonMs: DAY_MS,
    };
    const found = slotsWithDurations(rules, { dayMs: monday });
    expect(
      found.map(({ startMs, durationsMs }) => [
        new Date(startMs).toISOString().slice(11, 16),
        ...durationsMs.map((each) => each / MINUTE_MS),
      ]),
    ).toEqual([
      ['09:00', 30, 60, 90],
      ['09:30', 30, 60],
      ['10:00', 30],
    ]);
  });
});
