import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { createSealer } from '../../../db/audit/sealer.ts';
import { verifyAudit } from '../../../db/audit/verify.ts';
import { finishErasures } from '../../../api/own/erase-person.ts';
import type { TestPerson, TestReply } from '../../support/api.ts';
import { until } from '../../support/until.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';
import { sessionRow } from '../../support/session-row.ts';

let api: TestApi;
let admin: TestPerson;
let therapist: TestPerson;
beforeAll(async () => {
  api = await startTestApi();
  admin = await api.person({ role: 'admin' });
  therapist = await api.person({ isTherapist: true });
}, 120_000);
afterAll(() => api.close());

interface Erased {
  readonly code: string;
  readonly finishedAt: string | null;
  readonly blockers: readonly { readonly kind: string; readonly id: string }[];
}

function erase(id: string, by = admin, body: object = {}): Promise<TestReply<Erased>> {
  const wish = { confirm: id, reason: 'person_asked', ...body };
  return api.call<Erased>('POST', `/api/v1/people/${id}/erase`, wish, { token: by.token });
}

function session(clientId: string, status: string): Record<string, unknown> {
  return sessionRow({ clinicId: api.clinicId, therapistId: therapist.id, clientId }, { status });
}

describe('nobody is erased', () => {
  test.each([
    ['without their id once more', { confirm: undefined }, 422, 'confirmation_required'],
    ['with the id of another', { confirm: newId() }, 422, 'confirmation_required'],
    ['for no reason that we know', { reason: 'because' }, 400, 'malformed_request'],
  ])('%s', async (_, body, status, code) => {
    const { id } = await api.person();
    expect(await erase(id, admin, body)).toMatchObject({ status, body: { code } });
    expect(await api.knex('people').where({ id }).first('erased_at')).toEqual({ erased_at: null });
  });

  test('by another clinic, by themselves, or by an admin who is themselves the one', async () => {
    const person = await api.person();
    const stranger = await api.person({ role: 'admin', clinicId: await api.clinic() });
    expect((await erase(person.id, stranger)).status).toBe(404);
    expect((await erase(person.id, person)).status).toBe(403);
    expect((await erase(admin.id)).status).toBe(422);
    expect((await erase(newId())).status).toBe(404);
  });

  test('while something of theirs is open, which is named', async () => {
    const { id } = await api.person();
    const open = session(id, 'confirmed');
    await api.knex('sessions').insert(open);
    const alert = newId();
    await api.knex('crisis_alerts').insert({
      id: alert,
      number: 'CA-2026-000001',
      clinic_id: api.clinicId,
      person_id: id,
      severity: 'low',
      type: 'user-report',
    });
    const talk = newId();
    await api.knex('support_sessions').insert({
      id: talk,
      clinic_id: api.clinicId,
      patient_id: id,
      type: 'peer_support',
      helper_type: 'peer',
      severity: 'low',
      status: 'waiting',
    });
    const payment = newId();
    await api.knex('payments').insert({
      id: payment,
      session_id: open['id'],
      person_id: id,
      attempt: 1,
      method: 'card',
      state: 'authorised',
      amount_cents: 100,
      currency: 'USD',
    });
    const dispute = newId();
    await api.knex('tasks').insert({
      id: dispute,
      clinic_id: api.clinicId,
      key: `dispute/${dispute}`,
      kind: 'dispute',
      payment_id: payment,
    });
    const { status, body } = await erase(id);
    expect([status, body.code]).toEqual([409, 'erasure_blocked']);
    expect(body.blockers).toEqual([
      { kind: 'money_in_flight', id: payment },
      { kind: 'open_alert', id: alert },
      { kind: 'open_session', id: open['id'] },
      { kind: 'open_support_session', id: talk },
      { kind: 'open_task', id: dispute },
    ]);
    expect((await erase(therapist.id)).body.blockers).toContainEqual({
      kind: 'open_session',
      id: open['id'],
    });
  });

  test('who is still on a roster', async () => {
    const peer = await api.person({ role: 'peer' });
    const id = newId();
    const rotations = JSON.stringify([{ people: [peer.id] }]);
    await api.knex('rosters').insert({ id, clinic_id: api.clinicId, name: 'Nights', rotations });
    expect((await erase(peer.id)).body.blockers).toEqual([{ kind: 'on_call', id }]);
  });
});

describe('whoever is erased', () => {
  test('is out at once, can be nothing any more, and leaves the address free', async () => {
    const person = await api.person({ phone: '+14155550199' });
    const me = (): Promise<TestReply> =>
      api.call('GET', '/api/auth/me', undefined, { token: person.token });
    expect((await me()).status).toBe(200);
    expect(await erase(person.id)).toMatchObject({
      status: 200,
      body: { personId: person.id, askedBy: admin.id, finishedAt: expect.any(String) },
    });
    expect([401, 403]).toContain((await me()).status);
    for (const verb of ['reinstate', 'suspend']) {
      const path = `/api/v1/people/${person.id}/${verb}`;
      const { status } = await api.call('POST', path, undefined, { token: admin.token });
      expect([verb, status < 500]).toEqual([verb, true]);
    }
    const row = await api.knex('people').where({ id: person.id }).first();
    expect(row).toMatchObject({ email: null, phone: null, first_name: '', last_name: '' });
    expect(row.suspended_at).toBeInstanceOf(Date);
    const again = await api.call('POST', '/api/auth/register', {
      username: 'newcomer',
      email: person.email,
      password: 'SecurePassword123!',
      role: 'patient',
      profile: { firstName: 'New', age: 30 },
    });
    expect(again.status).toBe(201);
    const listed = await api.call<{ data: { id: string }[] }>(
      'GET',
      '/api/v1/people?limit=100',
      undefined,
      { token: admin.token },
    );
    expect(listed.body.data.map(({ id }) => id)).not.toContain(person.id);
  });

  test('is erased once, however often and however much at once it is asked for', async () => {
    const { id } = await api.person();
    const answers = await Promise.all(Array.from({ length: 6 }, () => erase(id)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const finished = new Set(answers.map(({ body }) => body.finishedAt));
    expect(finished.has(null)).toBe(false);
    expect(await api.knex('erasures').where({ person_id: id })).toHaveLength(1);
    expect((await erase(id, admin, { reason: 'unlawful' })).body).toMatchObject({
      reason: 'person_asked',
    });
  });

  test('is not booked meanwhile: it is in the way, or refused', async () => {
    for (let round = 0; round < 8; round += 1) {
      const { id } = await api.person();
      const row = session(id, 'confirmed');
      const [erased, booked] = await Promise.allSettled([
        erase(id),
        api.knex.transaction((trx) => trx('sessions').insert(row)),
      ]);
      const isErased = erased.status === 'fulfilled' && erased.value.status === 200;
      expect(isErased).toBe(booked.status === 'rejected');
      if (isErased) expect((booked as PromiseRejectedResult).reason.code).toBe('HF003');
      else expect(await api.knex('sessions').where({ client_id: id })).toHaveLength(1);
    }
  });

  test('gets no profile back from a change that was under way', async () => {
    const { id } = await api.person();
    const slow = await api.knex.transaction();
    await slow.raw('SELECT FROM people WHERE id = ? FOR UPDATE', [id]);
    const erasing = erase(id);
    const changing = api.knex('people').where({ id }).update({ first_name: 'Again' });
    const outcome = Promise.allSettled([changing]);
    await slow.commit();
    await erasing;
    await outcome;
    await expect(
      api.knex('people').where({ id }).update({ first_name: 'Again' }),
    ).rejects.toMatchObject({ code: 'HF003' });
    expect(await api.knex('people').where({ id }).first('first_name')).toEqual({ first_name: '' });
  });

  test('leaves the audit record intact', async () => {
    const { id } = await api.person();
    const { keyRing } = api.deps;
    const sealer = createSealer(api.knex, keyRing);
    await api.call('GET', `/api/v1/people/${id}/export`, undefined, { token: admin.token });
    await sealer.sealNow();
    await erase(id);
    // A seal that was being set just then may leave the last row to the next one.
    await until(async () => {
      await sealer.sealNow();
      return (await verifyAudit(api.knex, keyRing)).tail.rows === 0;
    });
    await sealer.close();
    expect((await verifyAudit(api.knex, keyRing)).fault).toBeNull();
    const acts = await api.knex('audit_entries').where({ subject_id: id }).pluck('action');
    expect(acts).toEqual(['person.export', 'person.erase']);
  });
});

test('files that a crash has left are removed by whoever comes next', async () => {
  const { id } = await api.person();
  const { store } = api.deps.attachments;
  const file = newId();
  const target = await store.write(file);
  await new Promise<void>((resolve) => target.end('sealed', () => resolve()));
  await erase(id);
  await api
    .knex('erasures')
    .where({ person_id: id })
    .update({ files: [file], finished_at: null });
  await finishErasures(api.deps);
  const left = [];
  for await (const kept of store.olderThan(Date.now() + 60_000)) left.push(kept);
  expect(left).not.toContain(file);
  expect(await api.knex('erasures').where({ person_id: id }).first()).toMatchObject({
    files: [],
    finished_at: expect.any(Date),
  });
});

describe('an export', () => {
  interface Exported {
    readonly isComplete: boolean;
    readonly sections: Record<string, readonly Record<string, unknown>[]>;
  }
  const ask = (id: string, by: TestPerson, query = ''): Promise<TestReply<Exported>> =>
    api.call<Exported>('GET', `/api/v1/people/${id}/export${query}`, undefined, {
      token: by.token,
    });

  test('is for the person and their clinic’s admins', async () => {
    const person = await api.person();
    const stranger = await api.person({ role: 'admin', clinicId: await api.clinic() });
    const own = await ask(person.id, person);
    expect(own).toMatchObject({ status: 200, body: { isComplete: true, personId: person.id } });
    expect(own.body.sections['profile']).toMatchObject([{ id: person.id, email: person.email }]);
    expect((await ask(person.id, admin)).status).toBe(200);
    expect((await ask(person.id, stranger)).status).toBe(404);
    expect((await ask(person.id, therapist)).status).toBe(403);
    expect((await ask(person.id, person, '?clinicsNotes=true')).status).toBe(403);
    const acts = await api
      .knex('audit_entries')
      .where({ subject_id: person.id, action: 'person.export', outcome: 'allowed' });
    expect(acts).toHaveLength(2);
  });

  test('shows one instant, whatever is written meanwhile, and goes past one batch', async () => {
    const { id } = await api.person();
    const rows = Array.from({ length: 350 }, () => session(id, 'completed'));
    await api.knex('sessions').insert(rows);
    const { body } = await ask(id, admin);
    expect(body.sections['sessions']).toHaveLength(350);
    const listed = body.sections['sessions']?.map((row) => row['id']);
    expect(new Set(listed).size).toBe(350);
  });

  test('lets go of its connection when its reader goes away', async () => {
    const { id } = await api.person();
    for (let round = 0; round < 6; round += 1) {
      const leaving = new AbortController();
      const response = await fetch(`${api.url}/api/v1/people/${id}/export`, {
        headers: { authorization: `Bearer ${admin.token}` },
        signal: leaving.signal,
      });
      expect([200, 503]).toContain(response.status);
      leaving.abort();
      await response.text().catch(() => undefined);
    }
    const open = async (): Promise<number> => {
      const { rows } = await api.knex.raw(
        `SELECT count(*)::int AS count FROM pg_stat_activity
         WHERE datname = current_database() AND state = 'idle in transaction'`,
      );
      return rows[0].count;
    };
    while ((await open()) > 0);
    expect((await ask(id, admin)).status).toBe(200);
  });
});
