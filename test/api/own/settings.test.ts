import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startClinic } from './clinic.ts';
import type { TestClinic } from './clinic.ts';

let clinic: TestClinic;
let path: string;

beforeAll(async () => {
  clinic = await startClinic();
  path = `/api/v1/therapists/${clinic.ids.sarah}/settings`;
});

afterAll(() => clinic.api.close());

test('what was read can be written back, and only what differs changes', async () => {
  const read = await clinic.as('sarah', 'GET', path);
  expect(read.body).toMatchObject({
    therapistId: clinic.ids.sarah,
    timeZone: 'America/New_York',
    acceptsAutomatically: false,
    ratesCents: { individual: 15_000, group: 7_500 },
    version: 1,
  });
  expect(read.headers.get('etag')).toBe('"1"');
  const changed = await clinic.as('sarah', 'PUT', path, {
    ...read.body,
    acceptsAutomatically: true,
    bufferAfterMinutes: 15,
    timeZone: 'america/chicago',
  });
  expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"2"']);
  expect(changed.body).toEqual({
    ...read.body,
    acceptsAutomatically: true,
    bufferAfterMinutes: 15,
    timeZone: 'America/Chicago',
    version: 2,
  });
  expect((await clinic.as('alex', 'GET', path)).body).toEqual(changed.body);
});

test('of two who have read the same version one wins', async () => {
  const { body } = await clinic.as<{ version: number }>('sarah', 'GET', path);
  const change = (insurer: string): Promise<{ status: number }> =>
    clinic.as('sarah', 'PUT', path, { insurers: [insurer] }, { 'if-match': `"${body.version}"` });
  const replies = await Promise.all(['One', 'Two', 'Three'].map(change));
  expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 409, 409]);
  const late = await clinic.as('sarah', 'PUT', path, { version: body.version, insurers: [] });
  expect(late.body).toMatchObject({ code: 'version_conflict', currentVersion: body.version + 1 });
  const anyVersion = await clinic.as('sarah', 'PUT', path, { insurers: [] }, { 'if-match': '*' });
  expect(anyVersion.status).toBe(200);
});

test.each([
  [{}, 'body'],
  [{ timeZone: 'Mars/Olympus' }, 'timeZone'],
  [{ bufferAfterMinutes: -1 }, 'bufferAfterMinutes'],
  [{ bufferAfterMinutes: 1.5 }, 'bufferAfterMinutes'],
  [{ durationsMinutes: [] }, 'durationsMinutes'],
  [{ durationsMinutes: [50, 50] }, 'durationsMinutes'],
  [{ durationsMinutes: [0] }, 'durationsMinutes.0'],
  [{ sessionTypes: ['Not A Type'] }, 'sessionTypes.0'],
  [{ ratesCents: { individual: 99.5 } }, 'ratesCents.individual'],
  [{ ratesCents: { individual: -1 } }, 'ratesCents.individual'],
  [{ ratesCents: { 'Not A Type': 100 } }, 'ratesCents'],
  [{ languages: ['english please'] }, 'languages.0'],
  [{ acceptsAutomatically: 'yes' }, 'acceptsAutomatically'],
  [{ isVerified: true }, 'body'],
  [{ therapistId: '0195f000-0000-7000-8000-000000000112' }, 'therapistId'],
])('%j is refused by name and changes nothing', async (body, field) => {
  const before = await clinic.as('sarah', 'GET', path);
  const reply = await clinic.as('sarah', 'PUT', path, body);
  expect(reply.status).toBe(400);
  expect(reply.body).toMatchObject({ code: 'malformed_request', errors: [{ field }] });
  expect((await clinic.as('sarah', 'GET', path)).body).toEqual(before.body);
});

test('an ETag that is none of ours is refused', async () => {
  const body = { acceptsClients: true };
  const reply = await clinic.as('sarah', 'PUT', path, body, { 'if-match': '"abc"' });
  expect(reply.body).toMatchObject({ status: 400, errors: [{ field: 'If-Match' }] });
});

test('a verified name is changed by an admin alone', async () => {
  const own = await clinic.as('sarah', 'PUT', path, { displayName: 'Prof. Sarah Johnson, MD' });
  expect(own.body).toMatchObject({ status: 403, code: 'forbidden' });
  const admin = await clinic.as('alex', 'PUT', path, { displayName: 'Sarah Johnson, LCSW' });
  expect(admin.body).toMatchObject({ displayName: 'Sarah Johnson, LCSW' });
});

test('changed settings show in search at once', async () => {
  await clinic.as('sarah', 'PUT', path, {
    specializations: ['sleep'],
    ratesCents: { individual: 13_750 },
  });
  const { body } = await clinic.as<{ data: { therapists: { session_rates: unknown }[] } }>(
    'ada',
    'GET',
    '/api/therapy/therapists/search?specialization=sleep',
  );
  expect(body.data.therapists.map((one) => one.session_rates)).toEqual([{ individual: 137.5 }]);
});

test('changes are on record by the names of what changed, without the values', async () => {
  const rows = await clinic.api
    .knex('audit_entries')
    .where({ action: 'therapist.settings.change', outcome: 'allowed' })
    .orderBy('id', 'desc');
  expect(rows[0]).toMatchObject({
    actor_id: clinic.ids.sarah,
    object_id: clinic.ids.sarah,
    changes: { specializations: true, ratesCents: true },
  });
});
