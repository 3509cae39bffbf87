import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { recordTrigger } from '../../db/crisis-intake.ts';
import type { NewTrigger, RaisedAlert } from '../../db/crisis-intake.ts';
import type { AlertSeverity } from '../../domain/escalation-policy.ts';
import { type TestApi, startTestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

function triggerOf(personId: string, severity: AlertSeverity, source: NewTrigger['source']) {
  return {
    clinicId: api.clinicId,
    personId,
    severity,
    type: 'suicide-risk',
    source,
    sessionId: null,
    messageId: null,
    reportedBy: personId,
    details: null,
  };
}

function raise(
  personId: string,
  severity: AlertSeverity = 'high',
  source: NewTrigger['source'] = 'message',
): Promise<RaisedAlert> {
  return api.knex.transaction((trx) => recordTrigger(trx, triggerOf(personId, severity, source)));
}

const alertsOf = (personId: string) => api.knex('crisis_alerts').where({ person_id: personId });

test('of reports at once one opens the alert and the others join it', async () => {
  const { id } = await api.person();
  const raised = await Promise.all(Array.from({ length: 20 }, () => raise(id)));
  expect(raised.filter(({ isNew }) => isNew)).toHaveLength(1);
  expect(new Set(raised.map(({ alertId }) => alertId)).size).toBe(1);
  const [alert] = await alertsOf(id);
  expect(alert.number).toMatch(/^CA-\d{4}-\d{6}$/);
  const triggers = await api.knex('crisis_triggers').where({ alert_id: alert.id });
  expect(triggers).toHaveLength(20);
  const outgoing = await api.knex('outbox').whereRaw("payload->>'alertId' = ?", [alert.id]);
  expect(outgoing.map(({ topic }) => topic)).toEqual(Array(20).fill('crisis.raised'));
});

test('a report raises the severity and never lowers it', async () => {
  const { id } = await api.person();
  await raise(id, 'medium');
  await Promise.all([raise(id, 'low'), raise(id, 'critical'), raise(id, 'high')]);
  const { severity } = await raise(id, 'low');
  expect(severity).toBe('critical');
  expect(await alertsOf(id)).toMatchObject([{ severity: 'critical' }]);
});

test('after a resolution a report opens another alert, under a number of its own', async () => {
  const { id } = await api.person();
  const first = await raise(id);
  await api.knex('crisis_alerts').where({ id: first.alertId }).update({
    status: 'resolved',
    resolved_at: new Date(),
  });
  const second = await raise(id);
  expect(second.isNew).toBe(true);
  expect(second.alertId).not.toBe(first.alertId);
  expect(second.number > first.number).toBe(true);
});

test('a report that comes while the alert is being resolved is not lost with it', async () => {
  const { id } = await api.person();
  const first = await raise(id);
  let second: Promise<RaisedAlert> | undefined;
  await api.knex.transaction(async (trx) => {
    const end = { status: 'resolved', resolved_at: new Date() };
    await trx('crisis_alerts').where({ id: first.alertId }).update(end);
    second = raise(id);
    // It waits for this transaction, or it would have joined what is resolved.
    const waiting = async (): Promise<boolean> =>
      (await trx.raw("SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")).rows
        .length > 0;
    while (!(await waiting()));
  });
  expect((await second!).isNew).toBe(true);
});

test('a drill has an alert of its own', async () => {
  const { id } = await api.person();
  const real = await raise(id);
  const [drill, another] = [await raise(id, 'high', 'drill'), await raise(id, 'high', 'drill')];
  expect(new Set([real.alertId, drill.alertId, another.alertId]).size).toBe(3);
  expect((await raise(id)).alertId).toBe(real.alertId);
});

test('a report whose transaction fails leaves nothing, and its number is not given again', async () => {
  const { id } = await api.person();
  const numbers: string[] = [];
  const failing = api.knex.transaction(async (trx) => {
    numbers.push((await recordTrigger(trx, triggerOf(id, 'high', 'report'))).number);
    throw new Error(randomUUID());
  });
  await expect(failing).rejects.toThrow();
  expect(await alertsOf(id)).toEqual([]);
  const { number, isNew } = await raise(id);
  expect(isNew).toBe(true);
  expect(numbers).not.toContain(number);
});
