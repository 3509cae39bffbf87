import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { ApiDeps } from '../../api/context.ts';
import { createApp } from '../../api/server.ts';
import { answerAll, startScreening } from '../api/support/answering.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { addOnCall, textsTo } from '../support/stack-crisis.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

let server: TestWorkflowEnvironment;
let stack: Stack;
beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  await stack.startCrisisWorker();
}, 120_000);
afterAll(async () => {
  await stack.close();
  await server.teardown();
});

/** Of this API nothing gets to Temporal: after a commit it is as silent as if it had crashed there. */
async function completeAndCrash(token: string, sessionId: string): Promise<number> {
  const silent = (): Promise<never> => Promise.reject(new Error('crashed'));
  const workflow = { startUpdateWithStart: silent, start: silent };
  const withDeadline = (_at: number, work: () => Promise<unknown>): Promise<unknown> => work();
  const temporal = { workflow, withDeadline } as unknown as ApiDeps['temporal'];
  const api = createServer(createApp({ ...stack.api.deps, temporal }));
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(api.address() as AddressInfo).port}/api/responses/complete`;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ sessionId });
  const { status } = await fetch(url, { method: 'POST', headers, body });
  api.closeAllConnections();
  api.close();
  return status;
}

test('a crash between the result and the start of its alert still pages', async () => {
  const helper = await addOnCall(stack);
  const person = await stack.api.person();
  const sessionId = await startScreening(stack.api, person, 'PHQ-9');
  await answerAll(stack.api, person, sessionId, [0, 0, 0, 0, 0, 0, 0, 0, 2]);
  expect(await completeAndCrash(person.token, sessionId)).toBe(200);
  const alerts = await stack.api.knex('crisis_alerts').where({ person_id: person.id });
  expect(alerts.map(({ severity }) => severity)).toEqual(['high']);
  await until(async () => (await textsTo(stack, helper.phone)).length > 0);
  const [text] = await textsTo(stack, helper.phone);
  expect(text!.body).toContain(alerts[0].number);
}, 90_000);
