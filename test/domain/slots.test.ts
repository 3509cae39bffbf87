import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  HALF_HOUR_GRID,
  alternatives,
  byLocalDate,
  claimWindow,
  findSlots,
  isBookable,
  markSlots,
} from '../../domain/slots.ts';
import type { BookingRules, Slot, SlotSearch } from '../../domain/slots.ts';
import { worksAt } from './support/schedules.ts';
import { collides, searchArbitrary, slotsByTrying } from './support/searches.ts';
import { HOUR_MS } from './support/times.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;

describe('free slots', () => {
  test('are those that trying every minute finds', () => {
    fc.assert(
      fc.property(searchArbitrary, (search) => {
        expect(findSlots(search)).toEqual(slotsByTrying(search));
      }),
      { numRuns: 200 },
    );
  });

  test('are the grid minutes that can be booked, no more and no fewer', () => {
    fc.assert(
      fc.property(searchArbitrary, (search) => {
        const free = new Set(findSlots(search).map(({ startMs }) => startMs));
        for (const { startMs, endMs } of markSlots(search)) {
          const isFree = isBookable({ startMs, endMs }, search).kind === 'bookable';
          expect([startMs, isFree]).toEqual([startMs, free.has(startMs)]);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('do not depend on how the window is cut, on either grid', () => {
    fc.assert(
      fc.property(searchArbitrary, fc.nat(60), fc.boolean(), (search, hours, isEven) => {
        const whole: SlotSearch = isEven ? { ...search, grid: { kind: 'back_to_back' } } : search;
        const { startMs, endMs } = whole.window;
        const middleMs = Math.min(startMs + hours * HOUR_MS, endMs);
        expect([
          ...findSlots({ ...whole, window: { startMs, endMs: middleMs } }),
          ...findSlots({ ...whole, window: { startMs: middleMs, endMs } }),
        ]).toEqual(findSlots(whole));
      }),
      { numRuns: 300 },
    );
  });

  test('need no claims beyond the claim window, and stop at the limit', () => {
    fc.assert(
      fc.property(searchArbitrary, fc.nat(5), (search, limit) => {
        const { startMs, endMs } = claimWindow(search);
        const near = search.busy.filter((claim) => claim.startMs < endMs && startMs < claim.endMs);
        const slots = findSlots(search);
        expect(findSlots({ ...search, busy: near })).toEqual(slots);
        expect(findSlots({ ...search, limit })).toEqual(slots.slice(0, limit));
      }),
    );
  });
});

describe('marked slots', () => {
  test('are the free ones among the cells, each other with a reason that is true', () => {
    fc.assert(
      fc.property(searchArbitrary, fc.boolean(), (drawn, isEven) => {
        const search: SlotSearch = isEven ? { ...drawn, grid: { kind: 'back_to_back' } } : drawn;
        const marked = markSlots(search);
        const free = marked
          .filter(({ isAvailable }) => isAvailable)
          .map(({ startMs, endMs }) => ({ startMs, endMs }));
        expect(free).toEqual(findSlots(search));
        for (const cell of marked) if (!cell.isAvailable) expectTrueReason(cell, search);
      }),
      { numRuns: 300 },
    );
  });

  function expectTrueReason(
    { startMs, endMs, reason }: Slot & { readonly reason: string },
    { buffers, busy, clientBusy, now, minimumNoticeMs, schedule }: SlotSearch,
  ): void {
    const minutes = Array.from(
      { length: (endMs - startMs) / MINUTE_MS },
      (_, i) => startMs + i * MINUTE_MS,
    );
    const truths: Record<string, () => boolean> = {
      notice: () => startMs < now + minimumNoticeMs,
      time_off: () => minutes.some((at) => worksAt(schedule, at) === 'off'),
      booked: () => collides(busy, startMs - buffers.beforeMs, endMs + buffers.afterMs),
      client_busy: () => collides(clientBusy, startMs, endMs),
    };
    expect([startMs, reason, truths[reason]?.()]).toEqual([startMs, reason, true]);
  }

  test('leave out the days before today however far the window reaches back', () => {
    const marked = markSlots({ ...monday(), window: { startMs: 0, endMs: at('12:00') } });
    expect(marked[0]?.startMs).toBe(at('09:00'));
  });
});

/** 29 January 2024, a Monday, in New York: open from nine to five, asked at eight. */
function monday(): SlotSearch {
  return {
    schedule: {
      zone: 'America/New_York',
      rules: [{ dayOfWeek: 1, startMinute: 540, endMinute: 1020, isAvailable: true }],
      exceptions: [],
    },
    busy: [],
    buffers: { beforeMs: 0, afterMs: 10 * MINUTE_MS },
    now: at('08:00'),
    minimumNoticeMs: 0,
    horizonMs: 30 * DAY_MS,
    window: { startMs: at('00:00'), endMs: at('23:59') },
    durationMs: 50 * MINUTE_MS,
  };
}

function at(time: string): number {
  return Date.parse(`2024-01-29T${time}:00-05:00`);
}

function slotAt(time: string, minutes = 50): Slot {
  return { startMs: at(time), endMs: at(time) + minutes * MINUTE_MS };
}

function times(slots: readonly Slot[]): string[] {
  return slots.map(({ startMs }) => new Date(startMs - 5 * HOUR_MS).toISOString().slice(11, 16));
}

describe('one requested time', () => {
  const rules: BookingRules = {
    ...monday(),
    busy: [{ startMs: at('12:00'), endMs: at('13:00') }],
    clientBusy: [{ startMs: at('15:00'), endMs: at('16:00') }],
    minimumNoticeMs: 2 * HOUR_MS,
  };

  test.each([
    ['free', slotAt('10:07'), null],
    ['touching the claim before it', slotAt('13:00'), null],
    ['its own buffer reaching into a claim', slotAt('11:15'), 'slot_unavailable'],
    ['its own buffer just reaching up to a claim', slotAt('11:00'), null],
    ['the client elsewhere', slotAt('14:30'), 'client_unavailable'],
    ['the buffer does not matter to the client', slotAt('14:10'), null],
    ['past', slotAt('07:00'), 'time_in_past'],
    ['too soon, by a minute', slotAt('09:59'), 'too_soon'],
    ['running over the end of the day', slotAt('16:30'), 'outside_availability'],
    ['ending with the day: the buffer need not be working time', slotAt('16:10'), null],
    ['backwards', { startMs: at('11:00'), endMs: at('10:00') }, 'invalid_time'],
    ['empty', { startMs: at('11:00'), endMs: at('11:00') }, 'invalid_time'],
    ['not a time', { startMs: NaN, endMs: NaN }, 'invalid_time'],
  ])('%s', (_name, slot, code) => {
    expect(isBookable(slot, rules)).toEqual(
      code === null ? { kind: 'bookable' } : { kind: 'refused', code },
    );
  });

  test('in time off, or beyond the horizon, is refused', () => {
    const exceptions = [
      { kind: 'time_off' as const, startDate: '2024-01-29', endDate: '2024-01-29' },
    ];
    const schedule = { ...rules.schedule, exceptions };
    expect(isBookable(slotAt('10:30'), { ...rules, schedule })).toEqual({
      kind: 'refused',
      code: 'therapist_unavailable',
    });
    expect(isBookable(slotAt('10:30'), { ...rules, horizonMs: 2 * HOUR_MS })).toEqual({
      kind: 'refused',
      code: 'outside_availability',
    });
  });
});

describe('the grid', () => {
  test('is every half hour of the therapist’s clock by default', () => {
    expect(HALF_HOUR_GRID).toEqual({ kind: 'wall', stepMs: 30 * MINUTE_MS });
    expect(times(findSlots({ ...monday(), limit: 3 }))).toEqual(['09:00', '09:30', '10:00']);
  });

  test('back to back puts one session with its buffer after the other', () => {
    const slots = findSlots({ ...monday(), grid: { kind: 'back_to_back' } });
    expect(times(slots)).toEqual([
      '09:00',
      '10:00',
      '11:00',
      '12:00',
      '13:00',
      '14:00',
      '15:00',
      '16:00',
    ]);
  });

  const roundTheClock = [0, 1, 2, 3, 4, 5, 6].map((dayOfWeek) => ({
    dayOfWeek,
    startMinute: 0,
    endMinute: 1440,
    isAvailable: true,
  }));

  test('begins anew at midnight where its step does not divide the day', () => {
    const search = monday();
    const slots = findSlots({
      ...search,
      schedule: { ...search.schedule, rules: roundTheClock },
      grid: { kind: 'wall', stepMs: 50 * MINUTE_MS },
      window: { startMs: at('23:00'), endMs: at('23:00') + 2 * HOUR_MS },
    });
    expect(times(slots)).toEqual(['23:20', '00:00', '00:50']);
  });

  test('back to back ends, with hours round the clock', () => {
    const search = monday();
    const slots = findSlots({
      ...search,
      schedule: { ...search.schedule, rules: roundTheClock },
      grid: { kind: 'back_to_back' },
      limit: 10_000,
    });
    expect(slots).toHaveLength(16);
  });

  test('gives slots by the local date of their start', () => {
    const slots = [
      slotAt('23:30'),
      { startMs: at('23:30') + HOUR_MS, endMs: at('23:30') + DAY_MS },
    ];
    expect([...byLocalDate(slots, 'America/New_York').keys()]).toEqual([
      '2024-01-29',
      '2024-01-30',
    ]);
    expect([...byLocalDate(slots, 'UTC').keys()]).toEqual(['2024-01-30']);
  });
});

describe('edges', () => {
  test('a slot exactly at the horizon and exactly at the notice is free', () => {
    const search: SlotSearch = { ...monday(), minimumNoticeMs: HOUR_MS, horizonMs: 2 * HOUR_MS };
    expect(times(findSlots(search))).toEqual(['09:00', '09:30', '10:00']);
    expect(isBookable(slotAt('10:00'), search).kind).toBe('bookable');
    expect(isBookable(slotAt('10:01'), search).kind).toBe('refused');
  });

  test('the claim window reaches as far as a buffered slot at the end of the window', () => {
    const search: SlotSearch = {
      ...monday(),
      buffers: { beforeMs: 20 * MINUTE_MS, afterMs: 10 * MINUTE_MS },
      window: { startMs: at('10:00'), endMs: at('11:00') },
    };
    expect(claimWindow(search)).toEqual({ startMs: at('09:40'), endMs: at('12:00') });
  });
});

describe('alternatives', () => {
  test('are the nearest free slots, in order', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(100), { maxLength: 20 }),
        fc.nat(100),
        fc.nat(6),
        (starts, wantedMs, count) => {
          const slots = starts
            .toSorted((a, b) => a - b)
            .map((startMs) => ({ startMs, endMs: startMs + 1 }));
          const distance = ({ startMs }: Slot): number => Math.abs(startMs - wantedMs);
          const found = alternatives(slots, wantedMs, count);
          const nearest = [...slots].toSorted((a, b) => distance(a) - distance(b)).slice(0, count);
          expect(found.map(distance).toSorted((a, b) => a - b)).toEqual(nearest.map(distance));
          expect(found).toEqual(slots.filter((slot) => found.includes(slot)));
        },
      ),
    );
  });
});
