import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';

let api: TestApi;
let people: Readonly<Record<'admin' | 'counselor' | 'patient', TestPerson>>;
beforeAll(async () => {
  api = await startTestApi();
  // A day begins there when it is 14 hours old in UTC's east: what day it is depends on the zone.
  await api.knex('clinics').where({ id: api.clinicId }).update({ time_zone: 'Pacific/Kiritimati' });
  const [admin, counselor] = [{ role: 'admin' }, { role: 'counselor' }] as const;
  people = {
    admin: await api.person(admin),
    counselor: await api.person(counselor),
    patient: await api.person(),
  };
}, 120_000);
afterAll(() => api.close());

interface Past {
  readonly severity: string;
  readonly createdAt: Date;
  readonly answeredAfterSeconds?: number;
  readonly isResolved?: boolean;
  readonly isDrill?: boolean;
  readonly clinicId?: string;
}

let count = 0;

async function alert(past: Past): Promise<void> {
  const { severity, createdAt, answeredAfterSeconds, isResolved = false } = past;
  count += 1;
  const { id: person_id } = await api.person();
  const at = (seconds: number): Date => new Date(createdAt.getTime() + seconds * 1_000);
  await api.knex('crisis_alerts').insert({
    id: newId(),
    number: `CA-2019-${String(count).padStart(6, '0')}`,
    clinic_id: past.clinicId ?? api.clinicId,
    person_id,
    severity,
    type: 'user-report',
    is_drill: past.isDrill ?? false,
    status: isResolved ? 'resolved' : 'paging',
    created_at: createdAt,
    acknowledged_at: answeredAfterSeconds === undefined ? null : at(answeredAfterSeconds),
    resolved_at: isResolved ? at(3_600) : null,
  });
}

/** `YYYY-MM-DD` in Kiritimati, 14 hours ahead of UTC the year round. */
function dayThere(at: Date): string {
  return new Date(at.getTime() + 14 * 3_600_000).toISOString().slice(0, 10);
}

test('the statistics are those of a record that was counted by hand', async () => {
  const now = Date.now();
  const hoursAgo = (hours: number): Date => new Date(now - hours * 3_600_000);
  const lately = hoursAgo(24 * 5);
  await alert({ severity: 'low', createdAt: lately, answeredAfterSeconds: 60, isResolved: true });
  await alert({ severity: 'high', createdAt: lately, answeredAfterSeconds: 240, isResolved: true });
  await alert({ severity: 'critical', createdAt: hoursAgo(1), answeredAfterSeconds: 31 });
  await alert({ severity: 'critical', createdAt: hoursAgo(24 * 90), isResolved: true });
  await alert({ severity: 'medium', createdAt: hoursAgo(2) });
  await alert({ severity: 'critical', createdAt: lately, isDrill: true, answeredAfterSeconds: 1 });
  await alert({ severity: 'critical', createdAt: lately, clinicId: await api.clinic() });

  const { token } = people.admin;
  const { status, body } = await api.call<{ data: Record<string, unknown> }>(
    'GET',
    '/api/crisis/stats',
    undefined,
    { token },
  );
  expect(status).toBe(200);
  const { trendsLast30Days, ...numbers } = body.data;
  expect(numbers).toEqual({
    totalAlerts: 5,
    activeAlerts: 2,
    resolvedAlerts: 3,
    severityBreakdown: { low: 1, medium: 1, high: 1, critical: 2 },
    // (60 + 240 + 31) / 3
    averageResponseTime: 110,
  });
  const trend = new Map(
    (trendsLast30Days as { date: string; count: number }[]).map((day) => [day.date, day.count]),
  );
  expect(trend.size).toBe(30);
  expect(trend.get(dayThere(lately))).toBe(2);
  const today = [hoursAgo(1), hoursAgo(2)].filter((at) => dayThere(at) === dayThere(new Date(now)));
  expect(trend.get(dayThere(new Date(now)))).toBe(today.length);
});

test('the crisis team lists alerts with their words; others get nothing', async () => {
  const { patient, counselor } = people;
  const words = { severity: 'critical', description: 'in danger', triggerMessage: 'come' };
  await api.call('POST', '/api/crisis', words, { token: patient.token });
  const path = `/api/crisis?userId=${patient.id}&status=active&severity=critical`;
  const { body } = await api.call('GET', path, undefined, { token: counselor.token });
  const own = { severity: 'critical', status: 'active', description: 'in danger' };
  expect(body).toMatchObject({
    data: { alerts: [{ ...own, user: { id: patient.id }, assignedCounselor: null }], count: 1 },
    alerts: [
      {
        ...own,
        user: { _id: patient.id, profile: { firstName: 'Test' } },
        session: null,
        responseTime: null,
        resolution: null,
        riskLevel: 'critical',
      },
    ],
    pagination: { currentPage: 1, totalPages: 1, totalAlerts: 1 },
    summary: { resolved: 3 },
  });
  const outsiders = [
    patient,
    await api.person({ role: 'peer' }),
    await api.person({ role: 'counselor', isVerified: false }),
  ];
  for (const { token } of outsiders) {
    expect(await api.call('GET', path, undefined, { token })).toMatchObject({ status: 403 });
  }
  const foreign = await api.person({ role: 'admin', clinicId: await api.clinic() });
  const { body: nothing } = await api.call('GET', path, undefined, { token: foreign.token });
  expect(nothing).toMatchObject({ alerts: [], pagination: { totalAlerts: 0 } });
});

test.each([
  '?status=held',
  '?limit=0',
  '?page=-1',
  '?dateFrom=yesterday',
  '?assignedTo=x&userId=%27',
  '?page=9000',
])('GET /api/crisis%s is no fault of ours', async (query) => {
  const { token } = people.admin;
  const { status } = await api.call('GET', `/api/crisis${query}`, undefined, { token });
  expect([200, 400]).toContain(status);
});

test('who waits unanswered is told so in the list of messages, and nobody else is', async () => {
  const { patient } = people;
  const sessionId = newId();
  const kind = { type: 'peer_support', helper_type: 'peer', severity: 'medium', status: 'waiting' };
  const clinic = { clinic_id: api.clinicId, patient_id: patient.id };
  await api.knex('support_sessions').insert({ id: sessionId, ...clinic, ...kind });
  await api
    .knex('support_participants')
    .insert({ session_id: sessionId, person_id: patient.id, role: 'patient' });
  await api
    .knex('crisis_alerts')
    .where({ person_id: patient.id })
    .update({ session_id: sessionId });
  const [alert] = await api.knex('crisis_alerts').where({ person_id: patient.id });
  const path = `/api/messages/session/${sessionId}`;
  const before = await api.call('GET', path, undefined, { token: patient.token });
  expect(before.body['systemNotes']).toBeUndefined();
  await api.knex('crisis_events').insert({ alert_id: alert.id, kind: 'person_told' });
  const { body } = await api.call('GET', path, undefined, { token: patient.token });
  const message = expect.stringMatching(/^Nobody has answered yet.*911.*988.*741741/);
  expect(body['systemNotes']).toEqual([{ message, createdAt: expect.any(String) }]);
});
