import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { workflowId } from '../../domain/ids.ts';
import { answerAll, startScreening } from '../api/support/answering.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { addOnCall } from '../support/stack-crisis.ts';
import { textsTo } from '../support/stack-findings.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

let server: TestWorkflowEnvironment;
let stack: Stack;
beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
}, 120_000);
afterAll(async () => {
  await stack.close();
  await server.teardown();
});

/** Completes at an API's own process, which kills itself when it is about to start the alert. */
async function completeAndCrash(token: string, sessionId: string): Promise<void> {
  const api = await stack.startKillableApi('before_alert_start');
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ sessionId });
  const path = '/api/responses/complete';
  // Whether the answer still gets out before the process is gone is a matter of luck.
  await Promise.allSettled([fetch(`${api.url}${path}`, { method: 'POST', headers, body })]);
  expect(await api.ended).toEqual({ code: null, signal: 'SIGKILL' });
}

test('a process killed between the result’s commit and the alert’s start still pages', async () => {
  const helper = await addOnCall(stack);
  const person = await stack.api.person();
  const sessionId = await startScreening(stack.api, person, 'PHQ-9');
  await answerAll(stack.api, person, sessionId, [0, 0, 0, 0, 0, 0, 0, 0, 2]);
  await completeAndCrash(person.token, sessionId);
  const { knex } = stack.api;
  const [result] = await knex('screening_results').where({ response_id: sessionId });
  const alerts = await knex('crisis_alerts').where({ person_id: person.id });
  expect(alerts.map(({ id, severity }) => [id, severity])).toEqual([[result.alert_id, 'high']]);
  const handle = stack.temporal.workflow.getHandle(workflowId('alert', result.alert_id));
  await expect(handle.describe()).rejects.toThrow('not found');
  await stack.startCrisisWorker();
  await until(async () => (await textsTo(stack, helper.phone)).length > 0);
  const [text] = await textsTo(stack, helper.phone);
  expect(text!.body).toContain(alerts[0].number);
  expect((await handle.describe()).status.name).toBe('RUNNING');
}, 120_000);
