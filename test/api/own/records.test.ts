import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { insertSession, startClinic } from './clinic.ts';
import type { TestClinic } from './clinic.ts';

let clinic: TestClinic;

beforeAll(async () => {
  clinic = await startClinic();
});

afterAll(() => clinic.api.close());

/** A text that must never turn up in the clear anywhere. */
const SECRET = 'marked-text-8261';

async function whereInTheClear(): Promise<string[]> {
  const { rows: tables } = await clinic.api.knex.raw(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
  );
  const found: string[] = [];
  for (const { name } of tables as { name: string }[]) {
    const { rows } = await clinic.api.knex.raw(
      `SELECT 1 FROM "${name}" t WHERE t::text LIKE ? OR t::text LIKE ? LIMIT 1`,
      [`%${SECRET}%`, `%${Buffer.from(SECRET).toString('hex')}%`],
    );
    if (rows.length > 0) found.push(name);
  }
  if (JSON.stringify(clinic.api.logged).includes(SECRET)) found.push('log');
  return found;
}

describe('rating', () => {
  test('counts once, however often it is sent at the same moment', async () => {
    const id = await insertSession(clinic);
    const path = `/api/v1/sessions/${id}/rating`;
    const replies = await Promise.all(
      [1, 2, 3, 4].map(() => clinic.as('ada', 'POST', path, { rating: 2, comment: SECRET })),
    );
    expect(replies.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409]);
    const profile = await clinic.api
      .knex('therapist_profiles')
      .where({ person_id: clinic.ids.sarah })
      .first();
    expect([profile.rating_sum, profile.rating_count]).toEqual([51, 11]);
    const search = await clinic.as<{ data: { therapists: { rating: number }[] } }>(
      'ada',
      'GET',
      '/api/therapy/therapists/search?language=es',
    );
    expect(search.body.data.therapists[0]!.rating).toBe(4.6);
  });

  test('the comment is nowhere in the clear, and opens with its key', async () => {
    expect(await whereInTheClear()).toEqual([]);
    const row = await clinic.api.knex('ratings').whereNotNull('comment').first();
    const { cipher, knex } = clinic.api.deps;
    const place = { purpose: 'rating', objectId: row.session_id, column: 'comment' };
    const text = await cipher.openField(knex, { ...place, rowId: row.person_id }, row.comment);
    expect(text).toBe(SECRET);
  });

  test.each([
    ['held'],
    ['requested'],
    ['awaiting_payment'],
    ['confirmed'],
    ['in_progress'],
    ['cancelled'],
    ['declined'],
    ['expired'],
    ['no_show'],
  ])('a session that is %s can not be rated', async (status) => {
    const id = await insertSession(clinic, { status });
    const reply = await clinic.as('ada', 'POST', `/api/v1/sessions/${id}/rating`, { rating: 5 });
    expect(reply.body).toMatchObject({ status: 409, code: 'wrong_state' });
  });

  test.each([
    [{}],
    [{ rating: 0 }],
    [{ rating: 6 }],
    [{ rating: 4.5 }],
    [{ rating: '5' }],
    [{ rating: 5, comment: 7 }],
    [{ rating: 5, comment: 'x'.repeat(4_001) }],
    [{ rating: 5, anonymous: true }],
    [undefined],
  ])('malformed body %#', async (body) => {
    const id = await insertSession(clinic);
    const reply = await clinic.as('ada', 'POST', `/api/v1/sessions/${id}/rating`, body);
    expect([400, 415]).toContain(reply.status);
    expect(await clinic.api.knex('ratings').where({ session_id: id })).toEqual([]);
  });
});

test('the timeline joins steps, messages, payments and refunds in their order', async () => {
  const { api, ids } = clinic;
  const sessionId = await insertSession(clinic);
  const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 1, 9, minute));
  await api.knex('session_events').insert([
    { session_id: sessionId, at: at(0), kind: 'requested', actor_id: ids.ada },
    { session_id: sessionId, at: at(3), kind: 'confirmed', data: { by: 'payment' } },
    { session_id: sessionId, at: at(3), kind: 'same_instant', data: {} },
  ]);
  const paymentId = newId();
  await api.knex('payments').insert({
    id: paymentId,
    session_id: sessionId,
    person_id: ids.ada,
    attempt: 1,
    method: 'card',
    state: 'captured',
    amount_cents: 15_000,
    captured_cents: 15_000,
    currency: 'USD',
    card_token: 'tok_secret',
    updated_at: at(2),
  });
  await api.knex('refunds').insert({
    id: newId(),
    payment_id: paymentId,
    key: newId(),
    amount_cents: 500,
    reason: 'goodwill',
    state: 'succeeded',
    updated_at: at(5),
  });
  await api.knex('sends').insert({
    key: `reminder:${sessionId}`,
    session_id: sessionId,
    recipient_id: ids.ada,
    kind: 'reminder',
    channel: 'sms',
    state: 'delivered',
    sent_at: at(4),
  });
  const path = `/api/v1/sessions/${sessionId}/timeline`;
  const reply = await clinic.as<{ data: Record<string, unknown>[] }>('ada', 'GET', path);
  expect(reply.body.data.map(({ at: when, source, kind }) => [when, source, kind])).toEqual([
    [at(0).toISOString(), 'session', 'requested'],
    [at(2).toISOString(), 'payment', 'payment.captured'],
    [at(3).toISOString(), 'session', 'confirmed'],
    [at(3).toISOString(), 'session', 'same_instant'],
    [at(4).toISOString(), 'message', 'reminder.delivered'],
    [at(5).toISOString(), 'refund', 'refund.succeeded'],
  ]);
  expect(JSON.stringify(reply.body)).not.toContain('tok_secret');
  const audit = await api.knex('audit_entries').where({
    action: 'session.timeline.read',
    object_id: sessionId,
    subject_id: ids.ada,
  });
  expect(audit).toHaveLength(1);
});

test('credits show the balance and page through the ledger, newest first', async () => {
  const balance = await clinic.as('ada', 'GET', '/api/v1/credits');
  expect(balance.body).toEqual({ balanceCents: 50_000, reservedCents: 0, currency: 'USD' });
  const { rows } = await clinic.api.knex.raw(
    `SELECT id FROM credit_accounts WHERE person_id = ? AND kind = 'balance'`,
    [clinic.ids.ada],
  );
  const sold = await clinic.api.knex('credit_accounts').where({ kind: 'sold' }).first();
  for (const cents of [100, 200]) {
    const transfer = { id: newId(), key: newId(), kind: 'purchase' };
    await clinic.api.knex.transaction(async (trx) => {
      await trx('credit_transfers').insert(transfer);
      await trx('credit_entries').insert([
        { transfer_id: transfer.id, account_id: rows[0].id, amount_cents: cents },
        { transfer_id: transfer.id, account_id: sold.id, amount_cents: -cents },
      ]);
    });
  }
  interface Page {
    data: { amountCents: number; kind: string }[];
    nextCursor: string | null;
  }
  const path = '/api/v1/credits/entries?limit=2';
  const first = (await clinic.as<Page>('ada', 'GET', path)).body;
  const second = (await clinic.as<Page>('ada', 'GET', `${path}&cursor=${first.nextCursor}`)).body;
  expect([...first.data, ...second.data].map((entry) => entry.amountCents)).toEqual([
    200, 100, 50_000,
  ]);
  expect(second.nextCursor).toBeNull();
  const others = await clinic.as<Page>('ben', 'GET', path);
  expect(others.body).toEqual({ data: [], nextCursor: null });
});

test('a task is done once, by the first who says so, and its note is encrypted', async () => {
  const { api, ids, clinicId } = clinic;
  const id = newId();
  const data = { refundCents: 500 };
  await api.knex('tasks').insert({
    id,
    clinic_id: clinicId,
    key: id,
    kind: 'refund_failed',
    data: JSON.stringify(data),
  });
  const open = await clinic.as<{ data: { id: string }[] }>(
    'sam',
    'GET',
    '/api/v1/tasks?state=open',
  );
  expect(open.body.data).toEqual([
    expect.objectContaining({ id, kind: 'refund_failed', data, note: null, doneBy: null }),
  ]);
  const path = `/api/v1/tasks/${id}/done`;
  const done = await clinic.as('sam', 'POST', path, { note: SECRET });
  expect(done.body).toMatchObject({ state: 'done', doneBy: ids.sam, note: SECRET });
  expect(await whereInTheClear()).toEqual([]);
  const again = await clinic.as('alex', 'POST', path, { note: 'Mine' });
  expect(again.body).toEqual(done.body);
  const list = (query: string): Promise<{ body: { data: unknown[] } }> =>
    clinic.as('alex', 'GET', `/api/v1/tasks${query}`);
  expect((await list('?state=open')).body.data).toEqual([]);
  expect((await list('?state=done')).body.data).toEqual([done.body]);
  expect((await list('?kind=dispute')).body.data).toEqual([]);
  expect((await list(`?sessionId=${newId()}`)).body.data).toEqual([]);
  const refused = await clinic.as('sam', 'GET', '/api/v1/tasks?state=lost');
  expect(refused.body).toMatchObject({ status: 400, errors: [{ field: 'state' }] });
});

describe('notification preferences', () => {
  const PATH = '/api/v1/notification-preferences';

  test('what is left out stays, and quiet hours can be taken back', async () => {
    const before = await clinic.as('ada', 'GET', PATH);
    expect(before.body).toEqual({
      sms: true,
      email: true,
      push: false,
      quietHours: null,
      timeZone: 'America/New_York',
      smsStopped: false,
    });
    const night = { from: '22:00', to: '07:30' };
    await clinic.as('ada', 'PUT', PATH, { quietHours: night });
    const changed = await clinic.as('ada', 'PUT', PATH, { sms: false });
    expect(changed.body).toEqual({ ...before.body, sms: false, quietHours: night });
    const written = await clinic.as('ada', 'PUT', PATH, { ...changed.body, quietHours: null });
    expect(written.body).toEqual({ ...before.body, sms: false });
    expect((await clinic.as('ben', 'GET', PATH)).body).toMatchObject({ sms: true });
  });

  test('STOP shows, and can not be undone here', async () => {
    const { api, ids } = clinic;
    const { phone } = await api.knex('people').where({ id: ids.ben }).first('phone');
    await api.knex('sms_opt_outs').insert({ phone });
    const reply = await clinic.as('ben', 'PUT', PATH, { sms: true, smsStopped: false });
    expect(reply.body).toMatchObject({ sms: true, smsStopped: true });
  });

  test.each([
    [{}, 'body'],
    [{ sms: 'no' }, 'sms'],
    [{ quietHours: { from: '22:00' } }, 'quietHours.to'],
    [{ quietHours: { from: '22:00', to: '24:00' } }, 'quietHours.to'],
    [{ quietHours: { from: '9:00', to: '10:00' } }, 'quietHours.from'],
    [{ fax: true }, 'body'],
  ])('%j is refused by name', async (body, field) => {
    const reply = await clinic.as('ada', 'PUT', PATH, body);
    expect(reply.body).toMatchObject({ status: 400, errors: [{ field }] });
  });
});
