import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { replaceResources } from '../../../db/resources.ts';
import { DEFAULT_RESOURCES } from '../../../domain/resources.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';

let api: TestApi;
let token: string;
beforeAll(async () => {
  api = await startTestApi();
  ({ token } = await api.person());
  const [blank] = DEFAULT_RESOURCES;
  const local = (title: string, phone: string, latitude: number, longitude: number) => ({
    ...blank!,
    kind: 'local' as const,
    title,
    phone,
    latitude,
    longitude,
    location: title,
  });
  const own = [local('Boston', '1', 42.36, -71.06), local('NYC Well', '2', 40.71, -74.01)];
  const resources = [...DEFAULT_RESOURCES, ...own].map((line) => ({ ...line, id: newId() }));
  const change = { clinicId: api.clinicId, resources, expectedVersion: null, changedBy: null };
  await api.knex.transaction((trx) => replaceResources(trx, change));
}, 120_000);
afterAll(() => api.close());

interface Section {
  readonly title: string;
  readonly distanceKm?: number;
}

test('shows the published sections without a token, the nearest place first', async () => {
  const path = '/api/crisis/resources?location=40.7128,-74.0060';
  const { status, body } = await api.call<Record<string, Section[]>>('GET', path);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    emergency: { title: 'Emergency Services', phone: '911' },
    crisis: [
      { title: '988 Suicide & Crisis Lifeline', phone: '988', available: '24/7' },
      { title: 'Crisis Text Line', phone: null, text: 'Text HOME to 741741' },
    ],
    specialized: [{ title: 'Veterans Crisis Line', population: 'Veterans' }],
  });
  expect(body['local']?.map(({ title }) => title)).toEqual(['NYC Well', 'Boston']);
  // By the great circle, as an almanac gives it: 306 km from New York to Boston.
  expect(body['local']?.[1]?.distanceKm).toBeCloseTo(306, -1);
});

test.each(['location=here', 'location=91,0', 'type=whatever', 'location=,&type='])(
  'answers ?%s with everything there is',
  async (query) => {
    const { status, body } = await api.call<Record<string, Section[]>>(
      'GET',
      `/api/crisis/resources?${query}`,
    );
    expect([status, body['crisis']?.length, body['local']?.length]).toEqual([200, 2, 2]);
  },
);

test('narrows to one kind', async () => {
  const { body } = await api.call<Record<string, Section[]>>(
    'GET',
    '/api/crisis/resources?type=local',
  );
  expect([body['crisis']?.length, body['local']?.length]).toEqual([0, 2]);
});

test('gives the contact cards of version A', async () => {
  const { body } = await api.call('GET', '/api/urgent/emergency-contacts', undefined, { token });
  expect(body['data']).toEqual({
    contacts: {
      crisis_hotline: { name: '988 Suicide & Crisis Lifeline', phone: '988', available: '24/7' },
      local_emergency: { name: 'Emergency Services', phone: '911', available: '24/7' },
      counseling_center: { name: 'Boston', phone: '1', available: '24/7' },
    },
  });
});
