import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createKeyRing } from '../../../crypto/key-ring.ts';
import { isOnline } from '../../../db/presence.ts';
import { findQueueFacts } from '../../../db/support-queue.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { until } from '../../support/until.ts';
import { startKillableNode } from './killable-node.ts';
import { startNode } from './nodes.ts';
import type { Node } from './nodes.ts';
import { closeClients, insertSupport, signedIn } from './people.ts';

const TIMES = { beatEveryMs: 300, leaseMs: 3_000, graceMs: 2_000, sweepEveryMs: 100 };

let api: TestApi;
let folder: string;
let nodes: [Node, Node];
let patient: TestPerson;
let helper: TestPerson;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-presence-'));
  const keyRing = await createKeyRing(join(folder, 'keys.json'));
  api = await startTestApi({ deps: { keyRing } });
  nodes = [await startNode(api, { presence: TIMES }), await startNode(api, { presence: TIMES })];
}, 60_000);
beforeEach(async () => {
  patient = await api.person();
  helper = await api.person({ role: 'peer' });
  await insertSupport(api, patient, helper);
});
afterEach(closeClients);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await api.close();
  await rm(folder, { recursive: true });
});

async function goneRows(personId: string): Promise<number> {
  const rows = await api.knex('outbox').where({ topic: 'presence.gone' });
  return rows.filter(({ payload }) => payload.personId === personId).length;
}

test('several tabs in several processes are one presence, told by its edges to who shares a session', async () => {
  const watching = await signedIn(nodes[1], helper);
  const strangers = [
    await signedIn(nodes[0], await api.person()),
    await signedIn(nodes[1], await api.person({ role: 'admin' })),
  ];
  const tabs = [
    await signedIn(nodes[0], patient),
    await signedIn(nodes[0], patient),
    await signedIn(nodes[1], patient),
  ];
  const news = { userId: patient.id, username: `u-${patient.id}` };
  expect(await watching.next('user-status-change')).toEqual({ ...news, status: 'online' });
  const me = await api.call<{ data: { user: unknown } }>('GET', '/api/auth/me', undefined, {
    token: patient.token,
  });
  expect(me.body.data.user).toMatchObject({ isOnline: true });
  tabs[0]!.socket.disconnect();
  tabs[2]!.socket.disconnect();
  // Back before the grace is over: not an absence.
  tabs[1]!.socket.disconnect();
  await until(async () => !(await isOnline(api.knex, patient.id)));
  const back = await signedIn(nodes[1], patient);
  await until(() => isOnline(api.knex, patient.id));
  expect(await goneRows(patient.id)).toBe(0);
  back.socket.disconnect();
  await watching.next('user-status-change', ({ status }) => status === 'offline');
  expect(watching.of('user-status-change').map(({ status }) => status)).toEqual([
    'online',
    'offline',
  ]);
  expect(await goneRows(patient.id)).toBe(1);
  const heard = strangers.flatMap((client) => client.of('user-status-change'));
  expect(heard.filter(({ userId }) => userId === patient.id)).toEqual([]);
  expect(heard.map(({ userId }) => userId)).not.toContain(patient.id);
});

test('the crisis team hears of helpers, and waits are estimated by who is there', async () => {
  const present = async () => (await findQueueFacts(api.knex, api.clinicId)).helpers;
  // Who has read or written lately counts as well.
  await api.knex('support_participants').update({ last_seen_at: new Date(0) });
  await until(async () => (await present()).length === 0);
  const team = await signedIn(nodes[0], await api.person({ role: 'admin' }));
  const unverified = await api.person({ role: 'counselor', isVerified: false });
  await signedIn(nodes[1], unverified);
  const one = await signedIn(nodes[1], helper);
  await team.next('user-status-change', ({ userId }) => userId === helper.id);
  expect(await present()).toMatchObject([{ role: 'peer' }]);
  one.socket.disconnect();
  await team.next('user-status-change', ({ status }) => status === 'offline');
  expect(await present()).toEqual([]);
  expect(team.of('user-status-change')).toHaveLength(2);
});

test('who was at a process that was killed is away when its lease ends, unless they come elsewhere', async () => {
  const doomed = await startKillableNode(api, join(folder, 'keys.json'), TIMES);
  const watching = await signedIn(nodes[0], helper);
  const other = await api.person();
  await insertSupport(api, other, helper);
  const [one] = [await signedIn(doomed, patient), await signedIn(doomed, other)];
  for (const { id } of [patient, other]) {
    await watching.next('user-status-change', ({ userId }) => userId === id);
  }
  const cut = new Promise((resolve) => one.socket.once('disconnect', resolve));
  await doomed.kill();
  await cut;
  expect(await isOnline(api.knex, patient.id)).toBe(true);
  await signedIn(nodes[1], other);
  const gone = await watching.next('user-status-change', ({ status }) => status === 'offline');
  expect(gone).toMatchObject({ userId: patient.id });
  expect(await isOnline(api.knex, patient.id)).toBe(false);
  expect(await isOnline(api.knex, other.id)).toBe(true);
  expect(await goneRows(patient.id)).toBe(1);
  expect(await goneRows(other.id)).toBe(0);
}, 120_000);
