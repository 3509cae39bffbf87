import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readResources } from '../../../db/resources.ts';
import { resourcesAt } from '../../../domain/resources.ts';
import { type TestClinic, startClinic } from './clinic.ts';

let clinic: TestClinic;
beforeAll(async () => {
  clinic = await startClinic();
}, 120_000);
afterAll(() => clinic.api.close());

const PATH = '/api/v1/resources';

interface Shown {
  readonly version: number;
  readonly isDefault: boolean;
  readonly data: readonly { readonly title: string; readonly isReviewDue: boolean }[];
}

const get = (who: 'alex' | 'stranger' = 'alex') => clinic.as<Shown>(who, 'GET', PATH);
const put = (resources: unknown, version?: number) =>
  clinic.as<Shown>('alex', 'PUT', PATH, {
    resources,
    ...(version === undefined ? {} : { version }),
  });
const LINE = { kind: 'hotline', title: 'Line', phone: '116 123' };

test('a clinic without a list shows the default, which nobody has reviewed', async () => {
  const { body } = await get('stranger');
  expect(body).toMatchObject({ version: 0, isDefault: true });
  expect(body.data.map(({ title }) => title)).toContain('988 Suicide & Crisis Lifeline');
  expect(body.data.every(({ isReviewDue }) => isReviewDue)).toBe(true);
  expect((await get('stranger')).body).toEqual(body);
});

test('a list is replaced whole, in its order, by one of two who change it at once', async () => {
  const seeded = (await get()).body;
  expect(seeded).toMatchObject({ isDefault: false, data: seeded.data.map(() => ({})) });
  // What nobody has reviewed says so.
  expect(seeded.data.every(({ isReviewDue }) => isReviewDue)).toBe(true);
  const lines = [
    { ...LINE, title: 'B', reviewedOn: '2026-01-02', reviewDueOn: '2026-02-02' },
    { ...LINE, title: 'A', reviewedOn: '2026-01-02', reviewDueOn: '2199-02-02' },
  ];
  const both = await Promise.all([put(lines, seeded.version), put(lines, seeded.version)]);
  expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  const { body } = await get();
  expect(body.data).toMatchObject([
    { ...lines[0], isReviewDue: true },
    { ...lines[1], isReviewDue: false },
  ]);
});

test.each([
  ['no way to reach it', { kind: 'hotline', title: 'x' }],
  ['a blank title', { ...LINE, title: ' ' }],
  ['half a position', { ...LINE, latitude: 3 }],
  ['a date that never was', { ...LINE, reviewedOn: '2026-02-30' }],
  ['a link that is a script', { ...LINE, website: 'javascript:alert(1)' }],
])('a resource with %s is refused', async (_name, resource) => {
  expect((await put([resource])).status).toBe(400);
});

test('help is shown by country, the nearest first, and never none', async () => {
  const at = (title: string, country: string | null, latitude?: number) => ({
    ...LINE,
    title,
    country,
    ...(latitude === undefined ? {} : { latitude, longitude: 179 }),
  });
  await put([at('all', null), at('far', 'NZ', -45), at('near', 'NZ', -37), at('us', 'US')]);
  const { resources } = await readResources(clinic.api.knex, clinic.clinicId);
  const titles = (country: string | null, latitude?: number): string[] => {
    const position = latitude === undefined ? null : { latitude, longitude: -179 };
    return resourcesAt(resources, { country, position }).map(({ title }) => title);
  };
  expect(titles('NZ', -36)).toEqual(['near', 'far', 'all']);
  expect(titles('US')).toEqual(['all', 'us']);
  expect(titles(null)).toEqual(['all', 'far', 'near', 'us']);
  await put([at('us', 'US')]);
  const only = await readResources(clinic.api.knex, clinic.clinicId);
  expect(resourcesAt(only.resources, { country: 'NZ', position: null })).toHaveLength(1);
});
