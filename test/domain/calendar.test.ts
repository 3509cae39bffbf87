import { describe, expect, test } from '@jest/globals';
import {
  calendarStatusOf,
  feedIcs,
  googleCalendarUrl,
  isOwnUid,
  sessionIcs,
} from '../../domain/calendar.ts';
import type { CalendarEntry } from '../../domain/calendar.ts';
import { SESSION_STATUSES } from '../../domain/session.ts';

const ENTRY: CalendarEntry = {
  sessionId: '01890a5d-ac96-774b-bcce-b302099a8057',
  sequence: 3,
  status: 'confirmed',
  startsAt: Date.parse('2024-01-25T14:00:00Z'),
  endsAt: Date.parse('2024-01-25T14:50:00Z'),
  link: 'https://clinic.example/sessions/1',
  now: Date.parse('2024-01-20T10:00:00Z'),
};

const ORGANIZER = 'care@clinic.example';
const TO_DOWNLOAD = { by: 'download' } as const;
const TO_MAIL = { by: 'mail', to: 'ada@home.example' } as const;

function fields(ics: string): string[] {
  expect(ics.endsWith('END:VCALENDAR\r\n')).toBe(true);
  expect(ics.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  return ics.trimEnd().split('\r\n');
}

describe('a calendar file', () => {
  test('says when, and nothing about whom or why', () => {
    expect(fields(sessionIcs(ENTRY, ORGANIZER, TO_DOWNLOAD))).toEqual([
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'PRODID:-//Holdfast//Sessions//EN',
      'METHOD:PUBLISH',
      'BEGIN:VEVENT',
      'UID:01890a5d-ac96-774b-bcce-b302099a8057@holdfast',
      'SEQUENCE:3',
      'DTSTAMP:20240120T100000Z',
      'DTSTART:20240125T140000Z',
      'DTEND:20240125T145000Z',
      'SUMMARY:Appointment',
      'TRANSP:OPAQUE',
      'ORGANIZER;CN="Appointments":mailto:care@clinic.example',
      'URL;VALUE=URI:https://clinic.example/sessions/1',
      'STATUS:CONFIRMED',
      'CLASS:PRIVATE',
      'END:VEVENT',
      'END:VCALENDAR',
    ]);
  });

  test('of a cancelled session takes the entry back under the same id', () => {
    const lines = fields(
      sessionIcs({ ...ENTRY, status: 'cancelled', sequence: 4 }, ORGANIZER, TO_MAIL),
    );
    expect(lines).toEqual(
      expect.arrayContaining([
        'METHOD:CANCEL',
        'STATUS:CANCELLED',
        'SEQUENCE:4',
        'UID:01890a5d-ac96-774b-bcce-b302099a8057@holdfast',
      ]),
    );
  });

  test('is the same for the same input', () => {
    const twice = [1, 2].map(() => sessionIcs(ENTRY, ORGANIZER, TO_MAIL));
    expect(twice[0]).toBe(twice[1]);
  });
});

test('the calendar link carries the same bare entry', () => {
  const url = new URL(googleCalendarUrl(ENTRY));
  expect(`${url.origin}${url.pathname}`).toBe('https://calendar.google.com/calendar/render');
  expect(Object.fromEntries(url.searchParams)).toEqual({
    action: 'TEMPLATE',
    text: 'Appointment',
    dates: '20240125T140000Z/20240125T145000Z',
    details: 'https://clinic.example/sessions/1',
  });
});

test('a mailed file is a request to the one person it is for, who need not answer', () => {
  const text = sessionIcs(ENTRY, ORGANIZER, TO_MAIL).replaceAll('\r\n ', '');
  expect(text).toContain('METHOD:REQUEST');
  expect(text.match(/^ATTENDEE.*$/gm)).toEqual([
    'ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE:MAILTO:ada@home.example',
  ]);
});

test('a feed without entries is a calendar too', () => {
  expect(fields(feedIcs([], ORGANIZER))).toEqual(
    expect.arrayContaining(['METHOD:PUBLISH', 'X-WR-CALNAME:Appointments']),
  );
});

test('every status of a session has its place in calendars', () => {
  const by = (wanted: string): string[] =>
    SESSION_STATUSES.filter((status) => calendarStatusOf(status) === wanted);
  expect(by('confirmed')).toEqual(['confirmed', 'in_progress', 'completed', 'no_show']);
  expect(by('tentative')).toEqual(['planned', 'held', 'requested', 'awaiting_payment']);
  expect(by('cancelled')).toEqual(['declined', 'expired', 'cancelled']);
});

test.each([
  ['01890a5d-ac96-774b-bcce-b302099a8057@holdfast', true],
  ['01890a5d-ac96-774b-bcce-b302099a8057@holdfast.example', false],
  ['lunch@holdfast', false],
  ['', false],
])('%s is an entry of ours: %s', (uid, isOwn) => {
  expect(isOwnUid(uid)).toBe(isOwn);
});
