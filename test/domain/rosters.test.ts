import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { gapsBetween, shiftsBetween } from '../../domain/rosters.ts';
import type { Override, Roster, Rotation } from '../../domain/rosters.ts';
import { HOUR_MS, zonedInstantArbitrary } from './support/times.ts';

const DAY_MS = 24 * HOUR_MS;
const PEOPLE = ['ann', 'bob', 'cem', 'dee', 'eva'];
const at = (text: string): number => Date.parse(text);

/** The hand-over's reading, found by the time library; where clocks skip it, when they jump. */
function handOver(zone: string, reading: Temporal.PlainDateTime): number {
  const found = reading.toZonedDateTime(zone, { disambiguation: 'earlier' });
  if (found.toPlainDateTime().equals(reading)) return found.epochMilliseconds;
  return found.getTimeZoneTransition('next')!.epochMilliseconds;
}

/** Walks from the very first shift to the instant. */
function turnBySlowWalk(rotation: Rotation, instantMs: number): string | null {
  const { zone, startsOn, endsOn, handOverMinute, shiftMinutes, people } = rotation;
  const readingOn = (date: string): Temporal.PlainDateTime =>
    Temporal.PlainDateTime.from(`${date}T00:00`).add({ minutes: handOverMinute });
  if (endsOn !== null && instantMs >= handOver(zone, readingOn(endsOn))) return null;
  let reading = readingOn(startsOn);
  let person: string | null = null;
  for (let turn = 0; handOver(zone, reading) <= instantMs; turn += 1) {
    person = people[turn % people.length] ?? null;
    reading = reading.add({ minutes: shiftMinutes });
  }
  return person;
}

function onCallBySlowWalk({ rotations, overrides }: Roster, instantMs: number): string[] {
  const on = overrides.filter(({ startMs, endMs }) => startMs <= instantMs && instantMs < endMs);
  const turns = rotations.map((rotation) => turnBySlowWalk(rotation, instantMs));
  const found = turns.map((turn) =>
    turn === null
      ? null
      : on.reduce(
          (person, { personId, insteadOf }) =>
            (insteadOf ?? person) === person ? personId : person,
          turn,
        ),
  );
  if (turns.every((turn) => turn === null)) {
    // Where nobody is on, whoever stands in for anybody is.
    found.push(
      on.reduce<string | null>(
        (person, { personId, insteadOf }) =>
          insteadOf === null || insteadOf === person ? personId : person,
        null,
      ),
    );
  }
  return [...new Set(found.filter((person) => person !== null))];
}

const peopleArbitrary = fc.array(fc.constantFrom(...PEOPLE), { minLength: 1, maxLength: 4 });

/** A roster, and an instant that lies near a change of clocks every other time. */
const caseArbitrary = fc
  .record({
    zoned: zonedInstantArbitrary,
    rotations: fc.array(
      fc.record({
        people: peopleArbitrary,
        shiftMinutes: fc.oneof(
          fc.constantFrom(30, 60, 480, 720, 1440, 10_080),
          fc.integer({ min: 30, max: 3_000 }),
        ),
        handOverMinute: fc.oneof(fc.constantFrom(0, 30, 90, 120, 150, 180), fc.nat(1439)),
        daysBefore: fc.integer({ min: -2, max: 6 }),
        days: fc.option(fc.integer({ min: 1, max: 14 })),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    overrides: fc.array(
      fc.record({
        personId: fc.constantFrom(...PEOPLE),
        insteadOf: fc.option(fc.constantFrom(...PEOPLE)),
        fromHours: fc.integer({ min: -40, max: 40 }),
        hours: fc.integer({ min: 1, max: 60 }),
      }),
      { maxLength: 4 },
    ),
  })
  .map(({ zoned: { zone, instantMs }, rotations, overrides }) => {
    const dateOf = (ms: number): string =>
      Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO('UTC').toPlainDate().toString();
    const roster: Roster = {
      rotations: rotations.map(({ daysBefore, days, ...rest }) => {
        const startsMs = instantMs - daysBefore * DAY_MS;
        const endsOn = days === null ? null : dateOf(startsMs + days * DAY_MS);
        return { ...rest, zone, startsOn: dateOf(startsMs), endsOn };
      }),
      overrides: overrides.map(({ personId, insteadOf, fromHours, hours }, index): Override => {
        const startMs = instantMs + fromHours * HOUR_MS;
        return {
          id: `o${index}`,
          personId,
          insteadOf,
          startMs,
          endMs: startMs + hours * HOUR_MS,
        };
      }),
    };
    return { roster, instantMs };
  });

describe('who is on call', () => {
  test('is whom a walk from the first shift finds, at every instant', () => {
    fc.assert(
      fc.property(caseArbitrary, ({ roster, instantMs }) => {
        for (let by = -36; by <= 36; by += 10.25) {
          const probeMs = instantMs + by * HOUR_MS;
          const on = shiftsBetween(roster, probeMs, probeMs + 1).map(({ personId }) => personId);
          expect([...new Set(on)]).toEqual(onCallBySlowWalk(roster, probeMs));
        }
      }),
      { numRuns: 150 },
    );
  });

  test('is the same in every stretch that shows it: shifts are whole, and tile the time', () => {
    fc.assert(
      fc.property(caseArbitrary, fc.nat(72), ({ roster, instantMs }, hours) => {
        const wide = shiftsBetween(roster, instantMs - 3 * DAY_MS, instantMs + 3 * DAY_MS);
        const [fromMs, toMs] = [instantMs - HOUR_MS, instantMs + hours * HOUR_MS];
        const narrow = shiftsBetween(roster, fromMs, toMs);
        expect(narrow).toEqual(
          wide.filter(({ startMs, endMs }) => startMs < toMs && fromMs < endMs),
        );
        for (const [index] of roster.rotations.entries()) {
          const own = wide.filter(({ rotation }) => rotation === index);
          own.slice(1).forEach(({ startMs }, before) => expect(startMs).toBe(own[before]?.endMs));
          for (const { startMs, endMs } of own) expect(startMs).toBeLessThan(endMs);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('is who stands in for anybody, also where nobody would be on', () => {
    const rotation = {
      people: ['ann'],
      shiftMinutes: 1440,
      handOverMinute: 0,
      zone: 'UTC',
      startsOn: '2026-12-01',
      endsOn: '2026-12-24',
    };
    const [startMs, endMs] = [at('2026-12-23T12:00Z'), at('2026-12-27T00:00Z')];
    const override = { id: 'o', personId: 'bob', insteadOf: null, startMs, endMs };
    const roster: Roster = { rotations: [rotation], overrides: [override] };
    const [from, to] = [at('2026-12-23T00:00Z'), at('2026-12-28T00:00Z')];
    const holidays = at('2026-12-24T00:00Z');
    expect(shiftsBetween(roster, from, to).slice(1)).toEqual([
      {
        rotation: 0,
        personId: 'bob',
        startMs,
        endMs: holidays,
        override: { id: 'o', insteadOf: 'ann' },
      },
      {
        rotation: null,
        personId: 'bob',
        startMs: holidays,
        endMs,
        override: { id: 'o', insteadOf: null },
      },
    ]);
    expect(gapsBetween(roster, from, to)).toEqual([{ startMs: endMs, endMs: to }]);
  });

  test('leaves as gaps just the instants at which nobody is on', () => {
    fc.assert(
      fc.property(caseArbitrary, ({ roster, instantMs }) => {
        const gaps = gapsBetween(roster, instantMs - 2 * DAY_MS, instantMs + 2 * DAY_MS);
        for (let by = -47; by < 48; by += 13.5) {
          const probeMs = instantMs + by * HOUR_MS;
          const isGap = gaps.some(({ startMs, endMs }) => startMs <= probeMs && probeMs < endMs);
          expect(isGap).toBe(onCallBySlowWalk(roster, probeMs).length === 0);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('a hand-over', () => {
  const rotation: Rotation = {
    people: ['ann', 'bob'],
    shiftMinutes: 1_440,
    handOverMinute: 150,
    zone: 'America/New_York',
    startsOn: '2026-03-06',
    endsOn: null,
  };
  const starts = (roster: Roster, from: string, to: string): [string, string][] =>
    shiftsBetween(roster, at(from), at(to)).map(({ startMs, personId }) => [
      new Date(startMs).toISOString().slice(0, 16),
      personId,
    ]);

  test('that clocks skip happens when they jump, and the next at its usual time', () => {
    const roster = { rotations: [rotation], overrides: [] };
    expect(starts(roster, '2026-03-07T08:00Z', '2026-03-09T08:00Z')).toEqual([
      ['2026-03-07T07:30', 'bob'],
      ['2026-03-08T07:00', 'ann'],
      ['2026-03-09T06:30', 'bob'],
    ]);
  });

  test('that clocks show twice happens once, the first time', () => {
    const roster = { rotations: [{ ...rotation, handOverMinute: 90 }], overrides: [] };
    expect(starts(roster, '2026-10-31T06:00Z', '2026-11-02T08:00Z')).toEqual([
      ['2026-10-31T05:30', 'bob'],
      ['2026-11-01T05:30', 'ann'],
      ['2026-11-02T06:30', 'bob'],
    ]);
  });

  test('says whose turn it was where a stand-in is replaced in turn', () => {
    const when = { startMs: at('2026-03-06T12:00Z'), endMs: at('2026-03-06T18:00Z') };
    const overrides = [
      { id: 'first', personId: 'cem', insteadOf: 'ann', ...when },
      { id: 'second', personId: 'dee', insteadOf: 'cem', ...when },
      { id: 'elsewhere', personId: 'eva', insteadOf: 'bob', ...when },
    ];
    const shifts = shiftsBetween({ rotations: [rotation], overrides }, when.startMs, when.endMs);
    expect(shifts).toEqual([
      { ...when, rotation: 0, personId: 'dee', override: { id: 'second', insteadOf: 'ann' } },
    ]);
  });
});
