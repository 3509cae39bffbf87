import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type TestClinic, startClinic } from './clinic.ts';

let clinic: TestClinic;
beforeAll(async () => {
  clinic = await startClinic();
}, 120_000);
afterAll(() => clinic.api.close());

interface Readiness {
  readonly isReady: boolean;
  readonly findings: readonly { code: string; severity: string; subject: { id: string } }[];
  readonly parts: readonly { name: string; lastHeardAt: string | null }[];
  readonly lastDrill: Drill | null;
}

interface Drill {
  readonly id: string;
  readonly alertId: string;
  readonly status: string;
  readonly number: string;
  readonly timeToFirstPageMs: number | null;
  readonly timeToAcknowledgeMs: number | null;
}

const readiness = async (): Promise<Readiness> => {
  const { status, body } = await clinic.as<Readiness>('alex', 'GET', '/api/v1/crisis/readiness');
  expect(status).toBe(200);
  return body;
};
const beat = (part: string): Promise<unknown> =>
  clinic.api.knex.raw(
    `INSERT INTO crisis_heartbeats VALUES (?, 'test', 1, now())
     ON CONFLICT (part) DO UPDATE SET beat_at = now()`,
    [part],
  );

test('a clinic hears what stands in the way, and that it is ready once that is seen to', async () => {
  const { api, ids } = clinic;
  const before = await readiness();
  expect(before.isReady).toBe(false);
  const silent = before.findings.filter(({ code }) => code === 'part_silent');
  expect(silent.map(({ subject }) => subject.id)).toEqual(['auditor', 'worker']);
  expect(before.findings.map(({ code }) => code)).toEqual(
    expect.arrayContaining(['no_drill', 'resource_review_due']),
  );
  await beat('auditor');
  await beat('worker');
  expect((await readiness()).isReady).toBe(true);
  await api.knex('people').where({ id: ids.sarah }).update({ phone_verified_at: null });
  const phones = (await readiness()).findings.filter(({ code }) => code === 'phone_unverified');
  expect(phones.map(({ subject }) => subject.id)).toContain(ids.sarah);
  await api.knex('people').where({ id: ids.sarah }).update({ suspended_at: new Date() });
  expect((await readiness()).findings).toContainEqual(
    expect.objectContaining({ code: 'person_unpageable', severity: 'critical' }),
  );
  await api.knex('people').where({ id: ids.sarah }).update({ suspended_at: null });
});

test('a drill is an alert for nobody; one runs at a time, and the same request makes no second', async () => {
  const { api } = clinic;
  const headers = { 'idempotency-key': 'drill-1' };
  const start = (): Promise<{ status: number; body: Drill }> =>
    clinic.as<Drill>('alex', 'POST', '/api/v1/crisis/drills', { severity: 'high' }, headers);
  const [first, again] = await Promise.all([start(), start()]);
  expect([first.status, again.status]).toEqual([202, 202]);
  expect(again.body).toEqual(first.body);
  expect(first.body).toMatchObject({ status: 'running', timeToFirstPageMs: null });
  const [row] = await api.knex('crisis_alerts').select('*');
  expect(row).toMatchObject({ id: first.body.alertId, is_drill: true, severity: 'high' });
  const [person] = await api.knex('people').where({ id: row.person_id });
  expect(person).toMatchObject({ role: 'patient', password_hash: null, email: null });
  const second = await clinic.as('alex', 'POST', '/api/v1/crisis/drills', {});
  expect([second.status, second.body['code']]).toEqual([409, 'wrong_state']);

  await api.knex.raw(
    `UPDATE crisis_alerts SET first_page_at = created_at + interval '2 seconds',
       acknowledged_at = created_at + interval '9 seconds'`,
  );
  const listed = await clinic.as<{ data: Drill[] }>('alex', 'GET', '/api/v1/crisis/drills');
  expect(listed.body.data).toMatchObject([
    { status: 'acknowledged', timeToFirstPageMs: 2_000, timeToAcknowledgeMs: 9_000 },
  ]);
  expect((await readiness()).lastDrill).toEqual(listed.body.data[0]);
});

test('nobody but admins hears of it, and each clinic of its own alone', async () => {
  const paths = [
    ['GET', '/api/v1/crisis/readiness'],
    ['GET', '/api/v1/crisis/drills'],
    ['POST', '/api/v1/crisis/drills'],
  ] as const;
  for (const name of ['ada', 'sarah', 'sam'] as const) {
    for (const [method, path] of paths) {
      expect((await clinic.as(name, method, path)).status).toBe(403);
    }
  }
  const other = await clinic.as<{ data: Drill[] }>('stranger', 'GET', '/api/v1/crisis/drills');
  expect(other.body.data).toEqual([]);
});
