import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import ICAL from 'ical.js';
import { createBusyReader } from '../../../activities/calendars/busy-reader.ts';
import { busyTimesOf } from '../../../activities/calendars/busy-times.ts';
import type { BusyAnswer } from '../../../activities/calendars/busy-times.ts';
import { normalise } from '../../../domain/intervals.ts';
import type { Interval } from '../../../domain/intervals.ts';

const WINDOW = { startMs: Date.parse('2026-01-01Z'), endMs: Date.parse('2027-01-01Z') };
const BERLIN = `BEGIN:VTIMEZONE
TZID:Custom/Berlin
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE`;

function calendar(...parts: readonly string[]): string {
  const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', ...parts, 'END:VCALENDAR', ''];
  return lines.join('\n').replaceAll(/\r?\n/g, '\r\n');
}

let uid = 0;
function event(...lines: readonly string[]): string {
  const own = lines.some((line) => line.startsWith('UID:')) ? [] : [`UID:${(uid += 1)}@a.test`];
  return ['BEGIN:VEVENT', ...own, 'DTSTAMP:20260101T000000Z', ...lines, 'END:VEVENT'].join('\n');
}

function read(text: string, zone = 'America/New_York', window = WINDOW): BusyAnswer {
  return busyTimesOf({ text, zone, window });
}

/** `2026-03-01T10:00Z/2026-03-01T11:00Z` */
function busy(text: string, zone?: string): string[] {
  const answer = read(text, zone);
  if (answer.kind !== 'busy') throw new Error(answer.kind);
  expect(answer.skippedEvents).toBe(0);
  const at = (ms: number): string => new Date(ms).toISOString().replace(':00.000Z', 'Z');
  return answer.busy.map(({ startMs, endMs }) => `${at(startMs)}/${at(endMs)}`);
}

const SECRET = 'Chemotherapy with Dr. Quill';

describe('what counts as busy', () => {
  test.each([
    [
      'UTC, and merges what overlaps or touches',
      [
        ['DTSTART:20260301T100000Z', 'DTEND:20260301T110000Z', `SUMMARY:${SECRET}`],
        ['DTSTART:20260301T103000Z', 'DURATION:PT1H'],
        ['DTSTART:20260301T113000Z', 'DURATION:PT15M'],
      ],
      ['2026-03-01T10:00Z/2026-03-01T11:45Z'],
    ],
    [
      'floating times by the person’s own clock',
      [['DTSTART:20260301T100000', 'DTEND:20260301T110000']],
      ['2026-03-01T15:00Z/2026-03-01T16:00Z'],
    ],
    [
      'zones that the file describes, and IANA zones that it does not',
      [
        ['DTSTART;TZID=Custom/Berlin:20260701T100000', 'DURATION:PT1H'],
        ['DTSTART;TZID=Asia/Kathmandu:20260702T100000', 'DURATION:PT1H'],
        ['DTSTART;TZID=Nowhere/At All:20260703T100000', 'DURATION:PT1H'],
      ],
      [
        '2026-07-01T08:00Z/2026-07-01T09:00Z',
        '2026-07-02T04:15Z/2026-07-02T05:15Z',
        '2026-07-03T14:00Z/2026-07-03T15:00Z',
      ],
    ],
    [
      'whole days by the person’s calendar, also the short one',
      [
        ['DTSTART;VALUE=DATE:20260308'],
        ['DTSTART;VALUE=DATE:20260401', 'DTEND;VALUE=DATE:20260403'],
      ],
      ['2026-03-08T05:00Z/2026-03-09T04:00Z', '2026-04-01T04:00Z/2026-04-03T04:00Z'],
    ],
    [
      'neither the transparent, nor the cancelled, nor the empty, nor our own',
      [
        ['DTSTART:20260301T100000Z', 'DURATION:PT1H', 'TRANSP:TRANSPARENT'],
        ['DTSTART:20260301T100000Z', 'DURATION:PT1H', 'STATUS:CANCELLED'],
        ['DTSTART:20260301T100000Z', 'DURATION:PT1H', 'STATUS:cancelled'],
        ['DTSTART:20260301T100000Z'],
        ['DTSTART:20260301T100000Z', 'DTEND:20260301T090000Z'],
        [
          'UID:01890a5d-ac96-774b-bcce-b302099a8057@holdfast',
          'DTSTART:20260301T100000Z',
          'DURATION:PT1H',
        ],
      ],
      [],
    ],
    [
      'the tentative, and what reaches into the window',
      [
        ['DTSTART:20260301T100000Z', 'DURATION:PT1H', 'STATUS:TENTATIVE'],
        ['DTSTART:20251231T230000Z', 'DTEND:20260101T010000Z'],
        ['DTSTART:20261231T230000Z', 'DTEND:20270108T010000Z'],
      ],
      [
        '2026-01-01T00:00Z/2026-01-01T01:00Z',
        '2026-03-01T10:00Z/2026-03-01T11:00Z',
        '2026-12-31T23:00Z/2027-01-01T00:00Z',
      ],
    ],
  ])('%s', (_what, events, expected) => {
    expect(busy(calendar(BERLIN, ...events.map((lines) => event(...lines))))).toEqual(expected);
  });

  test('free/busy parts, but for what they call free', () => {
    const text = calendar(`BEGIN:VFREEBUSY
UID:1
FREEBUSY:20260301T100000Z/20260301T110000Z,20260302T100000Z/PT30M
FREEBUSY;FBTYPE=FREE:20260303T100000Z/PT1H
FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260304T100000Z/PT1H
END:VFREEBUSY`);
    expect(busy(text)).toEqual([
      '2026-03-01T10:00Z/2026-03-01T11:00Z',
      '2026-03-02T10:00Z/2026-03-02T10:30Z',
      '2026-03-04T10:00Z/2026-03-04T11:00Z',
    ]);
  });
});

describe('recurrence', () => {
  test.each(['Custom/Berlin', 'Europe/Berlin'])('keeps the clock of %s', (zone) => {
    const weekly = ['RRULE:FREQ=WEEKLY;COUNT=3', 'DURATION:PT1H'];
    const text = calendar(BERLIN, event(`DTSTART;TZID=${zone}:20260320T090000`, ...weekly));
    expect(busy(text)).toEqual([
      '2026-03-20T08:00Z/2026-03-20T09:00Z',
      '2026-03-27T08:00Z/2026-03-27T09:00Z',
      '2026-04-03T07:00Z/2026-04-03T08:00Z',
    ]);
  });

  test('leaves out what is excluded, by instant, by date, and in any order', () => {
    const text = calendar(
      event(
        'DTSTART:20260302T100000Z',
        'DURATION:PT1H',
        'RRULE:FREQ=DAILY;COUNT=6',
        'EXDATE:20260303T110000Z,20260304T100000Z',
        'EXDATE;VALUE=DATE:20260306',
        'EXDATE;TZID=America/New_York:20260302T050000',
      ),
    );
    expect(busy(text).map((stretch) => stretch.slice(0, 10))).toEqual([
      '2026-03-03',
      '2026-03-05',
      '2026-03-07',
    ]);
  });

  test('follows single occurrences that were moved, freed or called off', () => {
    const daily = ['UID:series', 'DTSTART;TZID=Europe/Berlin:20260302T100000', 'DURATION:PT1H'];
    const text = calendar(
      event(
        'UID:series',
        'RECURRENCE-ID:20260303T090000Z',
        'DTSTART:20260310T200000Z',
        'DURATION:PT2H',
      ),
      event(...daily, 'RRULE:FREQ=DAILY;COUNT=5'),
      event(
        'UID:series',
        'RECURRENCE-ID;TZID=Europe/Berlin:20260304T100000',
        'DTSTART:20260304T090000Z',
        'DURATION:PT1H',
        'STATUS:CANCELLED',
      ),
      event(
        'UID:series',
        'RECURRENCE-ID:20260305T090000Z',
        'DTSTART:20260305T090000Z',
        'DURATION:PT1H',
        'TRANSP:TRANSPARENT',
      ),
      event(
        'UID:orphan',
        'RECURRENCE-ID:20260401T090000Z',
        'DTSTART:20260401T100000Z',
        'DURATION:PT1H',
      ),
    );
    expect(busy(text)).toEqual([
      '2026-03-02T09:00Z/2026-03-02T10:00Z',
      '2026-03-06T09:00Z/2026-03-06T10:00Z',
      '2026-03-10T20:00Z/2026-03-10T22:00Z',
      '2026-04-01T10:00Z/2026-04-01T11:00Z',
    ]);
  });

  test('expands what ical.js expands', () => {
    const rules = fc.record({
      freq: fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY'),
      interval: fc.integer({ min: 1, max: 4 }),
      count: fc.integer({ min: 1, max: 30 }),
      days: fc.subarray(['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']),
      startS: fc.integer({ min: WINDOW.startMs / 60_000, max: WINDOW.startMs / 60_000 + 200_000 }),
      minutes: fc.integer({ min: 1, max: 3_000 }),
    });
    fc.assert(
      fc.property(fc.array(rules, { maxLength: 5 }), (series) => {
        const events = series.map(({ freq, interval, count, days, startS, minutes }) => {
          const start = new Date(startS * 60_000).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
          const by = days.length > 0 && freq === 'WEEKLY' ? `;BYDAY=${days.join(',')}` : '';
          const rule = `RRULE:FREQ=${freq};INTERVAL=${interval};COUNT=${count}${by}`;
          return event(`DTSTART:${start}`, `DURATION:PT${minutes}M`, rule);
        });
        const text = calendar(...events);
        expect(read(text)).toMatchObject({ kind: 'busy', busy: expandedBy(text) });
      }),
      { numRuns: 60 },
    );
  });

  function expandedBy(text: string): Interval[] {
    const parts = new ICAL.Component(ICAL.parse(text)).getAllSubcomponents('vevent');
    const all = parts.flatMap((part) => {
      const each = new ICAL.Event(part);
      const times = each.iterator();
      const found: Interval[] = [];
      for (let at = times.next(); at; at = times.next()) {
        const { startDate, endDate } = each.getOccurrenceDetails(at);
        const startMs = Math.max(startDate.toUnixTime() * 1000, WINDOW.startMs);
        found.push({ startMs, endMs: Math.min(endDate.toUnixTime() * 1000, WINDOW.endMs) });
      }
      return found;
    });
    return normalise(all);
  }
});

describe('files that are none', () => {
  test.each([
    ['nothing', ''],
    ['a page', '<!doctype html><html><body>Sign in</body></html>'],
    ['a card', 'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nEND:VCARD\r\n'],
    ['half a calendar', calendar(event('DTSTART:20260301T100000Z')).slice(0, -20)],
    ['bytes', '\u0000\u0001\uFFFD'],
    ['JSON', '{"events":[]}'],
  ])('%s', (_what, text) => {
    expect(read(text)).toEqual({ kind: 'not_a_calendar' });
  });

  test('an entry that makes no sense is counted, and the others stand', () => {
    const text = calendar(
      event('SUMMARY:no time'),
      event('DTSTART:gibberish', 'DURATION:PT1H'),
      event('DTSTART:20260301T100000Z', 'DURATION:PT1H'),
    );
    expect(read(text)).toMatchObject({ kind: 'busy', skippedEvents: 2, busy: [expect.anything()] });
  });

  test('never throws, whatever the file says', () => {
    const lines = fc.constantFrom(
      'BEGIN:VEVENT',
      'END:VEVENT',
      'DTSTART:20260301T100000Z',
      'DTSTART;TZID=Nowhere:20269901T250000',
      'DTEND;VALUE=DATE:20260301',
      'RRULE:FREQ=DAILY;COUNT=3',
      'RRULE:FREQ=;COUNT=x',
      'EXDATE:20260301',
      'RECURRENCE-ID:',
      'DURATION:-P1D',
      'DURATION:PPP',
      'BEGIN:VTIMEZONE',
      'END:VTIMEZONE',
      'FREEBUSY:20260301T100000Z/x',
      'TZID:Nowhere',
      'STATUS;X="',
    );
    fc.assert(
      fc.property(fc.array(lines, { maxLength: 12 }), (body) => {
        expect(['busy', 'not_a_calendar']).toContain(read(calendar(...body)).kind);
      }),
      { numRuns: 300 },
    );
  });
});

describe('in a thread of its own', () => {
  const window = WINDOW;
  const zone = 'UTC';

  test('a calendar is read as without one', async () => {
    const text = calendar(event('DTSTART:20260301T100000Z', 'DURATION:PT1H'));
    const question = { text, zone, window };
    expect(await createBusyReader()(question)).toEqual(busyTimesOf(question));
  });

  test.each(['FREQ=SECONDLY', 'FREQ=MINUTELY', 'FREQ=DAILY'])(
    'occurrences without measure hold nobody up: %s',
    async (rule) => {
      const series = event('DTSTART:00010101T000000Z', `RRULE:${rule}`, 'DURATION:PT1S');
      const text = calendar(...Array.from({ length: 100 }, () => series));
      const answer = await createBusyReader()({ text, zone, window });
      expect(answer).toEqual({ kind: 'too_complex' });
    },
  );

  test('time and memory have an end, and the next file its turn', async () => {
    const readNext = createBusyReader({ timeoutMs: 500, memoryMb: 64 });
    const endless = `BEGIN:VTIMEZONE
TZID:Endless
BEGIN:STANDARD
DTSTART:19000101T000000
RRULE:FREQ=SECONDLY
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE`;
    const text = calendar(endless, event('DTSTART;TZID=Endless:20260301T100000', 'DURATION:PT1H'));
    expect(await readNext({ text, zone, window })).toEqual({ kind: 'too_complex' });
    const events = Array.from({ length: 60_000 }, () =>
      event('DTSTART:20260301T100000Z', 'DURATION:PT1H'),
    );
    const large = await createBusyReader({ timeoutMs: 30_000, memoryMb: 16 })({
      text: calendar(...events),
      zone,
      window,
    });
    expect(large).toEqual({ kind: 'too_complex' });
  }, 120_000);
});
