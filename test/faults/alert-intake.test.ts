import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Knex } from 'knex';
import { type IntakeDeps, type Raised, raiseAlert } from '../../api/crisis/intake.ts';
import { decideWord } from '../../api/crisis/decide.ts';
import { openDatabase } from '../../db/knex.ts';
import { workflowId } from '../../domain/ids.ts';
import { alertStateQuery } from '../../workflows/messages/crisis-alert.ts';
import type { TestPerson } from '../support/api.ts';
import {
  type OnCallPerson,
  addOnCall,
  alertRow,
  codeSentTo,
  say,
} from '../support/stack-crisis.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

/** Nobody listens there. */
const NOWHERE = '127.0.0.1:9';

let server: TestWorkflowEnvironment;
let stack: Stack;
let onCall: OnCallPerson;
let noDatabase: Knex;
let noTemporal: Connection;

beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  onCall = await addOnCall(stack);
  noDatabase = openDatabase(`postgresql://postgres@${NOWHERE}/none`, { acquireTimeoutMs: 500 });
  noTemporal = Connection.lazy({ address: NOWHERE, connectTimeout: 300 });
  await stack.startCrisisWorker();
}, 120_000);
afterAll(async () => {
  await stack.close();
  await noDatabase.destroy();
  await noTemporal.close();
  await server.teardown();
});

function report({ id }: TestPerson, deps: Partial<IntakeDeps>): Promise<Raised> {
  const { clinicId, deps: whole } = stack.api;
  return raiseAlert(
    { ...whole, ...deps },
    {
      clinicId,
      personId: id,
      severity: 'high',
      type: 'user-report',
      source: 'report',
      sessionId: null,
      messageId: null,
      reportedBy: id,
      words: 'I need somebody',
    },
    { principal: null, requestId: randomUUID() },
  );
}

const withoutTemporal = (): Partial<IntakeDeps> => ({
  temporal: new Client({ connection: noTemporal }),
});

test('without PostgreSQL a report is taken, and stands on record as soon as it can', async () => {
  const patient = await stack.api.person();
  const raised = await report(patient, { crisisKnex: noDatabase });
  expect(raised.number).toBeNull();
  await until(async () => (await alertRow(stack, raised.alertId)) !== undefined);
  const row = await alertRow(stack, raised.alertId);
  expect(row).toMatchObject({
    status: 'paging',
    number: expect.stringMatching(/^CA-\d{4}-\d{6}$/),
  });
  await codeSentTo(stack, onCall.phone);
  await until(async () => ((await alertRow(stack, raised.alertId)).state?.batch ?? 0) > 0);
  expect(await say(stack, 'acknowledge', raised.alertId, onCall)).toMatchObject({ status: 200 });
}, 120_000);

test('what was reported without PostgreSQL joins the alert that the person has open', async () => {
  const patient = await stack.api.person();
  const open = await report(patient, {});
  const other = await report(patient, { crisisKnex: noDatabase });
  expect(other.alertId).not.toBe(open.alertId);
  const handle = stack.temporal.workflow.getHandle(workflowId('alert', other.alertId));
  expect(await handle.result()).toMatchObject({ joinedTo: open.alertId });
  const reports = await stack.api.knex('crisis_triggers').where({ alert_id: open.alertId });
  expect(reports).toHaveLength(2);
  const alerts = await stack.api.knex('crisis_alerts').where({ person_id: patient.id });
  expect(alerts).toHaveLength(1);
}, 120_000);

test('without Temporal a report is taken, and its workflow begins when it is back', async () => {
  const patient = await stack.api.person();
  const raised = await report(patient, withoutTemporal());
  expect(raised.isNew).toBe(true);
  await until(async () => ((await alertRow(stack, raised.alertId)).state?.batch ?? 0) > 0);
}, 120_000);

test('without both a report is refused, loudly', async () => {
  const patient = await stack.api.person();
  const refused = report(patient, { crisisKnex: noDatabase, ...withoutTemporal() });
  await expect(refused).rejects.toMatchObject({ code: 'dependency_unavailable' });
}, 120_000);

test('of a race of reports, with and without PostgreSQL, one alert is left', async () => {
  const patient = await stack.api.person();
  const ways = [{}, { crisisKnex: noDatabase }, {}, withoutTemporal(), {}];
  await Promise.all(ways.map((deps) => report(patient, deps)));
  const left = async () =>
    stack.api
      .knex('crisis_triggers')
      .join('crisis_alerts', 'crisis_alerts.id', 'crisis_triggers.alert_id')
      .where({ person_id: patient.id });
  await until(async () => (await left()).length === ways.length);
  expect(new Set((await left()).map(({ alert_id: id }) => id)).size).toBe(1);
}, 120_000);

test('what the record has decided without Temporal, the workflow goes on from', async () => {
  const patient = await stack.api.person();
  const { alertId } = await report(patient, {});
  await until(async () => ((await alertRow(stack, alertId)).state?.batch ?? 0) > 0);
  const word = { alertId, personId: onCall.id, verb: 'acknowledge', via: 'api' } as const;
  const deps = { ...stack.api.deps, ...withoutTemporal() };
  const answer = await decideWord(deps, { ...word, outcome: null, wordId: randomUUID() });
  expect(answer).toMatchObject({ kind: 'done', status: 'held', holderId: onCall.id });
  const handle = stack.temporal.workflow.getHandle(workflowId('alert', alertId));
  await until(async () => (await handle.query(alertStateQuery))?.kind === 'held');
  const late = await say(stack, 'acknowledge', alertId, await addOnCall(stack));
  expect(late).toMatchObject({ status: 409, body: { holderId: onCall.id } });
}, 120_000);
