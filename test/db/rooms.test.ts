import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { openDatabase } from '../../db/knex.ts';
import * as rooms from '../../db/rooms.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let knex: Knex;

beforeAll(async () => {
  database = await createTestDatabase();
  knex = openDatabase(database.url, { maxConnections: 20, acquireTimeoutMs: 30_000 });
});
afterAll(async () => {
  await knex.destroy();
  await database.drop();
});
beforeEach(() => knex.raw('TRUNCATE rooms, sfu_hosts'));

async function host(changes: Partial<rooms.HostBeat> = {}): Promise<string> {
  const hostId = changes.hostId ?? randomUUID();
  const signalingUrl = `https://${hostId}.example`;
  await rooms.beatHost(knex, {
    hostId,
    signalingUrl,
    cores: 2,
    load: 0,
    state: 'active',
    ...changes,
  });
  return hostId;
}

/** The database's clock goes on by so much, as far as leases can tell. */
async function letTimePass(ms: number): Promise<void> {
  await knex.raw(`UPDATE sfu_hosts SET lease_until = lease_until - ? * interval '1 millisecond'`, [
    ms,
  ]);
  await knex.raw(
    `UPDATE rooms SET lease_until = lease_until - :ms * interval '1 millisecond',
       opened_at = opened_at - :ms * interval '1 millisecond'`,
    { ms },
  );
}

describe('placing a room', () => {
  test('keeps it where it lives, and goes to the least loaded host under a new epoch else', async () => {
    const busy = await host({ load: 0.9 });
    const idle = await host({ load: 0.1 });
    const sessionId = randomUUID();
    const first = await rooms.placeRoom(knex, sessionId);
    expect(first).toMatchObject({ hostId: idle, epoch: 1 });
    await host({ hostId: idle, load: 1 });
    expect(await rooms.placeRoom(knex, sessionId)).toEqual(first);
    await rooms.closeRoom(knex, { sessionId, epoch: 1 });
    expect(await rooms.findLiveRoom(knex, sessionId)).toBeNull();
    expect(await rooms.placeRoom(knex, sessionId)).toMatchObject({ hostId: busy, epoch: 2 });
    await rooms.closeRoom(knex, { sessionId, epoch: 1 });
    expect(await rooms.findLiveRoom(knex, sessionId)).toMatchObject({ epoch: 2 });
  });

  test('needs a host that lives and does not drain', async () => {
    const refused = { code: 'media_unavailable' };
    await expect(rooms.placeRoom(knex, randomUUID())).rejects.toMatchObject(refused);
    const hostId = await host({ state: 'draining' });
    await expect(rooms.placeRoom(knex, randomUUID())).rejects.toMatchObject(refused);
    expect(await rooms.isMediaAvailable(knex)).toBe(false);
    await host({ hostId });
    expect(await rooms.isMediaAvailable(knex)).toBe(true);
    await letTimePass(rooms.ROOM_LEASE_MS);
    await expect(rooms.placeRoom(knex, randomUUID())).rejects.toMatchObject(refused);
  });

  test('spreads a rush over hosts whose load does not show it yet', async () => {
    const hosts = [await host(), await host()];
    const placed = [];
    for (let count = 0; count < 10; count += 1) {
      placed.push(await rooms.placeRoom(knex, randomUUID()));
    }
    for (const hostId of hosts) {
      expect(placed.filter((room) => room.hostId === hostId)).toHaveLength(5);
    }
  });

  test('by many at once makes one placement', async () => {
    await Promise.all([host(), host(), host()]);
    for (let round = 0; round < 5; round += 1) {
      const sessionId = randomUUID();
      const all = await Promise.all(
        Array.from({ length: 16 }, () => rooms.placeRoom(knex, sessionId)),
      );
      expect(new Set(all.map((room) => JSON.stringify(room))).size).toBe(1);
    }
  });
});

test('A dead host loses its rooms when their leases end, and never gets them back', async () => {
  const dead = await host();
  const sessionId = randomUUID();
  await rooms.placeRoom(knex, sessionId);
  await letTimePass(rooms.ROOM_LEASE_MS);
  const alive = await host();
  expect(await rooms.placeRoom(knex, sessionId)).toMatchObject({ hostId: alive, epoch: 2 });
  const old = { sessionId, epoch: 1 };
  expect(await rooms.claimRoom(knex, dead, old)).toBe(false);
  expect(await rooms.renewRooms(knex, dead, [old])).toEqual([]);
});

test('A host renews what it has open and what was just placed on it, and a host that ends frees all', async () => {
  const hostId = await host();
  const [opened, awaited, forgotten] = [randomUUID(), randomUUID(), randomUUID()];
  const open = { sessionId: opened, epoch: 1 };
  for (const sessionId of [opened, forgotten]) await rooms.placeRoom(knex, sessionId);
  await knex.raw(`UPDATE rooms SET opened_at = opened_at - interval '61 seconds'`);
  await rooms.placeRoom(knex, awaited);
  const renewed = await rooms.renewRooms(knex, hostId, [open]);
  expect(renewed.map(({ sessionId }) => sessionId).toSorted()).toEqual(
    [opened, awaited].toSorted(),
  );
  await rooms.endHost(knex, hostId);
  expect(await rooms.claimRoom(knex, hostId, open)).toBe(false);
  const next = await host();
  expect(await rooms.placeRoom(knex, opened)).toMatchObject({ hostId: next, epoch: 2 });
});

/** What a host believes: the placements that it may serve, each until so long after its last answer. */
type Beliefs = Map<string, { epoch: number; until: number }>;

test('Whatever happens between two hosts, at most one of them has a live room of a session', async () => {
  const step = fc.record({
    act: fc.constantFrom('join', 'claim', 'beat', 'close', 'pass', 'die'),
    host: fc.nat(1),
    session: fc.nat(1),
    ms: fc.integer({ min: 500, max: rooms.ROOM_LEASE_MS }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      await knex.raw('TRUNCATE rooms, sfu_hosts');
      const hosts: [string, string] = [randomUUID(), randomUUID()];
      const sessions = [randomUUID(), randomUUID()] as const;
      const beliefs: readonly [Beliefs, Beliefs] = [new Map(), new Map()];
      const placed = new Map<string, rooms.PlacedRoom>();
      let now = 0;
      for (const taken of steps) {
        const sessionId = sessions[taken.session]!;
        const hostId = hosts[taken.host === 0 ? 0 : 1];
        const own = beliefs[taken.host]!;
        const until = now + rooms.ROOM_LEASE_MS;
        if (taken.act === 'join') {
          const room = await rooms.placeRoom(knex, sessionId).catch(() => null);
          if (room !== null) placed.set(sessionId, room);
        } else if (taken.act === 'claim') {
          const room = placed.get(sessionId);
          const epoch = room?.epoch ?? 1;
          const isOurs = await rooms.claimRoom(knex, hostId, { sessionId, epoch });
          if (isOurs) own.set(sessionId, { epoch, until });
        } else if (taken.act === 'beat') {
          await host({ hostId });
          const open = [...own].filter(([, room]) => room.until > now);
          const asked = open.map(([id, { epoch }]) => ({ sessionId: id, epoch }));
          const renewed = await rooms.renewRooms(knex, hostId, asked);
          for (const { sessionId: id, epoch } of renewed) {
            if (own.get(id)?.epoch === epoch) own.set(id, { epoch, until });
          }
        } else if (taken.act === 'close') {
          const room = own.get(sessionId);
          own.delete(sessionId);
          if (room !== undefined) await rooms.closeRoom(knex, { sessionId, epoch: room.epoch });
        } else if (taken.act === 'die') {
          // Its guard knows that it is dead, and whoever starts it again gives it another id.
          own.clear();
          await rooms.endHost(knex, hostId);
          hosts[taken.host === 0 ? 0 : 1] = randomUUID();
        } else {
          await letTimePass(taken.ms);
          now += taken.ms;
        }
        for (const id of sessions) {
          const live = beliefs.filter((each) => (each.get(id)?.until ?? 0) > now);
          expect(live.length).toBeLessThanOrEqual(1);
        }
      }
    }),
    { numRuns: 60 },
  );
}, 120_000);
