import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { type SweepDeps, createSweepActivities } from '../../../activities/sweep/index.ts';
import { type DangerFault, sweepScreening } from '../../../activities/sweep/screening.ts';
import { triggerTextRef } from '../../../db/crisis-carrying.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { answerAll, startScreening } from './answering.ts';

let api: TestApi;
let person: TestPerson;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());
beforeEach(async () => {
  person = await api.person();
});

const alerts = () => api.knex('crisis_alerts').where({ person_id: person.id }).orderBy('number');
const severities = async (): Promise<string[]> =>
  (await alerts()).map(({ severity, status }) => `${severity} ${status}`);
const triggers = async (): Promise<number> => {
  const ids = (await alerts()).map(({ id }) => id);
  return (await api.knex('crisis_triggers').whereIn('alert_id', ids)).length;
};

const change = (id: string, to: object) => api.knex('screening_responses').where({ id }).update(to);
const answer = (sessionId: string, questionNumber: number, selectedValue: number) => {
  const body = { sessionId, questionNumber, selectedValue };
  return api.call('POST', '/api/responses/submit-answer', body, { token: person.token });
};

/** A quarter of an hour passes, and whoever sweeps comes by. */
async function lieStill(sessionId: string): Promise<void> {
  await change(sessionId, { updated_at: new Date(Date.now() - 16 * 60_000) });
  await sweepScreening(api.knex);
}

const resolve = () =>
  api
    .knex('crisis_alerts')
    .where({ person_id: person.id })
    .update({ status: 'resolved', resolved_at: new Date() });

describe('an unfinished questionnaire', () => {
  test('with an answer of danger calls a human once it lies still, and once only', async () => {
    const sessionId = await startScreening(api, person, 'PHQ-9');
    await answer(sessionId, 9, 2);
    await sweepScreening(api.knex);
    expect(await severities()).toEqual([]);
    await change(sessionId, { updated_at: new Date(Date.now() - 16 * 60_000) });
    await Promise.all([sweepScreening(api.knex), sweepScreening(api.knex)]);
    await sweepScreening(api.knex);
    expect(await severities()).toEqual(['high paging']);
    expect(await triggers()).toBe(1);
  });

  test('calls a human also while nothing else can be swept', async () => {
    const sessionId = await startScreening(api, person, 'PHQ-9');
    await answer(sessionId, 9, 2);
    await change(sessionId, { updated_at: new Date(Date.now() - 16 * 60_000) });
    const temporal = {} as SweepDeps['temporal'];
    const { sweep } = createSweepActivities({ knex: api.knex, temporal });
    await expect(sweep()).rejects.toThrow();
    expect(await alerts()).toHaveLength(1);
  });

  test('that can call nobody keeps no other from it, and fails the sweep that left it', async () => {
    const unlucky = await startScreening(api, person, 'PHQ-9');
    await answer(unlucky, 9, 1);
    await change(unlucky, { updated_at: new Date(Date.now() - 20 * 60_000) });
    const ofUnlucky = person.id;
    person = await api.person();
    const other = await startScreening(api, person, 'PHQ-9');
    await answer(other, 9, 1);
    await change(other, { updated_at: new Date(Date.now() - 16 * 60_000) });
    const overdue = await startScreening(api, person, 'GAD-7');
    await change(overdue, { expires_at: new Date() });
    const faults: string[] = [];
    const onDangerFault = ({ responseId }: DangerFault) => faults.push(responseId);
    const temporal = { workflow: { list: async function* () {} } } as unknown as Client;
    const { sweep } = createSweepActivities({ knex: api.knex, temporal, onDangerFault });
    await api.knex.raw(
      `ALTER TABLE crisis_alerts ADD CONSTRAINT down CHECK (person_id <> '${ofUnlucky}')`,
    );
    await expect(sweep()).rejects.toMatchObject({ code: 'dependency_unavailable' });
    await api.knex.raw('ALTER TABLE crisis_alerts DROP CONSTRAINT down');
    expect(faults).toEqual([unlucky]);
    expect(await severities()).toEqual(['high paging']);
    const [row] = await api.knex('screening_responses').where({ id: overdue });
    expect(row.status).toBe('expired');
    expect(await sweep()).toMatchObject({ dangersRaised: 1 });
    expect(await api.knex('crisis_alerts').where({ person_id: ofUnlucky })).toHaveLength(1);
  });

  test('is looked at also when it is begun anew past its time', async () => {
    const sessionId = await startScreening(api, person, 'PHQ-9');
    await answer(sessionId, 9, 1);
    await change(sessionId, { expires_at: new Date() });
    expect(await startScreening(api, person, 'PHQ-9')).not.toBe(sessionId);
    expect(await severities()).toEqual(['high paging']);
  });

  test('calls a human for an answer of danger that comes when its time is up', async () => {
    const sessionId = await startScreening(api, person, 'PHQ-9');
    await answer(sessionId, 9, 1);
    await resolve();
    await change(sessionId, {
      expires_at: new Date(Date.now() - 1_000),
      danger_raised_at: new Date(),
    });
    const harmless = await answer(sessionId, 1, 3);
    expect([harmless.status, await severities()]).toEqual([409, []]);
    expect(harmless.body).not.toHaveProperty('emergencyContacts');
    const late = await answer(sessionId, 9, 3);
    const [alert] = await alerts();
    expect(late.status).toBe(409);
    expect(late.body).toMatchObject({
      sessionStatus: 'expired',
      alertCreated: alert.id,
      emergencyContacts: { crisis: '988' },
    });
    expect(await severities()).toEqual(['critical paging']);
    // Somebody else's answer calls nobody.
    const other = await api.person();
    const body = { sessionId, questionNumber: 9, selectedValue: 3 };
    const { status } = await api.call('POST', '/api/responses/submit-answer', body, other);
    expect([status, await triggers()]).toEqual([404, 1]);
    await sweepScreening(api.knex);
  });

  test('calls a human for an answer of danger that comes when it is completed', async () => {
    const sessionId = await startScreening(api, person, 'PHQ-9');
    await answerAll(api, person, sessionId, Array(9).fill(0));
    const complete = await api.call('POST', '/api/responses/complete', { sessionId }, person);
    expect([complete.status, await severities()]).toEqual([200, []]);
    expect((await answer(sessionId, 9, 0)).body).not.toHaveProperty('emergencyContacts');
    const late = await answer(sessionId, 9, 3);
    const [alert] = await alerts();
    expect([late.status, await severities()]).toEqual([409, ['critical paging']]);
    expect(late.body).toMatchObject({ sessionStatus: 'completed', alertCreated: alert.id });
    const garbled = { sessionId, questionNumber: 99, selectedValue: 3 };
    const { body } = await api.call('POST', '/api/responses/submit-answer', garbled, person);
    expect(body).not.toHaveProperty('emergencyContacts');
  });

  test('is written down as expired', async () => {
    const sessionId = await startScreening(api, person, 'GAD-7');
    await change(sessionId, { expires_at: new Date() });
    expect(await sweepScreening(api.knex)).toMatchObject({ responsesExpired: 1 });
    const [row] = await api.knex('screening_responses').where({ id: sessionId });
    expect(row.status).toBe('expired');
  });
});

describe('one that is gone on with after a human was called', () => {
  async function calledFor(type: string, number: number, value: number): Promise<string> {
    const sessionId = await startScreening(api, person, type);
    await answer(sessionId, number, value);
    await lieStill(sessionId);
    expect(await triggers()).toBe(1);
    return sessionId;
  }

  test('a graver answer calls again once the alert is resolved', async () => {
    const sessionId = await calledFor('PHQ-9', 9, 1);
    await resolve();
    await answer(sessionId, 9, 3);
    await lieStill(sessionId);
    expect(await severities()).toEqual(['high resolved', 'critical paging']);
    await lieStill(sessionId);
    expect(await triggers()).toBe(2);
  });

  test('so does a graver one that is no more urgent', async () => {
    const sessionId = await calledFor('PHQ-9', 9, 1);
    await resolve();
    await answer(sessionId, 9, 2);
    await lieStill(sessionId);
    expect(await severities()).toEqual(['high resolved', 'high paging']);
  });

  test('a graver answer joins the alert that is open, and makes it as urgent', async () => {
    const sessionId = await calledFor('PHQ-9', 9, 1);
    await answer(sessionId, 9, 3);
    await lieStill(sessionId);
    expect(await severities()).toEqual(['critical paging']);
    expect(await triggers()).toBe(2);
  });

  test('an answer of danger to another question calls again, however urgent the first', async () => {
    const sessionId = await calledFor('GHQ-28', 24, 2);
    await resolve();
    await answer(sessionId, 25, 2);
    await lieStill(sessionId);
    expect(await severities()).toEqual(['high resolved', 'high paging']);
  });

  test('an answer that was taken back and is given again calls again', async () => {
    const sessionId = await calledFor('PHQ-9', 9, 2);
    await resolve();
    await answer(sessionId, 9, 0);
    await lieStill(sessionId);
    await answer(sessionId, 9, 2);
    await lieStill(sessionId);
    expect(await severities()).toEqual(['high resolved', 'high paging']);
  });

  test.each([
    ['the same answer', 9, 2],
    ['a milder one', 9, 1],
    ['a harmless one to another question', 1, 3],
  ])('%s calls nobody again', async (_, number, value) => {
    const sessionId = await calledFor('PHQ-9', 9, 2);
    await resolve();
    await answer(sessionId, number, value);
    await lieStill(sessionId);
    expect(await severities()).toEqual(['high resolved']);
  });
});

describe('the gravest answer', () => {
  test('calls a human at once, says so with whom to call, and is called for once', async () => {
    const sessionId = await startScreening(api, person, 'PHQ-9');
    const reply = await answer(sessionId, 9, 3);
    const [alert] = await alerts();
    expect(alert).toMatchObject({ severity: 'critical', type: 'screening_answer' });
    expect(reply).toMatchObject({
      status: 200,
      body: { alertCreated: alert.id, emergencyContacts: { crisis: '988' } },
    });
    const [outgoing] = await api.knex('outbox').whereRaw("payload->>'alertId' = ?", [alert.id]);
    expect(outgoing.topic).toBe('crisis.raised');
    await lieStill(sessionId);
    expect(await triggers()).toBe(1);
  });

  test('is in the same alert as what it comes to once it is completed', async () => {
    const sessionId = await startScreening(api, person, 'PHQ-9');
    await answerAll(api, person, sessionId, [0, 0, 0, 0, 0, 0, 0, 0, 3]);
    const path = '/api/responses/complete';
    await api.call('POST', path, { sessionId }, { token: person.token });
    const [result] = await api.knex('screening_results').where({ response_id: sessionId });
    expect((await alerts()).map(({ id }) => id)).toEqual([result.alert_id]);
    expect(await triggers()).toBe(2);
  });

  test('is not written where nobody can be called for it', async () => {
    const sessionId = await startScreening(api, person, 'PHQ-9');
    await api.knex.raw('ALTER TABLE crisis_triggers ADD CONSTRAINT down CHECK (false) NOT VALID');
    const failed = await answer(sessionId, 9, 3);
    await api.knex.raw('ALTER TABLE crisis_triggers DROP CONSTRAINT down');
    expect(failed.status).toBeGreaterThanOrEqual(500);
    const [row] = await api.knex('screening_responses').where({ id: sessionId });
    expect([row.answered, row.danger]).toEqual([[], null]);
  });

  test('calls nobody at once while an alert as grave is open, and joins it later', async () => {
    const sessionId = await startScreening(api, person, 'PHQ-9');
    await answer(sessionId, 9, 3);
    await answer(sessionId, 9, 0);
    await answer(sessionId, 9, 3);
    expect(await triggers()).toBe(1);
    await lieStill(sessionId);
    expect(await severities()).toEqual(['critical paging']);
    expect(await triggers()).toBe(2);
  });

  test('is one report with its words', async () => {
    const sessionId = await startScreening(api, person, 'PHQ-9');
    const selectedText = 'I have been cutting myself';
    const body = { sessionId, questionNumber: 9, selectedValue: 3, selectedText };
    await api.call('POST', '/api/responses/submit-answer', body, { token: person.token });
    const [alert] = await alerts();
    expect(alert.severity).toBe('critical');
    const [trigger, ...others] = await api.knex('crisis_triggers').where({ alert_id: alert.id });
    expect(others).toEqual([]);
    const ref = triggerTextRef({ alertId: alert.id, triggerId: trigger.id });
    const told = await api.deps.cipher.openField(api.knex, ref, trigger.details);
    expect(told).toContain(selectedText);
  });
});
