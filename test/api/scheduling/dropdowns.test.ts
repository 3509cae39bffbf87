import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../../api/server.ts';
import { openDatabase } from '../../../db/knex.ts';
import { type TestApi, type TestPerson, startTestApi } from '../../support/api.ts';
import { type Desk, openDesk } from './desk.ts';

interface Item {
  readonly id: string;
  readonly name: string;
  readonly is_active: boolean;
}

interface Lists {
  readonly data: Readonly<Record<string, readonly Item[]>>;
  readonly cached: boolean;
  readonly lastUpdated: string;
}

let api: TestApi;
let desk: Desk;
beforeAll(async () => {
  api = await startTestApi();
  desk = await openDesk(api);
}, 120_000);
afterAll(() => api.close());

async function lists(by: TestPerson = desk.staff, query = '', url = api.url): Promise<Lists> {
  const reply = await fetch(`${url}/get-dropdown-data${query}`, {
    headers: { authorization: `Bearer ${by.token}` },
  });
  expect(reply.status).toBe(200);
  expect(reply.headers.get('cache-control')).toBe('private, no-store');
  return (await reply.json()) as Lists;
}

describe('lists for forms', () => {
  test('hold every type, or those that are asked for, and no e-mail address', async () => {
    const all = await lists();
    expect(Object.keys(all.data).toSorted()).toEqual(
      [
        'clients',
        'insurers',
        'locations',
        'services',
        'session_types',
        'specializations',
        'statuses',
        'therapists',
      ].toSorted(),
    );
    expect(all.data['therapists']).toMatchObject([{ id: desk.therapist.id }]);
    expect(JSON.stringify(all)).not.toContain('@');
    expect(Object.keys((await lists(desk.staff, '?types=clients,statuses')).data)).toEqual([
      'clients',
      'statuses',
    ]);
    const { token } = desk.staff;
    const path = '/get-dropdown-data?types=clients,secrets';
    expect((await api.call('GET', path, undefined, { token })).status).toBe(400);
  });

  test('show what is not active any more on request only', async () => {
    const id = newId();
    await api.knex('locations').insert({
      id,
      clinic_id: api.clinicId,
      name: 'Old wing',
      location_type: 'in_person',
      is_active: false,
    });
    expect((await lists(desk.staff, '?types=locations')).data['locations']).toEqual([]);
    const all = await lists(desk.staff, '?types=locations&include_inactive=true');
    expect(all.data['locations']).toMatchObject([{ id, is_active: false }]);
  });

  test('name a therapist no clients but their own', async () => {
    const own = await api.person();
    const before = await lists(desk.therapist, '?types=clients,therapists');
    expect(before.data).toMatchObject({ clients: [], therapists: [{ id: desk.therapist.id }] });
    await api.knex('relationships').insert({
      id: newId(),
      clinic_id: api.clinicId,
      therapist_id: desk.therapist.id,
      client_id: own.id,
    });
    const after = await lists(desk.therapist, '?types=clients');
    expect(after.data['clients']).toMatchObject([{ id: own.id }]);
  });
});

describe('kept lists', () => {
  test('are read again after any change, whoever makes it, and no sooner', async () => {
    const first = await lists(desk.staff, '?types=services');
    const second = await lists(desk.staff, '?types=services');
    expect([first.cached, second.cached]).toEqual([false, true]);
    expect(second.lastUpdated).toBe(first.lastUpdated);
    await api.knex('services').insert({
      id: newId(),
      clinic_id: api.clinicId,
      name: 'Intake',
      session_type: 'individual',
      duration_minutes: 60,
      price_cents: 12_050,
      paid_by: 'client',
    });
    const third = await lists(desk.staff, '?types=services');
    expect(third.cached).toBe(false);
    expect(third.data['services']).toMatchObject([{ name: 'Intake', price: 120.5 }]);
    // What no list shows changes nothing.
    await api
      .knex('therapist_profiles')
      .where({ person_id: desk.therapist.id })
      .update({ completed_sessions: 7 });
    expect((await lists(desk.staff, '?types=services')).cached).toBe(true);
    const { clinicId } = await api.person({ clinicId: await api.clinic() });
    expect(clinicId).not.toBe(api.clinicId);
    expect((await lists(desk.staff, '?types=services')).cached).toBe(true);
  });

  test('agree between processes, also while people come and go at once', async () => {
    const knex = openDatabase(api.databaseUrl, { maxConnections: 4, acquireTimeoutMs: 30_000 });
    const server = createServer(createApp({ ...api.deps, knex }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    try {
      await lists(desk.staff, '?types=clients', url);
      expect((await lists(desk.staff, '?types=clients', url)).cached).toBe(true);
      const people = await Promise.all(Array.from({ length: 20 }, () => api.person()));
      const [here, there] = await Promise.all([
        lists(desk.staff, '?types=clients'),
        lists(desk.staff, '?types=clients', url),
      ]);
      expect(there.data).toEqual(here.data);
      const ids = new Set(here.data['clients']!.map(({ id }) => id));
      expect(people.every(({ id }) => ids.has(id))).toBe(true);
    } finally {
      server.close();
      server.closeAllConnections();
      await knex.destroy();
    }
  });
});
