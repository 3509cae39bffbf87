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

/** No slow machine lets a lease or a grace end by itself: the tests say when. */
const TIMES = { beatEveryMs: 300, leaseMs: 3_600_000, graceMs: 3_600_000, sweepEveryMs: 100 };
const WITHIN_MS = 120_000;

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
}, 120_000);
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
  const rows = await api.knex('outbox').where({ topic: 'crisis.person_gone' });
  return rows.filter(({ payload }) => payload.personId === personId).length;
}

interface Presence {
  readonly is_online: boolean;
  readonly absent_since: Date | null;
}

async function presenceOf(personId: string): Promise<Presence | undefined> {
  return api.knex('presence').where({ person_id: personId }).first('is_online', 'absent_since');
}

/** Resolves once a sweep has seen the person away, and has let them be. */
async function untilMissed(personId: string): Promise<void> {
  await until(async () => ((await presenceOf(personId))?.absent_since ?? null) !== null);
  expect(await presenceOf(personId)).toMatchObject({ is_online: true });
}

/** Has the person been away for longer than the grace. */
async function letGracePass(personId: string): Promise<void> {
  await untilMissed(personId);
  const before = api.knex.raw("absent_since - ? * interval '1 millisecond'", [TIMES.graceMs]);
  await api.knex('presence').where({ person_id: personId }).update({ absent_since: before });
}

async function leasesOf(personId: string): Promise<{ id: string; leaseUntil: Date }[]> {
  return api
    .knex('presence_leases AS lease')
    .join('presence_processes AS process', 'process.id', 'lease.process_id')
    .where({ person_id: personId })
    .select({ id: 'process.id', leaseUntil: 'process.lease_until' });
}

test(
  'several tabs in several processes are one presence, told by its edges to who shares a session',
  async () => {
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
    // One is left, which nobody can tell from three.
    await until(async () => (await leasesOf(patient.id)).length === 1);
    expect(await isOnline(api.knex, patient.id)).toBe(true);
    // Back before the grace is over: not an absence.
    tabs[1]!.socket.disconnect();
    await untilMissed(patient.id);
    expect(await isOnline(api.knex, patient.id)).toBe(false);
    const back = await signedIn(nodes[1], patient);
    await until(() => isOnline(api.knex, patient.id));
    expect(await presenceOf(patient.id)).toEqual({ is_online: true, absent_since: null });
    expect(await goneRows(patient.id)).toBe(0);
    back.socket.disconnect();
    await letGracePass(patient.id);
    await watching.next('user-status-change', ({ status }) => status === 'offline');
    expect(watching.of('user-status-change').map(({ status }) => status)).toEqual([
      'online',
      'offline',
    ]);
    expect(await goneRows(patient.id)).toBe(1);
    const heard = strangers.flatMap((client) => client.of('user-status-change'));
    expect(heard.filter(({ userId }) => userId === patient.id)).toEqual([]);
    expect(heard.map(({ userId }) => userId)).not.toContain(patient.id);
  },
  WITHIN_MS,
);

test(
  'the crisis team hears of helpers, and waits are estimated by who is there',
  async () => {
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
    await letGracePass(helper.id);
    await team.next('user-status-change', ({ status }) => status === 'offline');
    expect(await present()).toEqual([]);
    expect(team.of('user-status-change')).toHaveLength(2);
  },
  WITHIN_MS,
);

test(
  'who was at a process that was killed is away when its lease ends, unless they come elsewhere',
  async () => {
    const doomed = await startKillableNode(api, join(folder, 'keys.json'), TIMES);
    const watching = await signedIn(nodes[0], helper);
    const other = await api.person();
    await insertSupport(api, other, helper);
    const [one] = [await signedIn(doomed, patient), await signedIn(doomed, other)];
    for (const { id } of [patient, other]) {
      await watching.next('user-status-change', ({ userId }) => userId === id);
    }
    const [lease] = await leasesOf(patient.id);
    // It is renewed for as long as the process lives.
    await until(async () => (await leasesOf(patient.id))[0]!.leaseUntil > lease!.leaseUntil);
    const cut = new Promise((resolve) => one.socket.once('disconnect', resolve));
    await doomed.kill();
    await cut;
    expect(await isOnline(api.knex, patient.id)).toBe(true);
    await signedIn(nodes[1], other);
    await until(async () => (await leasesOf(other.id)).length === 2);
    await api
      .knex('presence_processes')
      .where({ id: lease!.id })
      .update({ lease_until: api.knex.fn.now() });
    await letGracePass(patient.id);
    const gone = await watching.next('user-status-change', ({ status }) => status === 'offline');
    expect(gone).toMatchObject({ userId: patient.id });
    expect(await isOnline(api.knex, patient.id)).toBe(false);
    expect(await isOnline(api.knex, other.id)).toBe(true);
    expect(await goneRows(patient.id)).toBe(1);
    expect(await presenceOf(other.id)).toEqual({ is_online: true, absent_since: null });
    expect(await goneRows(other.id)).toBe(0);
  },
  WITHIN_MS,
);
