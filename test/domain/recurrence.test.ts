import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { localDateOf, localTimeOf, startOfWallDay } from '../../domain/local-time.ts';
import {
  MAX_OCCURRENCES,
  type Recurrence,
  type Rule,
  expand,
  readRule,
  splitRule,
  writeRule,
} from '../../domain/recurrence.ts';

const DAY_MS = 86_400_000;
const wall = (text: string): number => Date.parse(`${text}Z`);

function ruleOf(text: string, zone = 'UTC'): Rule {
  const read = readRule(text, zone);
  if (read.kind === 'refused') throw new Error(read.message);
  return read.rule;
}

function byRule(text: string, first: string, exDates: readonly string[] = []): Recurrence {
  const excluded = exDates.map((date) => wall(`${date}T00:00`));
  return { kind: 'rule', firstWallMs: wall(first), rule: ruleOf(text), exDates: excluded };
}

function instants(recurrence: Recurrence, zone: string): string[] {
  const expansion = expand(recurrence, zone);
  if (expansion.kind === 'refused') throw new Error(expansion.message);
  return expansion.occurrences.map(({ startMs }) => new Date(startMs).toISOString().slice(0, 16));
}

describe('wall-clock time across changes of the offset', () => {
  test.each([
    // Set forward in March, back in November.
    ['America/New_York', '2026-03-01T10:00', ['2026-03-01T15:00', '2026-03-08T14:00']],
    ['America/New_York', '2026-10-25T10:00', ['2026-10-25T14:00', '2026-11-01T15:00']],
    ['Europe/Berlin', '2026-03-22T10:00', ['2026-03-22T09:00', '2026-03-29T08:00']],
    ['Europe/Berlin', '2026-10-18T10:00', ['2026-10-18T08:00', '2026-10-25T09:00']],
    // The south, the other way round; half an hour; and a zone that keeps its offset.
    ['Australia/Sydney', '2026-03-29T10:00', ['2026-03-28T23:00', '2026-04-05T00:00']],
    ['Australia/Lord_Howe', '2026-03-29T10:00', ['2026-03-28T23:00', '2026-04-04T23:30']],
    ['Asia/Kathmandu', '2026-03-22T10:00', ['2026-03-22T04:15', '2026-03-29T04:15']],
    // 2:30 does not exist on the day itself: as long after the jump as it is after its beginning.
    ['America/New_York', '2026-03-01T02:30', ['2026-03-01T07:30', '2026-03-08T07:30']],
    ['Europe/Berlin', '2026-03-22T02:30', ['2026-03-22T01:30', '2026-03-29T01:30']],
    ['Australia/Lord_Howe', '2026-09-27T02:15', ['2026-09-26T15:45', '2026-10-03T15:45']],
    // 1:30 and 2:30 occur twice: the first one is meant.
    ['America/New_York', '2026-10-25T01:30', ['2026-10-25T05:30', '2026-11-01T05:30']],
    ['Europe/Berlin', '2026-10-18T02:30', ['2026-10-18T00:30', '2026-10-25T00:30']],
  ])('%s, weekly from %s', (zone, first, expected) => {
    expect(instants(byRule('FREQ=WEEKLY;COUNT=2', first), zone)).toEqual(expected);
  });

  test('a jump moves one occurrence and none after it', () => {
    const daily = byRule('FREQ=DAILY;COUNT=3', '2026-03-07T02:30');
    const expansion = expand(daily, 'America/New_York');
    const shown = (expansion.kind === 'expanded' ? expansion.occurrences : []).map(({ startMs }) =>
      localTimeOf('America/New_York', startMs),
    );
    expect(shown).toEqual(['02:30', '03:30', '02:30']);
  });

  test('explicit dates keep it as well, in order and once each', () => {
    const dates = ['2026-11-02', '2026-10-30', '2026-11-02'].map((date) => wall(`${date}T00:00`));
    const recurrence = { kind: 'dates', timeOfDayMs: 9 * 3_600_000, dates } as const;
    expect(instants(recurrence, 'America/New_York')).toEqual([
      '2026-10-30T13:00',
      '2026-11-02T14:00',
    ]);
  });
});

describe('rules', () => {
  test.each([
    ['FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=4', ['01-05', '01-08', '01-19', '01-22']],
    ['RRULE:freq=monthly;byday=2TU;count=3', ['01-13', '02-10', '03-10']],
    ['FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3', ['01-31', '03-31', '05-31']],
    ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2', ['01-30', '02-27']],
    // A day's UNTIL is its whole local day; a local time is the last start; an instant is local too.
    ['FREQ=WEEKLY;UNTIL=20260119', ['01-05', '01-12', '01-19']],
    ['FREQ=WEEKLY;UNTIL=20260119T093000', ['01-05', '01-12', '01-19']],
    ['FREQ=WEEKLY;UNTIL=20260119T092959', ['01-05', '01-12']],
  ])('%s', (text, expected) => {
    const dates = instants(byRule(text, '2026-01-05T09:30'), 'UTC').map((at) => at.slice(5, 10));
    expect(dates).toEqual(expected);
  });

  test('an UNTIL with Z is an instant, wherever the series is', () => {
    const zone = 'Pacific/Auckland';
    const at = (until: string) => {
      const rule = ruleOf(`FREQ=DAILY;UNTIL=${until}`, zone);
      const firstWallMs = wall('2026-01-05T09:00');
      return instants({ kind: 'rule', firstWallMs, rule, exDates: [] }, zone).length;
    };
    // 9:00 in Auckland is 20:00 UTC on the day before.
    expect([at('20260106T195959Z'), at('20260106T200000Z')]).toEqual([2, 3]);
  });

  test('excluded dates are left out, and count', () => {
    const recurrence = byRule('FREQ=WEEKLY;COUNT=4', '2026-01-05T09:30', ['2026-01-12']);
    const dates = instants(recurrence, 'UTC').map((at) => at.slice(5, 10));
    expect(dates).toEqual(['01-05', '01-19', '01-26']);
  });

  test.each([
    ['', 'not supported'],
    ['FREQ=WEEKLY', 'needs an end'],
    ['COUNT=3', 'needs a FREQ'],
    ['FREQ=HOURLY;COUNT=3', 'FREQ'],
    ['FREQ=WEEKLY;BYHOUR=3;COUNT=3', 'not supported'],
    ['FREQ=WEEKLY;COUNT=3;UNTIL=20260101', 'both'],
    ['FREQ=WEEKLY;COUNT=3;COUNT=4', 'twice'],
    ['FREQ=WEEKLY;COUNT=0', 'COUNT'],
    [`FREQ=WEEKLY;COUNT=${MAX_OCCURRENCES + 1}`, 'COUNT'],
    ['FREQ=WEEKLY;INTERVAL=0;COUNT=3', 'INTERVAL'],
    ['FREQ=DAILY;INTERVAL=999999999;COUNT=3', 'INTERVAL'],
    ['FREQ=WEEKLY;BYDAY=XX;COUNT=3', 'BYDAY'],
    ['FREQ=MONTHLY;BYMONTHDAY=32;COUNT=3', 'BYMONTHDAY'],
    ['FREQ=WEEKLY;UNTIL=20260231', 'UNTIL'],
    ['FREQ=WEEKLY;__proto__=1;COUNT=3', 'not supported'],
    ['FREQ=WEEKLY;toString=1;COUNT=3', 'not supported'],
  ])('%j is refused', (text, message) => {
    expect(readRule(text, 'UTC')).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(message),
    });
  });

  test.each([
    ['FREQ=DAILY;UNTIL=20270101', 'more than'],
    ['FREQ=YEARLY;COUNT=5', 'two years'],
    ['FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31;COUNT=3', 'never'],
    ['FREQ=WEEKLY;BYDAY=2MO;COUNT=3', 'never'],
    ['FREQ=WEEKLY;UNTIL=20200101', 'no occurrence'],
  ])('%s can be read, but not held', (text, message) => {
    expect(expand(byRule(text, '2026-01-05T09:30'), 'UTC')).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(message),
    });
  });
});

const ZONES = ['America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Kathmandu'];
const DAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

/** Every day is asked whether it belongs to the series: slow and obvious. */
function obviously(firstWallMs: number, interval: number, days: readonly number[], count: number) {
  const monday = (dayMs: number): number =>
    dayMs - ((new Date(dayMs).getUTCDay() + 6) % 7) * DAY_MS;
  const walls: number[] = [];
  for (let wallMs = firstWallMs; walls.length < count; wallMs += DAY_MS) {
    const weeks =
      (monday(startOfWallDay(wallMs)) - monday(startOfWallDay(firstWallMs))) / (7 * DAY_MS);
    const isDay = days.includes(new Date(wallMs).getUTCDay());
    if (isDay && weeks % interval === 0) walls.push(wallMs);
  }
  return walls;
}

const weekly = fc.record({
  zone: fc.constantFrom(...ZONES),
  firstWallMs: fc
    .tuple(fc.integer({ min: 0, max: 800 }), fc.integer({ min: 0, max: 95 }))
    .map(([day, quarter]) => wall('2025-01-01T00:00') + day * DAY_MS + quarter * 900_000),
  interval: fc.integer({ min: 1, max: 3 }),
  days: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }),
  count: fc.integer({ min: 1, max: 30 }),
});

const textOf = ({ interval, days, count }: { interval: number; days: number[]; count: number }) =>
  `FREQ=WEEKLY;INTERVAL=${interval};BYDAY=${days.map((day) => DAYS[day]).join(',')};COUNT=${count}`;

test('weekly rules are what a walk over all days finds, at one time of the day', () => {
  fc.assert(
    fc.property(weekly, (wish) => {
      const rule = ruleOf(textOf(wish));
      const { firstWallMs, zone } = wish;
      const expansion = expand({ kind: 'rule', firstWallMs, rule, exDates: [] }, zone);
      const occurrences = expansion.kind === 'expanded' ? expansion.occurrences : [];
      const expected = obviously(firstWallMs, wish.interval, wish.days, wish.count);
      expect(occurrences.map(({ wallMs }) => wallMs)).toEqual(expected);
      for (const { startMs, wallMs } of occurrences) {
        expect(localDateOf(zone, startMs)).toBe(new Date(wallMs).toISOString().slice(0, 10));
      }
      const starts = occurrences.map(({ startMs }) => startMs);
      expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    }),
  );
});

test('a series that is cut anywhere gives two that are the whole, and both can be written', () => {
  fc.assert(
    fc.property(weekly, fc.nat(), fc.boolean(), (wish, cut, isUntil) => {
      const { firstWallMs, zone } = wish;
      const counted = ruleOf(textOf(wish));
      const whole = wallsOf(counted, firstWallMs, zone);
      if (whole.length < 2) return;
      const end = { kind: 'until', wallMs: whole.at(-1)! + 3_600_000 } as const;
      const rule: Rule = isUntil ? { ...counted, end } : counted;
      const at = whole[1 + (cut % (whole.length - 1))]!;
      const { before, after } = splitRule(rule, firstWallMs, at);
      const [first, second] = [before, after].map((each) => ruleOf(writeRule(each)));
      const parts = [...wallsOf(first!, firstWallMs, zone), ...wallsOf(second!, at, zone)];
      expect(parts).toEqual(whole);
    }),
  );
});

function wallsOf(rule: Rule, firstWallMs: number, zone: string): number[] {
  const expansion = expand({ kind: 'rule', firstWallMs, rule, exDates: [] }, zone);
  return expansion.kind === 'expanded' ? expansion.occurrences.map(({ wallMs }) => wallMs) : [];
}
