import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createSupportActivities } from '../../../activities/support/index.ts';
import { findSupportSession } from '../../../db/support-sessions.ts';
import { SUPPORT_TIMERS } from '../../../domain/support-timers.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';
import { supportSession, waitingSession } from '../../api/support/messages/support-world.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

const HOUR_MS = 3_600_000;

async function lookTwice(sessionId: string, nowMs: number) {
  const { lookAfterSupport } = createSupportActivities({ knex: api.knex });
  const looks = await Promise.all([
    lookAfterSupport({ sessionId, nowMs }),
    lookAfterSupport({ sessionId, nowMs }),
  ]);
  expect(looks[0]).toEqual(looks[1]);
  return looks[0];
}

async function alertsOf(personId: string): Promise<{ severity: string; type: string }[]> {
  return api.knex('crisis_alerts').where({ person_id: personId }).select('severity', 'type');
}

async function set(id: string, values: object): Promise<void> {
  await api.knex('support_sessions').where({ id }).update(values);
}

test('nobody accepts a grave request: counselors are asked, an alert is raised, both once', async () => {
  const patient = await api.person();
  const id = await waitingSession(api, patient);
  await set(id, { severity: 'high' });
  const early = await lookTwice(id, Date.now());
  expect(early).toMatchObject({ kind: 'open', status: 'waiting', step: 'widen' });
  expect(await alertsOf(patient.id)).toEqual([]);
  const late = await lookTwice(id, Date.now() + SUPPORT_TIMERS.high.unansweredMs + 1_000);
  expect(late).toEqual({ kind: 'open', status: 'waiting', atMs: null, step: null });
  expect(await alertsOf(patient.id)).toEqual([{ severity: 'high', type: 'unanswered_request' }]);
  const steps = await api.knex('support_escalations').where({ session_id: id });
  expect(steps).toHaveLength(1);
  expect(await findSupportSession(api.knex, id)).toMatchObject({
    status: 'waiting',
    isEscalated: true,
    helperType: 'peer',
    hasOpenAlert: true,
  });
});

test('a mild request whose patient is gone is taken back; one who is connected stays', async () => {
  const [gone, there] = [await api.person(), await api.person()];
  const [goneId, thereId] = [await waitingSession(api, gone), await waitingSession(api, there)];
  const processId = '00000000-0000-7000-8000-00000000aaaa';
  const leaseUntil = new Date(Date.now() + HOUR_MS);
  await api.knex('presence_processes').insert({ id: processId, lease_until: leaseUntil });
  await api.knex('presence_leases').insert({ person_id: there.id, process_id: processId });
  const nowMs = Date.now() + SUPPORT_TIMERS.medium.patientGoneMs! + 1_000;
  expect(await lookTwice(goneId, nowMs)).toEqual({ kind: 'over', status: 'cancelled' });
  expect(await lookTwice(thereId, nowMs)).toMatchObject({ kind: 'open', status: 'waiting' });
  expect((await findSupportSession(api.knex, goneId))?.endReason).toBe('patient_gone');
});

test('while an alert is open, silence takes nobody off the list', async () => {
  const patient = await api.person();
  const id = await waitingSession(api, patient);
  const { token } = patient;
  await api.call('POST', '/api/urgent/escalate', { sessionId: id, severity: 'low' }, { token });
  await set(id, { severity: 'low' });
  const nowMs = Date.now() + 24 * HOUR_MS;
  expect(await lookTwice(id, nowMs)).toMatchObject({ kind: 'open', step: 'cancel_gone' });
  await api.knex('crisis_alerts').where({ person_id: patient.id }).update({
    status: 'resolved',
    resolved_at: new Date(),
  });
  expect(await lookTwice(id, nowMs)).toEqual({ kind: 'over', status: 'cancelled' });
});

test('a helper who vanished leaves the patient first in line and sees nothing more', async () => {
  const { id, helper } = await supportSession(api);
  const nowMs = Date.now() + SUPPORT_TIMERS.medium.helperGoneMs + 1_000;
  expect(await lookTwice(id, nowMs)).toMatchObject({ kind: 'open', status: 'waiting' });
  expect(await findSupportSession(api.knex, id)).toMatchObject({
    helperId: null,
    isReturned: true,
    waitingSince: new Date(nowMs),
  });
  const read = await api.call('GET', `/api/sessions/${id}`, undefined, { token: helper.token });
  expect(read.status).toBe(403);
  const again = await api.call('POST', `/api/sessions/${id}/accept`, {}, { token: helper.token });
  expect(again.status).toBe(200);
});

test('silence is asked about, then ends it; who was in danger is looked for', async () => {
  const { id, patient, helper } = await supportSession(api);
  await set(id, { severity: 'critical' });
  await api
    .knex('support_participants')
    .where({ person_id: helper.id })
    .update({
      last_seen_at: new Date(Date.now() + 24 * HOUR_MS),
    });
  const asked = Date.now() + SUPPORT_TIMERS.critical.idleAskMs + 1_000;
  expect(await lookTwice(id, asked)).toMatchObject({ kind: 'open', step: 'close_idle' });
  const over = await lookTwice(id, asked + SUPPORT_TIMERS.critical.idleCloseMs + 1_000);
  expect(over).toEqual({ kind: 'over', status: 'closed' });
  expect(await alertsOf(patient.id)).toEqual([{ severity: 'critical', type: 'lost_contact' }]);
});
