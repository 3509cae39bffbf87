import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import type { Connection } from '../../../api/realtime/connection.ts';
import { Connections } from '../../../api/realtime/connections.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { until } from '../../support/until.ts';
import { startNode } from './nodes.ts';
import type { Node } from './nodes.ts';
import { closeClients, insertSupport, openClient, signedIn } from './people.ts';
import type { Client } from './people.ts';

const CRY = 'I will kill myself now';

let api: TestApi;
let node: Node;
/** How much has waited at once, at most, of whoever sends the most. */
let peak = 0;

beforeAll(async () => {
  const { add } = Connections.prototype;
  jest.spyOn(Connections.prototype, 'add').mockImplementation(function (this: Connections, one) {
    watch(one);
    add.call(this, one);
  });
  api = await startTestApi();
  node = await startNode(api);
}, 120_000);
afterEach(() => {
  closeClients();
  peak = 0;
});
afterAll(async () => {
  jest.restoreAllMocks();
  await node.close();
  await api.close();
});

function watch(connection: Connection): void {
  let waiting = 0;
  Object.defineProperty(connection, 'waiting', {
    get: () => waiting,
    set: (now: number) => {
      waiting = now;
      peak = Math.max(peak, now);
    },
  });
}

async function alertsOf({ id }: TestPerson): Promise<Record<string, unknown>[]> {
  return api.knex('crisis_alerts').where({ person_id: id });
}

async function isServed(client: Client): Promise<void> {
  for (let at = 0; at < 20; at += 1) {
    const answer = await client.ask('leave-session', { sessionId: uuidv7() });
    expect(answer).toMatchObject({ success: true });
  }
}

test('of thousands of calls for help one waits at a time, for all of them, and each is answered', async () => {
  const bystander = await signedIn(node, await api.person());
  const person = await api.person();
  const { ask } = await signedIn(node, person, 'polling');
  const answers = Array.from({ length: 4_000 }, (_, at) =>
    ask('crisis-alert', { severity: at === 3_000 ? 'critical' : 'low', description: `call ${at}` }),
  );
  await isServed(bystander);
  const told = new Set((await Promise.all(answers)).map(({ alertId }) => alertId));
  const alerts = await alertsOf(person);
  expect(alerts).toMatchObject([{ severity: 'critical' }]);
  expect([...told]).toEqual([alerts[0]!['id']]);
  expect(peak).toBeLessThanOrEqual(2);
});

test('calls about different people each reach a human', async () => {
  const helper = await api.person({ role: 'peer' });
  const patients = [await api.person(), await api.person()];
  const sessions = await Promise.all(patients.map((one) => insertSupport(api, one, helper)));
  const { ask } = await signedIn(node, helper, 'polling');
  await Promise.all(
    Array.from({ length: 300 }, (_, at) =>
      ask('crisis-alert', { sessionId: sessions[at < 200 ? 0 : at % 2] }),
    ),
  );
  for (const patient of patients) expect(await alertsOf(patient)).toHaveLength(1);
});

test('thousands of messages wait at their own end, and are read for cries', async () => {
  const bystander = await signedIn(node, await api.person());
  const person = await api.person();
  const { socket } = await signedIn(node, person, 'polling');
  const sessionId = uuidv7();
  for (let at = 0; at < 6_000; at += 1) {
    socket.emit('send-message', { sessionId, message: at === 500 ? CRY : 'spam' });
  }
  await isServed(bystander);
  await until(async () => (await alertsOf(person)).length === 1);
  expect(socket.connected).toBe(true);
  // What one request holds, each to be read for cries and to be sent.
  expect(peak).toBeLessThanOrEqual(1_600);
});

test('who is sent away for too much is read to the end of what has come', async () => {
  const bystander = await signedIn(node, await api.person());
  const person = await api.person();
  const { socket } = await signedIn(node, person, 'polling');
  const ended = new Promise((resolve) => socket.once('disconnect', resolve));
  for (let at = 0; at < 2_500; at += 1) socket.emit('send-message', 'x');
  socket.emit('send-message', CRY);
  await ended;
  await until(async () => (await alertsOf(person)).length === 1);
  await isServed(bystander);
});

test('what comes while a token is looked at waits at its own end as well', async () => {
  const bystander = await signedIn(node, await api.person());
  const person = await api.person();
  const { signIn } = Connections.prototype;
  const looked = Promise.withResolvers<void>();
  const slow = jest.spyOn(Connections.prototype, 'signIn');
  slow.mockImplementation(async function (this: Connections, ...args) {
    await looked.promise;
    return signIn.apply(this, args);
  });
  const flooding = openClient(node, person.token, 'polling');
  await new Promise<void>((resolve) => flooding.socket.once('connect', resolve));
  for (let at = 0; at < 6_000; at += 1) {
    flooding.socket.emit('typing', { sessionId: uuidv7(), isTyping: true });
  }
  await until(() => peak > 0);
  for (let round = 0; round < 5; round += 1) await isServed(bystander);
  looked.resolve();
  slow.mockRestore();
  await flooding.next('authenticated');
  expect(peak).toBeLessThanOrEqual(1_000);
});
