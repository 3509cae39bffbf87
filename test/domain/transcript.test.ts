import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inOneOrder, mayReadSpoken, quietCut } from '../../domain/transcript.ts';

describe('who may read what was said', () => {
  const said = { speakerId: 'ann', at: 100 };
  const reader = { personId: 'ben', isTherapist: false, inside: [], recorded: [] };
  const terms = { breakouts: [], isShownToLater: true };
  const [before, then, after] = [
    { from: 10, to: 50 },
    { from: 90, to: 110 },
    { from: 150, to: null },
  ];

  test.each([
    ['the speaker', { ...reader, personId: 'ann' }, terms, true],
    ['the therapist', { ...reader, isTherapist: true }, terms, true],
    ['who never came', reader, terms, false],
    ['who was there', { ...reader, inside: [then] }, { ...terms, isShownToLater: false }, true],
    ['who had left', { ...reader, inside: [before] }, terms, false],
    ['who came later', { ...reader, inside: [after] }, terms, true],
    [
      'who came later, where that is not shown',
      { ...reader, inside: [after] },
      { ...terms, isShownToLater: false },
      false,
    ],
    [
      'who was inside, perhaps in a breakout',
      { ...reader, inside: [then] },
      { ...terms, breakouts: [then] },
      false,
    ],
    [
      'who was inside, and recorded in the main room',
      { ...reader, inside: [then], recorded: [then] },
      { ...terms, breakouts: [then] },
      true,
    ],
    [
      'who came later than a breakout',
      { ...reader, inside: [after] },
      { ...terms, breakouts: [then] },
      false,
    ],
  ] as const)('%s', (_who, who, which, may) => {
    expect(mayReadSpoken(said, who, which)).toBe(may);
  });
});

test('sound is cut where it is quiet, and near its end', () => {
  const samples = new Int16Array(16 * 30_000).map((_, at) => (at % 7) * 1_000);
  samples.fill(0, 16 * 25_000, 16 * 25_400);
  const at = quietCut(samples, 16) / 16;
  expect(at).toBeGreaterThan(25_000);
  expect(at).toBeLessThan(25_400);
  samples.fill(0, 0, 16 * 10_000);
  expect(quietCut(samples, 16) / 16).toBe(at);
});

test('nothing gets lost or doubled in one order, and what was written keeps its own', () => {
  const times = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 20 });
  fc.assert(
    fc.property(times, times, (writtenAt, spokenAt) => {
      const written = writtenAt.map((at, n) => ({ at, is: `w${n}` }));
      const spoken = spokenAt.toSorted((a, b) => a - b).map((at, n) => ({ at, is: `s${n}` }));
      const all = inOneOrder(written, spoken);
      expect(all).toHaveLength(written.length + spoken.length);
      expect(all.filter(({ is }) => is.startsWith('w'))).toEqual(written);
      expect(all.filter(({ is }) => is.startsWith('s'))).toEqual(spoken);
    }),
  );
});
