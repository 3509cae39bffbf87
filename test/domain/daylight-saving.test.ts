import { expect, test } from '@jest/globals';
import { type SlotSearch, findSlots, isBookable } from '../../domain/slots.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];

interface Change {
  readonly zone: string;
  /** The local date on which the clocks change. */
  readonly date: string;
  /** What is offered from 01:00 to 05:00 by the wall clock: half hours, instants in UTC. */
  readonly night: string;
  /** The first slot of a nine-to-five day: on the day before, on the day, on the day after. */
  readonly nine: readonly [string, string, string];
}

/** A zone west, one in the middle, one that shifts by half an hour, one at 45 minutes. */
const CHANGES: readonly Change[] = [
  {
    zone: 'America/New_York',
    date: '2027-03-14',
    night: '14T06:00 14T06:30 14T07:00 14T07:30 14T08:00 14T08:30',
    nine: ['13T14:00', '14T13:00', '15T13:00'],
  },
  {
    zone: 'America/New_York',
    date: '2027-11-07',
    night:
      '07T05:00 07T05:30 07T06:00 07T06:30 07T07:00 07T07:30 07T08:00 07T08:30 07T09:00 07T09:30',
    nine: ['06T13:00', '07T14:00', '08T14:00'],
  },
  {
    zone: 'Europe/Berlin',
    date: '2027-03-28',
    night: '28T00:00 28T00:30 28T01:00 28T01:30 28T02:00 28T02:30',
    nine: ['27T08:00', '28T07:00', '29T07:00'],
  },
  {
    zone: 'Europe/Berlin',
    date: '2027-10-31',
    night:
      '30T23:00 30T23:30 31T00:00 31T00:30 31T01:00 31T01:30 31T02:00 31T02:30 31T03:00 31T03:30',
    nine: ['30T07:00', '31T08:00', '01T08:00'],
  },
  {
    zone: 'Australia/Lord_Howe',
    date: '2027-10-03',
    night: '02T14:30 02T15:00 02T15:30 02T16:00 02T16:30 02T17:00 02T17:30',
    nine: ['01T22:30', '02T22:00', '03T22:00'],
  },
  {
    zone: 'Australia/Lord_Howe',
    date: '2027-04-04',
    night: '03T14:00 03T14:30 03T15:00 03T15:30 03T16:00 03T16:30 03T17:00 03T17:30 03T18:00',
    nine: ['02T22:00', '03T22:30', '04T22:30'],
  },
  {
    zone: 'Pacific/Chatham',
    date: '2027-09-26',
    night: '25T12:15 25T12:45 25T13:15 25T13:45 25T14:15 25T14:45',
    nine: ['24T20:15', '25T19:15', '26T19:15'],
  },
  {
    zone: 'Pacific/Chatham',
    date: '2027-04-04',
    night:
      '03T11:15 03T11:45 03T12:15 03T12:45 03T13:15 03T13:45 03T14:15 03T14:45 03T15:15 03T15:45',
    nine: ['02T19:15', '03T20:15', '04T20:15'],
  },
];

/** Half hours within hours that are the same on each day; two days before and after the date. */
function searchAround({ zone, date }: Change, fromHour: number, toHour: number): SlotSearch {
  const middle = Date.parse(`${date}T12:00Z`);
  return {
    schedule: {
      zone,
      rules: EVERY_DAY.map((dayOfWeek) => ({
        dayOfWeek,
        startMinute: fromHour * 60,
        endMinute: toHour * 60,
        isAvailable: true,
      })),
      exceptions: [],
    },
    busy: [],
    buffers: { beforeMs: 0, afterMs: 0 },
    now: middle - 10 * DAY_MS,
    minimumNoticeMs: 0,
    horizonMs: 30 * DAY_MS,
    window: { startMs: middle - 2.5 * DAY_MS, endMs: middle + 2.5 * DAY_MS },
    durationMs: 30 * MINUTE_MS,
  };
}

/** The slots of one local date. */
function offered(search: SlotSearch, date: string): number[] {
  const { zone } = search.schedule;
  const localDate = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' });
  return findSlots(search).flatMap(({ startMs }) =>
    localDate.format(startMs) === date ? [startMs] : [],
  );
}

/** `14T06:00` */
function shown(instantMs: number): string {
  return new Date(instantMs).toISOString().slice(8, 16);
}

function dateBy(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
}

test.each(CHANGES)('the night of $date in $zone', (change) => {
  const search = searchAround(change, 1, 5);
  const slots = offered(search, change.date);
  expect(slots.map(shown).join(' ')).toBe(change.night);
  for (const startMs of slots) {
    const slot = { startMs, endMs: startMs + search.durationMs };
    expect(isBookable(slot, search).kind).toBe('bookable');
  }
  // The nights around it have their eight half hours.
  for (const days of [-1, 1]) expect(offered(search, dateBy(change.date, days))).toHaveLength(8);
});

test.each(CHANGES)('nine o’clock stays nine o’clock around $date in $zone', (change) => {
  const search = searchAround(change, 9, 17);
  const days = [-1, 0, 1].map((by) => offered(search, dateBy(change.date, by)));
  expect(days.map(([first]) => shown(first!))).toEqual(change.nine);
  expect(days.map((slots) => slots.length)).toEqual([16, 16, 16]);
});
