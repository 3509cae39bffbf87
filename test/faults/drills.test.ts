import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { TestPerson } from '../support/api.ts';
import { type OnCallPerson, addOnCall, codeSentTo, textBack } from '../support/stack-crisis.ts';
import { textsTo } from '../support/stack-findings.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

let server: TestWorkflowEnvironment;
let stack: Stack;
let admin: TestPerson;
let onCall: OnCallPerson;

beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  admin = await stack.api.person({ role: 'admin' });
  onCall = await addOnCall(stack);
  await stack.startCrisisWorker();
}, 120_000);
afterAll(async () => {
  await stack.close();
  await server.teardown();
});

interface Drill {
  readonly id: string;
  readonly status: string;
  readonly number: string;
  readonly endedAt: string | null;
  readonly acknowledgedBy: string | null;
  readonly timeToFirstPageMs: number | null;
  readonly timeToAcknowledgeMs: number | null;
}

const as = async <Body>(method: string, path: string, body?: unknown): Promise<Body> => {
  const reply = await stack.api.call<Body>(method, path, body, { token: admin.token });
  expect(reply.status).toBeLessThan(300);
  return reply.body;
};
const lastDrill = async (): Promise<Drill> =>
  (await as<{ data: Drill[] }>('GET', '/api/v1/crisis/drills')).data[0]!;

test('a drill goes the whole way, says that it is one, and ends once somebody has answered', async () => {
  const before = await as('GET', '/api/crisis/stats');
  const { number } = await as<Drill>('POST', '/api/v1/crisis/drills', {});
  const code = await codeSentTo(stack, onCall.phone);
  const [text] = await textsTo(stack, onCall.phone);
  expect(text!.body).toBe(
    `Holdfast: This is a drill: alert ${number} needs you. Reply ${code} to take it.`,
  );
  await textBack(stack, onCall.phone, code);
  await until(async () => (await lastDrill()).endedAt !== null);
  const drill = await lastDrill();
  expect(drill).toMatchObject({ status: 'acknowledged', acknowledgedBy: onCall.id });
  expect(drill.timeToFirstPageMs).toBeGreaterThan(0);
  expect(drill.timeToAcknowledgeMs).toBeGreaterThanOrEqual(drill.timeToFirstPageMs!);
  const [alert] = await stack.api.knex('crisis_alerts').where({ id: drill.id });
  expect(alert).toMatchObject({ status: 'resolved', is_drill: true });
  expect(await as('GET', '/api/crisis/stats')).toEqual(before);
});
