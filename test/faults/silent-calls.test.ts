import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { recordPanic } from '../../activities/rooms/calls-for-help.ts';
import type { TestPerson } from '../support/api.ts';
import { type OnCallPerson, addOnCall, say } from '../support/stack-crisis.ts';
import { callsTo, textsTo } from '../support/stack-findings.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

let server: TestWorkflowEnvironment;
let stack: Stack;
let caller: OnCallPerson;
let colleague: OnCallPerson;
let admin: TestPerson;

beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  [caller, colleague] = [await addOnCall(stack), await addOnCall(stack)];
  admin = await stack.api.person({ role: 'admin' });
  await stack.startCrisisWorker();
}, 120_000);
afterAll(async () => {
  await stack.close();
  await server.teardown();
});

/** Calls for help without a word; the alert's id. */
async function call(): Promise<string> {
  const { knex, deps, person } = stack.api;
  const { id: about } = await person();
  await recordPanic(
    { knex, cipher: deps.cipher },
    { by: caller.id, about, sessionId: crypto.randomUUID() },
  );
  const open = knex('crisis_alerts')
    .where({ person_id: caller.id })
    .whereNot({ status: 'resolved' });
  return (await open.first('id')).id;
}

async function pagedFor(alertId: string): Promise<string[]> {
  const pages = await stack.api.knex('crisis_pages').where({ alert_id: alertId });
  return [...new Set(pages.map(({ person_id: id }) => id as string))];
}

test('a therapist who is on call is not paged for their own silent call', async () => {
  const alertId = await call();
  await until(async () => (await textsTo(stack, colleague.phone)).length > 0);
  expect(await pagedFor(alertId)).not.toContain(caller.id);
  const skipped = await stack.api
    .knex('crisis_events')
    .where({ alert_id: alertId, kind: 'page_skipped' });
  expect(skipped.map(({ data }) => [data.reason, data.personId])).toContainEqual([
    'unreachable',
    caller.id,
  ]);
  await say(stack, 'resolve', alertId, colleague, { outcome: 'safe' });
}, 60_000);

test('where nobody else of their step is there, the next one is paged at once, and never they', async () => {
  const suspended = { suspended_at: new Date() };
  await stack.api.knex('people').where({ id: colleague.id }).update(suspended);
  const alertId = await call();
  await until(async () => (await pagedFor(alertId)).includes(admin.id));
  expect(await pagedFor(alertId)).not.toContain(caller.id);
  const heard = [...(await textsTo(stack, caller.phone)), ...(await callsTo(stack, caller.phone))];
  expect(heard).toEqual([]);
}, 60_000);
