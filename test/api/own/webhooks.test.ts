import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { secretRef } from '../../../activities/webhooks/seals.ts';
import { type TestClinic, startClinic } from './clinic.ts';

let clinic: TestClinic;
beforeAll(async () => {
  clinic = await startClinic();
}, 120_000);
afterAll(() => clinic.api.close());

const URL = 'https://events.example.com/in';

interface Hook {
  readonly id: string;
  readonly secret: string;
}

function create(body: unknown = { url: URL }) {
  return clinic.as<Hook>('alex', 'POST', '/api/v1/webhooks', body);
}

async function fresh(): Promise<Hook> {
  await clinic.api.knex('webhooks').delete();
  return (await create()).body;
}

test('a webhook wants every event and no text unless it says so; its secret is shown once', async () => {
  const { status, body } = await create();
  expect(status).toBe(201);
  expect(body).toMatchObject({
    url: URL,
    includeText: false,
    state: 'active',
    eventTypes: [
      'AppointmentBooked',
      'AppointmentRescheduled',
      'AppointmentCancelled',
      'AppointmentCompleted',
    ],
  });
  expect(body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const listed = await clinic.as<{ data: Hook[] }>('alex', 'GET', '/api/v1/webhooks');
  expect(listed.body.data.at(-1)).toEqual({ ...body, secret: undefined });
  const row = await clinic.api.knex('webhooks').where({ id: body.id }).first();
  expect(row.secret.toString('latin1')).not.toContain(body.secret.slice(6));
  const { cipher } = clinic.api.deps;
  expect(await cipher.openField(clinic.api.knex, secretRef(body.id), row.secret)).toBe(body.secret);
});

test('one whose answer was lost is made once, and the secret of the last answer holds', async () => {
  await clinic.api.knex('webhooks').delete();
  const headers = { 'idempotency-key': newId() };
  const ask = () => clinic.as<Hook>('alex', 'POST', '/api/v1/webhooks', { url: URL }, headers);
  const first = await ask();
  // As if the process had died before it kept its answer.
  await clinic.api
    .knex('idempotency_keys')
    .where({ key: headers['idempotency-key'] })
    .update({ status: null, response: null, locked_until: new Date(0) });
  const again = await ask();
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(again.body.id).toBe(first.body.id);
  const rows = await clinic.api.knex('webhooks');
  expect(rows).toHaveLength(1);
  const { cipher } = clinic.api.deps;
  const kept = await cipher.openField(clinic.api.knex, secretRef(rows[0].id), rows[0].secret);
  expect(kept).toBe(again.body.secret);
});

describe('addresses', () => {
  test.each([
    'http://events.example.com/in',
    'https://127.0.0.1/in',
    'https://[::1]/in',
    'https://[::ffff:127.0.0.1]/in',
    'https://169.254.169.254/latest/meta-data',
    'https://10.1.2.3/in',
    'https://192.168.0.9/in',
    'https://2130706433/in',
    'https://0x7f000001/in',
    'https://0177.0.0.1/in',
    'https://127.1/in',
    'https://localhost/in',
    'https://printer.local/in',
    'https://user:word@events.example.com/in',
    'ftp://events.example.com/in',
    'javascript:alert(1)',
    'nonsense',
  ])('%s is refused', async (url) => {
    const { status, body } = await create({ url });
    expect([status, body]).toMatchObject([422, { code: 'refused_by_rule' }]);
  });

  test.each([
    {},
    { url: '' },
    { url: 7 },
    { url: URL, eventTypes: [] },
    { url: URL, eventTypes: ['SessionNotes'] },
    { url: URL, includeText: 'yes' },
    { url: URL, secret: 'mine' },
    { url: `https://example.com/${'x'.repeat(2_100)}` },
  ])('the body %j is malformed', async (body) => {
    expect((await create(body)).status).toBe(400);
  });
});

test('a new secret is another one, and the old one stays beside it for a day', async () => {
  const { id, secret } = await fresh();
  const rotated = await clinic.as<Hook>('alex', 'POST', `/api/v1/webhooks/${id}/rotate`);
  expect(rotated.status).toBe(200);
  expect(rotated.body.secret).not.toBe(secret);
  const row = await clinic.api.knex('webhooks').where({ id }).first();
  const { cipher } = clinic.api.deps;
  const opened = [row.previous_secret, row.secret].map((sealed: Buffer) =>
    cipher.openField(clinic.api.knex, secretRef(id), sealed),
  );
  expect(await Promise.all(opened)).toEqual([secret, rotated.body.secret]);
  const hours = (row.previous_secret_until.getTime() - Date.now()) / 3_600_000;
  expect(Math.round(hours)).toBe(24);
});

test('asking twice under one key makes one webhook and shows its secret again', async () => {
  const headers = { 'Idempotency-Key': newId() };
  const ask = () => clinic.as<Hook>('alex', 'POST', '/api/v1/webhooks', { url: URL }, headers);
  const [first, second] = [await ask(), await ask()];
  expect(second.body).toEqual(first.body);
});

test('twenty at most, also when they are made at once', async () => {
  await clinic.api.knex('webhooks').delete();
  const made = await Promise.all(Array.from({ length: 25 }, () => create()));
  expect(made.filter(({ status }) => status === 201)).toHaveLength(20);
  expect(made.filter(({ status }) => status === 422)).toHaveLength(5);
});

async function delivery(webhookId: string, facts: object = {}): Promise<string> {
  const id = newId();
  await clinic.api.knex('webhook_deliveries').insert({
    id,
    webhook_id: webhookId,
    outbox_id: Math.floor(Math.random() * 1e9),
    session_id: newId(),
    client_id: clinic.ids.ada,
    event_type: 'AppointmentBooked',
    body: Buffer.from('what was sent'),
    ...facts,
  });
  return id;
}

describe('deliveries', () => {
  test('are listed newest first, by pages and state, without what was sent', async () => {
    const { id } = await fresh();
    const ids: string[] = [];
    for (const state of ['dead', 'delivered', 'dead', 'pending']) {
      ids.push(await delivery(id, { state, attempts: 9, last_error: 'timeout' }));
    }
    const path = `/api/v1/webhooks/${id}/deliveries`;
    interface Page {
      data: { id: string; nextAttemptAt: string | null }[];
      nextCursor: string | null;
    }
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query: string = cursor === '' ? '?limit=3' : `?limit=3&cursor=${cursor}`;
      const { body }: { body: Page } = await clinic.as<Page>('alex', 'GET', path + query);
      seen.push(...body.data.map((one) => one.id));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(ids.toReversed());
    const dead = await clinic.as<Page>('alex', 'GET', `${path}?state=dead`);
    expect(dead.body.data.map((one) => one.id)).toEqual([ids[2], ids[0]]);
    expect(dead.body.data[0]).toMatchObject({ attempts: 9, lastError: 'timeout' });
    expect(dead.body.data[0]!.nextAttemptAt).toBeNull();
    expect(JSON.stringify(dead.body)).not.toContain('body');
  });

  test('a replay makes a dead one pending, and a disabled webhook active', async () => {
    const { id: webhookId } = await fresh();
    const facts = { state: 'disabled', failing_since: new Date(0) };
    await clinic.api.knex('webhooks').where({ id: webhookId }).update(facts);
    const id = await delivery(webhookId, { state: 'dead', attempts: 9, last_error: 'refused' });
    const { status, body } = await clinic.as('alex', 'POST', `/api/v1/deliveries/${id}/replay`);
    expect(status).toBe(202);
    expect(body).toMatchObject({ id, state: 'pending', attempts: 0, lastError: null });
    const webhook = await clinic.api.knex('webhooks').where({ id: webhookId }).first();
    expect(webhook).toMatchObject({ state: 'active', failing_since: null });
  });

  test('go with their webhook', async () => {
    const { id: webhookId } = await fresh();
    const id = await delivery(webhookId);
    const path = `/api/v1/webhooks/${webhookId}`;
    expect((await clinic.as('alex', 'DELETE', path)).status).toBe(204);
    expect((await clinic.as('alex', 'DELETE', path)).status).toBe(404);
    expect(await clinic.api.knex('webhook_deliveries').where({ id })).toEqual([]);
    expect((await clinic.as('alex', 'POST', `/api/v1/deliveries/${id}/replay`)).status).toBe(404);
  });
});

test('changes are on record with codes alone', async () => {
  const { id } = await fresh();
  const rows = await clinic.api.knex('audit_entries').where({ object_id: id });
  expect(rows).toMatchObject([
    { action: 'webhook.create', changes: { includeText: false, host: 'events.example.com' } },
  ]);
});
