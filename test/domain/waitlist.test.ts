import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { absenceDueAt, usualTimes } from '../../domain/absence.ts';
import { offerDueAt, suitsWish } from '../../domain/waitlist.ts';
import type { WishedTimes } from '../../domain/waitlist.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const WISH: WishedTimes = {
  zone: 'America/New_York',
  fromDayMs: Date.UTC(2026, 2, 2),
  untilDayMs: Date.UTC(2026, 2, 31),
  daysOfWeek: [0, 1],
  startMinute: 9 * 60,
  endMinute: 12 * 60,
  noticeMs: DAY_MS,
};

function slotAt(iso: string, minutes = 50) {
  const startMs = Date.parse(iso);
  return { startMs, endMs: startMs + minutes * MINUTE_MS };
}

describe('a wish', () => {
  const now = Date.parse('2026-03-01T12:00:00Z');

  test.each([
    ['the first minute that suits', '2026-03-02T14:00:00Z', true],
    ['a minute too early', '2026-03-02T13:59:00Z', false],
    ['ending with the last minute', '2026-03-02T16:10:00Z', true],
    ['ending a minute too late', '2026-03-02T16:11:00Z', false],
    ['a Tuesday', '2026-03-03T15:00:00Z', false],
    ['the hours after clocks were set forward', '2026-03-09T13:00:00Z', true],
    ['what would have suited before that', '2026-03-09T16:00:00Z', false],
    ['a Sunday that is Monday in UTC', '2026-03-09T03:30:00Z', false],
    ['the last day', '2026-03-30T13:00:00Z', true],
    ['beyond the last day', '2026-04-05T13:00:00Z', false],
  ])('%s', (_name, iso, suits) => {
    expect(suitsWish(WISH, slotAt(iso), now)).toBe(suits);
  });

  test('needs its notice, to the millisecond', () => {
    const slot = slotAt('2026-03-02T14:00:00Z');
    expect(suitsWish(WISH, slot, slot.startMs - DAY_MS)).toBe(true);
    expect(suitsWish(WISH, slot, slot.startMs - DAY_MS + 1)).toBe(false);
  });
});

describe('an offer', () => {
  const now = Date.parse('2026-03-02T15:00:00Z');
  const offer = { now, zone: 'UTC', quietHours: null };

  test.each([
    ['far away', 10 * DAY_MS, 4 * HOUR_MS],
    ['near', 4 * HOUR_MS, HOUR_MS],
    ['very near', 20 * MINUTE_MS, 10 * MINUTE_MS],
  ])('of a slot that is %s stands for its share of the time', (_name, leftMs, ttlMs) => {
    expect(offerDueAt({ ...offer, lastBookingAt: now + leftMs })).toBe(now + ttlMs);
  });

  test('is not made when there is no time to answer', () => {
    expect(offerDueAt({ ...offer, lastBookingAt: now + 10 * MINUTE_MS - 1 })).toBeNull();
    expect(offerDueAt({ ...offer, lastBookingAt: now - 1 })).toBeNull();
  });

  test('waits for the morning of a client who is asleep, where the slot is far away', () => {
    const quietHours = { startMinute: 14 * 60, endMinute: 22 * 60 };
    const dueAt = offerDueAt({ ...offer, quietHours, lastBookingAt: now + 10 * DAY_MS });
    expect(dueAt).toBe(Date.parse('2026-03-03T02:00:00Z'));
    const near = offerDueAt({ ...offer, quietHours, lastBookingAt: now + 4 * HOUR_MS });
    expect(near).toBe(now + HOUR_MS);
  });

  test('always ends while the slot can still be booked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -HOUR_MS, max: 90 * DAY_MS }),
        fc.integer({ min: 0, max: 1439 }),
        fc.integer({ min: 0, max: 1439 }),
        (leftMs, startMinute, endMinute) => {
          const quietHours = { startMinute, endMinute };
          const lastBookingAt = now + leftMs;
          const dueAt = offerDueAt({ ...offer, quietHours, lastBookingAt });
          if (dueAt === null) return leftMs < 10 * MINUTE_MS;
          return dueAt >= now + 10 * MINUTE_MS && dueAt <= lastBookingAt;
        },
      ),
    );
  });
});

describe('an absence', () => {
  test('leaves a day to choose, and always ends before the start', () => {
    const now = Date.now();
    expect(absenceDueAt(now, now + 5 * DAY_MS)).toBe(now + DAY_MS);
    expect(absenceDueAt(now, now + HOUR_MS)).toBe(now + HOUR_MS / 2);
    expect(absenceDueAt(now, now - HOUR_MS)).toBe(now);
  });

  test('proposes the usual time of day, one a day', () => {
    const zone = 'Europe/Berlin';
    const slots = ['2026-03-27', '2026-03-28', '2026-03-30', '2026-03-31'].flatMap((day) =>
      ['07:00', '12:00', '14:00'].map((time) => slotAt(`${day}T${time}:00Z`)),
    );
    // 14:30 in Berlin in winter; clocks are set forward on the 29th.
    const times = usualTimes(slots, zone, Date.parse('2026-03-20T13:30:00Z'), 3);
    expect(times.map(({ startMs }) => new Date(startMs).toISOString().slice(0, 16))).toEqual([
      '2026-03-27T14:00',
      '2026-03-28T14:00',
      '2026-03-30T12:00',
    ]);
  });
});
