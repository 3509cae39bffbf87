import { describe, expect, test } from '@jest/globals';
import { googleCalendarUrl, sessionIcs } from '../../domain/calendar.ts';
import type { CalendarEntry } from '../../domain/calendar.ts';

const ENTRY: CalendarEntry = {
  sessionId: '01890a5d-ac96-774b-bcce-b302099a8057',
  sequence: 3,
  status: 'confirmed',
  startsAt: Date.parse('2024-01-25T14:00:00Z'),
  endsAt: Date.parse('2024-01-25T14:50:00Z'),
  link: 'https://clinic.example/sessions/1',
  now: Date.parse('2024-01-20T10:00:00Z'),
};

function fields(ics: string): string[] {
  expect(ics.endsWith('END:VCALENDAR\r\n')).toBe(true);
  expect(ics.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  return ics.trimEnd().split('\r\n');
}

describe('a calendar file', () => {
  test('says when, and nothing about whom or why', () => {
    expect(fields(sessionIcs(ENTRY))).toEqual([
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'PRODID:-//Holdfast//Sessions//EN',
      'METHOD:REQUEST',
      'BEGIN:VEVENT',
      'UID:01890a5d-ac96-774b-bcce-b302099a8057@holdfast',
      'SEQUENCE:3',
      'DTSTAMP:20240120T100000Z',
      'DTSTART:20240125T140000Z',
      'DTEND:20240125T145000Z',
      'SUMMARY:Appointment',
      'URL;VALUE=URI:https://clinic.example/sessions/1',
      'STATUS:CONFIRMED',
      'END:VEVENT',
      'END:VCALENDAR',
    ]);
  });

  test('of a cancelled session takes the entry back under the same id', () => {
    const lines = fields(sessionIcs({ ...ENTRY, status: 'cancelled', sequence: 4 }));
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
    expect(sessionIcs(ENTRY)).toBe(sessionIcs(ENTRY));
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
