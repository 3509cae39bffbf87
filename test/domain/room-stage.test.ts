import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CAMERAS_SHOWN, shownCameras, spoke } from '../../domain/room-stage.ts';

const person = fc.integer({ min: 1, max: 30 }).map((number) => `p${number}`);
const people = fc.uniqueArray(person, { maxLength: 30 });

test('In a room of ordinary size everybody is seen, whoever speaks', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(person, { maxLength: CAMERAS_SHOWN }),
      fc.array(person),
      (on, said) => {
        const voices = said.reduce(spoke, [] as readonly string[]);
        expect(shownCameras(voices, on)).toEqual(new Set(on));
      },
    ),
  );
});

test('In a larger one those who spoke last are seen, never more than fit, and only cameras', () => {
  fc.assert(
    fc.property(people, fc.array(person), fc.integer({ min: 1, max: 9 }), (on, said, most) => {
      const voices = said.reduce(spoke, [] as readonly string[]);
      const shown = shownCameras(voices, on, most);
      expect(shown.size).toBe(Math.min(most, on.length));
      expect([...shown].every((each) => on.includes(each))).toBe(true);
      const latest = said.toReversed().find((each) => on.includes(each));
      if (latest !== undefined) expect(shown.has(latest)).toBe(true);
    }),
  );
});

test('Who speaks takes the place of whoever has been silent for longest, and of nobody else', () => {
  const on = ['a', 'b', 'c', 'd'];
  const voices = ['a', 'b', 'c'].reduce(spoke, [] as readonly string[]);
  expect([...shownCameras(voices, on, 3)].toSorted()).toEqual(['a', 'b', 'c']);
  expect([...shownCameras(spoke(voices, 'd'), on, 3)].toSorted()).toEqual(['b', 'c', 'd']);
  expect(spoke(voices, 'c')).toBe(voices);
});
