import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  contains,
  covers,
  firstEndingAfter,
  intersect,
  normalise,
  overlaps,
  overlapsAny,
  subtract,
} from '../../domain/intervals.ts';
import type { Interval } from '../../domain/intervals.ts';

const SPAN = 40;

const intervalArbitrary = fc
  .tuple(fc.integer({ min: 0, max: SPAN }), fc.integer({ min: -2, max: 12 }))
  .map(([startMs, length]) => ({ startMs, endMs: Math.min(startMs + length, SPAN) }));
const listArbitrary = fc.array(intervalArbitrary, { maxLength: 12 });

/** The slow, obvious form: one boolean for each instant. */
function instants(intervals: readonly Interval[]): boolean[] {
  return Array.from({ length: SPAN }, (_, at) =>
    intervals.some(({ startMs, endMs }) => startMs <= at && at < endMs),
  );
}

function isNormal(intervals: readonly Interval[]): boolean {
  return intervals.every(
    ({ startMs, endMs }, i) =>
      startMs < endMs && (i === 0 || (intervals[i - 1] as Interval).endMs < startMs),
  );
}

describe('lists of intervals', () => {
  test('are the same instants after normalising, in normal form', () => {
    fc.assert(
      fc.property(listArbitrary, (list) => {
        const normal = normalise(list);
        expect(isNormal(normal)).toBe(true);
        expect(instants(normal)).toEqual(instants(list));
      }),
    );
  });

  test('subtract and intersect instant by instant', () => {
    fc.assert(
      fc.property(listArbitrary, listArbitrary, (left, right) => {
        const [a, b] = [normalise(left), normalise(right)];
        const [inA, inB] = [instants(a), instants(b)];
        const rest = subtract(a, b);
        const common = intersect(a, b);
        expect(instants(rest)).toEqual(inA.map((isIn, at) => isIn && !inB[at]));
        expect(instants(common)).toEqual(inA.map((isIn, at) => isIn && inB[at] === true));
        expect(isNormal(rest)).toBe(true);
        expect(isNormal(common)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test('answer questions about one interval as a scan of all would', () => {
    fc.assert(
      fc.property(listArbitrary, intervalArbitrary, (list, one) => {
        fc.pre(one.startMs < one.endMs);
        const normal = normalise(list);
        expect(overlapsAny(normal, one)).toBe(normal.some((member) => overlaps(member, one)));
        expect(covers(normal, one)).toBe(normal.some((member) => contains(member, one)));
        const after = normal.findIndex(({ endMs }) => endMs > one.startMs);
        expect(firstEndingAfter(normal, one.startMs)).toBe(after === -1 ? normal.length : after);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('two intervals', () => {
  const hour = { startMs: 10, endMs: 20 };

  test.each([
    ['touching before', { startMs: 0, endMs: 10 }, false],
    ['touching after', { startMs: 20, endMs: 30 }, false],
    ['sharing the first instant', { startMs: 0, endMs: 11 }, true],
    ['empty, inside', { startMs: 15, endMs: 15 }, false],
    ['the same', hour, true],
  ])('%s', (_name, other, expected) => {
    expect(overlaps(hour, other)).toBe(expected);
    expect(overlaps(other, hour)).toBe(expected);
  });
});
