import { expect, test } from '@jest/globals';
import { bandsInMonth } from '../../../domain/screening/known-bands.ts';

const day = (text: string): Date => new Date(`${text}T00:00:00Z`);
const OLD = [
  { min: 0, max: 9, label: 'mild' },
  { min: 10, max: 21, label: 'severe' },
];
const NEW = [
  { min: 0, max: 7, label: 'low' },
  { min: 8, max: 21, label: 'severe' },
];
const versions = [
  { bands: NEW, createdAt: day('2026-03-10') },
  { bands: OLD, createdAt: day('2026-02-01') },
];

test.each([
  ['2026-01-01', '2026-02-01', ['mild', 'severe']],
  ['2026-02-01', '2026-03-01', ['mild', 'severe']],
  ['2026-03-01', '2026-04-01', ['low', 'severe', 'mild']],
  ['2026-04-01', '2026-05-01', ['low', 'severe', 'mild']],
  ['2026-05-01', '2026-06-01', ['low', 'severe']],
])('from %s to %s: %j', (startsAt, endsAt, labels) => {
  const { bands } = bandsInMonth(versions, { startsAt: day(startsAt), endsAt: day(endsAt) });
  expect(bands.map(({ label }) => label)).toEqual(labels);
});

test('a band holds what it holds in every version, and a maximum is one that all have', () => {
  const march = { startsAt: day('2026-03-01'), endsAt: day('2026-04-01') };
  expect(bandsInMonth(versions, march)).toMatchObject({
    bands: [{}, { label: 'severe', min: 10, max: 21 }, {}],
    maximum: 21,
  });
  const longer = [{ ...versions[0]!, bands: [{ min: 0, max: 27, label: 'any' }] }, versions[1]!];
  expect(bandsInMonth(longer, march).maximum).toBeNull();
});
