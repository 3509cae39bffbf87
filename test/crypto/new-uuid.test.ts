import { expect, test } from '@jest/globals';
import { validate, version } from 'uuid';
import { newUuid } from '../../crypto/new-uuid.ts';

test('each is a UUID of version 7, of now, and comes after all before it', () => {
  const beganMs = Date.now();
  const made = Array.from({ length: 20_000 }, newUuid);
  expect(made.every((id) => validate(id) && version(id) === 7)).toBe(true);
  expect(new Set(made).size).toBe(made.length);
  expect(made.toSorted()).toEqual(made);
  const instants = made.map((id) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16));
  expect(instants[0]).toBeGreaterThanOrEqual(beganMs);
  expect(instants.at(-1)).toBeLessThanOrEqual(Date.now());
});

test('no two share their last random digits', () => {
  const ends = Array.from({ length: 5_000 }, () => newUuid().slice(24));
  expect(new Set(ends).size).toBe(ends.length);
});
