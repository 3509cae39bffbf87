import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Socket } from 'socket.io-client';
import { createFieldCipher } from '../../../crypto/field-cipher.ts';
import { type KeyRing, ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import { askRoom } from '../../../db/room-commands.ts';
import { findLiveRoom } from '../../../db/rooms.ts';
import type { RoomPolicy } from '../../../domain/room.ts';
import { type SessionBench, startSessionBench } from '../../activities/session/bench.ts';
import { describeMedia } from '../../support/media.ts';
import {
  type Guest,
  type RoomHost,
  giveSeat,
  joinRoom,
  startRoomHost,
} from '../../support/room-host.ts';
import { type Line, connectLine } from '../../support/room-line.ts';
import { until } from '../../support/until.ts';

const HOUR_MS = 3_600_000;
const policy: RoomPolicy = {
  mode: 'video',
  capacity: 8,
  maxObservers: 2,
  hasWaitingRoom: true,
  opensAt: 0,
  closesAt: Date.now() + HOUR_MS,
  graceMs: 30_000,
};

describeMedia('a room that is placed anew', () => {
  const open: Socket[] = [];
  let sessionId: string;
  let bench: SessionBench;
  let keyRing: KeyRing;
  let first: RoomHost;
  let next: RoomHost;

  beforeAll(async () => {
    [bench, keyRing] = await Promise.all([startSessionBench(), ephemeralKeyRing()]);
    sessionId = (await bench.book()).id;
    first = await startRoomHost(bench.knex, keyRing, () => policy);
  }, 120_000);
  afterAll(async () => {
    for (const socket of open) socket.close();
    await Promise.all([first, next].map((host) => host.close()));
    await bench.close();
  });

  async function come(who: Guest, id = sessionId): Promise<Line> {
    const { token, signalingUrl } = await joinRoom(bench.knex, keyRing, id, who);
    const line = await connectLine(signalingUrl, token);
    open.push(line.socket);
    return line;
  }

  async function guest(role: Guest['role'], displayName: string): Promise<Guest> {
    const personId = await bench.person();
    await giveSeat(bench.knex, sessionId, personId);
    return { personId, role, displayName };
  }

  /** Lets somebody in who waits. */
  async function admitted(host: Line, who: Guest): Promise<Line> {
    const line = await come(who);
    await host.ask('admit', { personId: who.personId });
    return line;
  }

  test('is what it was: the lock, roles, breakouts, who was let in and who was removed', async () => {
    const ann = await guest('host', 'Ann');
    const [ben, cleo, dan] = [
      await guest('participant', 'Ben'),
      await guest('participant', 'Cleo'),
      await guest('participant', 'Dan'),
    ];
    const host = await come(ann);
    for (const who of [ben, cleo, dan]) await admitted(host, who);
    await host.ask('promote', { personId: ben.personId, role: 'co_host' });
    await host.ask('remove', { personId: cleo.personId });
    await host.ask('create-breakouts', {
      rooms: [{ name: 'Quiet', personIds: [ben.personId, dan.personId] }],
      durationMinutes: 30,
    });
    await host.ask('lock', { isLocked: true });
    await first.signalling.settled();

    next = await startRoomHost(bench.knex, keyRing, () => policy);
    await first.host.drain(0);
    await first.host.close();
    await until(() => !host.socket.connected);
    expect(host.told.at(-1)).toEqual(['room-closed', { reason: 'moved', rejoin: true }]);
    const cipher = createFieldCipher(keyRing);
    const word = { type: 'leave_room', by: dan.personId } as const;
    await askRoom({ knex: bench.knex, cipher }, sessionId, word);
    const again = await come(ben);
    expect(again.told[0]).toMatchObject([
      'welcome',
      { place: 'inside', role: 'co_host', breakout: { name: 'Quiet' }, isLocked: true },
    ]);
    const { peers } = again.told[0]![1] as { peers: unknown[] };
    expect(peers).toEqual([]);
    expect((await come(cleo)).told[0]).toMatchObject(['refused', { error: 'FORBIDDEN' }]);
    const stranger = await guest('participant', 'Eve');
    expect((await come(stranger)).told[0]).toMatchObject(['refused', { error: 'WRONG_STATE' }]);
    // Dan left on purpose while no host had the room, and was let in before.
    await next.signalling.settled();
    const rows = await bench.knex('room_presence').where({ person_id: dan.personId });
    expect(rows.map(({ kind }) => kind)).toEqual(['waiting', 'joined', 'left']);
    expect((await come(dan)).told.map(([event]) => event)).toContain('welcome');
  }, 120_000);

  test('opens all the same where what it knew can not be read any more', async () => {
    const { id } = await bench.book();
    const ann = await guest('host', 'Ann');
    await giveSeat(bench.knex, id, ann.personId);
    await come(ann, id);
    await next.signalling.settled();
    const known = bench.knex('room_memories').where({ session_id: id });
    await known.clone().update({ memory: Buffer.from('of an erased person') });
    next.host.rooms.find(id)?.close('lost');
    await until(async () => (await findLiveRoom(bench.knex, id)) === null);
    expect((await come(ann, id)).told[0]).toMatchObject(['welcome', { place: 'inside' }]);
  }, 120_000);
});
