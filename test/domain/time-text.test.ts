import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  formatForHuman,
  parseInstant,
  readDate,
  readInstant,
  readTimeOfDay,
  writeDate,
  writeTimeOfDay,
} from '../../domain/time-text.ts';

const NEW_YORK = 'America/New_York';

describe('reading an instant', () => {
  test('with an offset gives what the platform reads, and needs no zone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2190, 0) }),
        fc.integer({ min: -14 * 60, max: 14 * 60 }),
        (instantMs, offsetMinutes) => {
          const sign = offsetMinutes < 0 ? '-' : '+';
          const offset = `${sign}${writeTimeOfDay(Math.abs(offsetMinutes))}`;
          const wall = new Date(instantMs + offsetMinutes * 60_000).toISOString().slice(0, -1);
          expect(readInstant(`${wall}${offset}`)).toEqual({ kind: 'read', instantMs });
          expect(readInstant(new Date(instantMs).toISOString(), NEW_YORK)).toEqual({
            kind: 'read',
            instantMs,
          });
        },
      ),
    );
  });

  test.each([
    ['2024-01-25T09:00', '2024-01-25T14:00:00Z'],
    ['2024-07-25T09:00:30.5', '2024-07-25T13:00:30.500Z'],
    // Occurs twice: the earlier one is meant.
    ['2024-11-03T01:30', '2024-11-03T05:30:00Z'],
  ])('without an offset is local to the zone: %s', (text, instant) => {
    expect(parseInstant(text, NEW_YORK)).toBe(Date.parse(instant));
  });

  test('refuses a local time that clocks jump over', () => {
    expect(readInstant('2024-03-10T02:30:00', NEW_YORK)).toEqual({
      kind: 'refused',
      code: 'nonexistent_local_time',
    });
    expect(() => parseInstant('2024-03-10T02:00', NEW_YORK)).toThrow(
      expect.objectContaining({ code: 'nonexistent_local_time' }),
    );
    expect(parseInstant('2024-03-10T03:00', NEW_YORK)).toBe(Date.parse('2024-03-10T07:00:00Z'));
  });

  test.each([
    '2024-02-30T10:00:00Z',
    '2023-02-29T10:00:00Z',
    '2024-13-01T10:00:00Z',
    '2024-01-25T24:00:00Z',
    '2024-01-25T10:60:00Z',
    '2024-01-25T10:00:60Z',
    '2024-01-25T10:00:00+24:00',
    '2024-01-25T10:00:00+5',
    '2024-01-25 10:00:00Z',
    '2024-01-25T10:00:00Z[America/New_York]',
    '2024-01-25',
    '0099-01-25T10:00:00Z',
    '+002024-01-25T10:00:00Z',
    '1706184000000',
    'tomorrow',
    '',
    '2024-01-25T10:00:00Z\n',
    '٢٠٢٤-01-25T10:00:00Z',
  ])('refuses %j', (text) => {
    expect(readInstant(text, NEW_YORK)).toEqual({ kind: 'refused', code: 'invalid_time' });
  });

  test('refuses a local time without a zone or with an unknown one', () => {
    for (const zone of [undefined, 'Mars/Olympus', '+01:00']) {
      expect(readInstant('2024-01-25T10:00', zone)).toEqual({
        kind: 'refused',
        code: 'invalid_time',
      });
    }
  });

  test('answers every text without throwing', () => {
    fc.assert(fc.property(fc.string(), (text) => void readInstant(text, text)));
  });
});

describe('dates and times of day', () => {
  test('are written as they are read', () => {
    fc.assert(
      fc.property(fc.integer({ min: -25_000, max: 80_000 }), fc.nat(1439), (day, minute) => {
        expect(readDate(writeDate(day * 86_400_000))).toBe(day * 86_400_000);
        expect(readTimeOfDay(writeTimeOfDay(minute))).toBe(minute);
      }),
    );
  });

  test('end a day at 24:00 but do not begin one', () => {
    expect(readTimeOfDay('24:00', 'end')).toBe(1440);
    expect(readTimeOfDay('24:00')).toBeNull();
  });

  test.each(['9:00', '09:60', '25:00', '09:00:00', ' 09:00', '0900', '24:01'])(
    'refuse the time %j',
    (text) => expect(readTimeOfDay(text, 'end')).toBeNull(),
  );

  test.each(['2024-02-30', '2024-2-3', '20240203', '2024-00-10', '10000-01-01', '2024-01-01T'])(
    'refuse the date %j',
    (text) => expect(readDate(text)).toBeNull(),
  );
});

describe('formatting for people', () => {
  const instantMs = Date.parse('2024-01-25T14:00:00Z');

  test('says the local time, with its zone and plain spaces', () => {
    expect(formatForHuman(instantMs, 'en-US', NEW_YORK)).toBe(
      'Thursday, January 25, 2024 at 9:00 AM EST',
    );
    expect(formatForHuman(instantMs, 'es', 'Europe/Madrid')).toContain('jueves, 25 de enero');
  });

  test.each(['en-US', 'es-MX', 'fr-FR', 'de-DE'])(
    'has no space but the plain one in %s',
    (locale) => {
      expect(formatForHuman(instantMs, locale, NEW_YORK)).not.toMatch(/[^\S ]/);
    },
  );

  test.each(['not a locale', '', 'xx-invalid-locale-name'])('falls back from %j', (locale) => {
    expect(formatForHuman(instantMs, locale, NEW_YORK)).toContain('9:00');
  });
});
