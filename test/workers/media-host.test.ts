import { randomBytes, randomUUID } from 'node:crypto';
import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import type { types } from 'mediasoup';
import { openDatabase } from '../../db/knex.ts';
import { ROOM_LEASE_MS, findLiveRoom, isMediaAvailable, placeRoom } from '../../db/rooms.ts';
import type { Room } from '../../workers/media/rooms.ts';
import type { RoomEnd } from '../../workers/media/rooms.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { type TestHost, describeMedia, startTestHost } from '../support/media.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
let knex: Knex;
const started: TestHost[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  knex = openDatabase(database.url, { acquireTimeoutMs: 30_000 });
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((each) => each.close()));
});
afterAll(async () => {
  await knex.destroy();
  await database.drop();
});

async function start(cores?: number, over: Knex = knex): Promise<TestHost> {
  const host = await startTestHost(over, cores);
  started.push(host);
  return host;
}

async function openAnywhere(sessionId: string = randomUUID()) {
  const placed = await placeRoom(knex, sessionId);
  const on = started.find(({ host }) => host.id === placed.hostId);
  if (on === undefined) throw new Error('The room was placed on an unknown host');
  const room = await on.host.openRoom({ sessionId, epoch: placed.epoch });
  const ends: RoomEnd[] = [];
  room.onClose((end) => ends.push(end));
  return { room, ends, on, ...placed };
}

describeMedia('a host of rooms', () => {
  test('opens a room once for all who come, and none but the live placement', async () => {
    const { host } = await start();
    const sessionId = randomUUID();
    const { epoch } = await placeRoom(knex, sessionId);
    const rooms = await Promise.all(
      Array.from({ length: 8 }, () => host.openRoom({ sessionId, epoch })),
    );
    expect(new Set(rooms).size).toBe(1);
    for (const wrong of [
      { sessionId, epoch: epoch + 1 },
      { sessionId, epoch: epoch - 1 },
      { sessionId: randomUUID(), epoch },
    ]) {
      await expect(host.openRoom(wrong)).rejects.toMatchObject({ code: 'wrong_state' });
    }
    expect(host.rooms.size).toBe(1);
    rooms[0]?.close('ended');
    await until(async () => (await findLiveRoom(knex, sessionId)) === null);
    await expect(host.openRoom({ sessionId, epoch })).rejects.toMatchObject({
      code: 'wrong_state',
    });
  });

  test('loses the rooms of a media worker that dies, and takes them anew at once', async () => {
    const { host, sfu } = await start(2);
    const one = await openAnywhere();
    const other = await openAnywhere();
    process.kill(await pidOf(one.room, sfu), 'SIGKILL');
    await until(() => one.ends.length > 0);
    expect(one.ends).toEqual(['lost']);
    expect(other.ends).toEqual([]);
    await until(async () => (await findLiveRoom(knex, one.room.sessionId)) === null);
    const again = await openAnywhere(one.room.sessionId);
    expect(again).toMatchObject({ hostId: host.id, epoch: one.epoch + 1 });
    await until(() => sfu.pids.length === 2);
  });

  test('ends a media worker that hangs, and keeps what is on the others', async () => {
    const { host, sfu } = await start(2);
    const [hung, other] = [await openAnywhere(), await openAnywhere()];
    const pid = await pidOf(hung.room, sfu);
    process.kill(pid, 'SIGSTOP');
    await until(() => hung.ends.length > 0);
    await until(() => sfu.pids.length === 2 && !sfu.pids.includes(pid));
    expect([hung.ends, other.ends]).toEqual([['lost'], []]);
    expect(host.isAlive).toBe(true);
    expect(await findLiveRoom(knex, other.room.sessionId)).toMatchObject({ epoch: other.epoch });
    await openAnywhere(hung.room.sessionId);
  }, 120_000);

  test('that drains takes no new rooms, and hands over those that it has', async () => {
    const leaving = await start();
    const { room, ends } = await openAnywhere();
    const unopened = randomUUID();
    const { epoch } = await placeRoom(knex, unopened);
    const staying = await start();
    const drained = leaving.host.drain(10_000);
    await until(async () => {
      const row = await knex('sfu_hosts').where({ id: leaving.host.id }).first('state');
      return row.state === 'draining';
    });
    await expect(leaving.host.openRoom({ sessionId: unopened, epoch })).rejects.toMatchObject({
      code: 'wrong_state',
    });
    expect(await placeRoom(knex, unopened)).toMatchObject({
      hostId: staying.host.id,
      epoch: epoch + 1,
    });
    expect(ends).toEqual([]);
    expect((await placeRoom(knex, room.sessionId)).hostId).toBe(leaving.host.id);
    room.close('ended');
    await drained;
    const rest = await openAnywhere();
    expect(rest.hostId).toBe(staying.host.id);
    await staying.host.drain(0);
    expect(rest.ends).toEqual(['moved']);
    expect(await isMediaAvailable(knex)).toBe(false);
  });

  test('that is cut off has closed its room before another host may have it', async () => {
    const cut = openDatabase(database.url, { acquireTimeoutMs: 30_000 });
    const alone = await start(1, cut);
    const { room, ends } = await openAnywhere();
    const next = await start();
    await cut.destroy();
    await until(async () => (await placeRoom(knex, room.sessionId)).hostId === next.host.id);
    expect(ends).toEqual(['lost']);
    expect(alone.host.rooms.size).toBe(0);
  }, 120_000);

  test('keeps its rooms for as long as it beats', async () => {
    await start();
    const { room, ends } = await openAnywhere();
    const first = await leaseOf(room.sessionId);
    await until(async () => (await leaseOf(room.sessionId)) > first + ROOM_LEASE_MS / 2);
    expect(ends).toEqual([]);
  }, 120_000);
});

async function leaseOf(sessionId: string): Promise<number> {
  const row = await knex('rooms').where({ session_id: sessionId }).first('lease_until');
  return (row as { lease_until: Date }).lease_until.getTime();
}

/** Which media worker a room lives on: the one that knows its router. */
async function pidOf(room: Room, sfu: TestHost['sfu']): Promise<number> {
  for (const worker of sfu.workers) {
    const { routerIds } = await worker.dump();
    if (routerIds.includes(room.router.id)) return worker.pid;
  }
  throw new Error('No media worker has the room');
}

describeMedia('a room larger than a core', () => {
  test('goes on to the next core, where what the first one sends can be heard', async () => {
    const { sfu } = await start(2);
    const { room } = await openAnywhere();
    const seats = [];
    for (let peers = 0; peers < 26; peers += 1) seats.push(await room.takeSeat());
    const [first, last] = [seats[0]!, seats.at(-1)!];
    expect(last.webRtcServer).not.toBe(first.webRtcServer);
    expect(new Set(seats.slice(0, 25))).toEqual(new Set([first]));
    const sender = await speaker(first.router);
    await Promise.all([1, 2, 3].map(() => room.reach(sender.producer, first, last)));
    const listener = await hearer(last.router, sender.producer);
    expect(await heard(sender, listener, 40)).toBeGreaterThan(30);
    room.close('ended');
    await until(async () => {
      const dumps = await Promise.all(sfu.workers.map((worker) => worker.dump()));
      return dumps.every(({ routerIds }) => routerIds.length === 0);
    });
  });
});

describeMedia('whatever strangers send', () => {
  test('garbage over UDP and TCP, and handshakes that make no sense, disturb no other room', async () => {
    const { sfu, port } = await start();
    const { room, ends } = await openAnywhere();
    const target = await openAnywhere();
    const sender = await speaker(room.router);
    const listener = await hearer(room.router, sender.producer);
    const pids = [...sfu.pids];
    const noise = createSocket('udp4');
    const { router, webRtcServer } = target.room;
    for (const dtlsParameters of nonsensicalDtls) {
      const each = await router.createWebRtcTransport({ webRtcServer });
      const connecting = each.connect({ dtlsParameters: dtlsParameters as types.DtlsParameters });
      await connecting.catch(() => undefined);
    }
    const transport = await router.createWebRtcTransport({ webRtcServer });
    for (const rtpParameters of nonsensicalRtp) {
      const given = { kind: 'video', rtpParameters: rtpParameters as types.RtpParameters } as const;
      await transport.produce(given).catch(() => undefined);
    }
    for (let count = 0; count < 2_000; count += 1) {
      noise.send(garbage(count, transport), port, '127.0.0.1');
      if (count % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await shout(port);
    expect(await heard(sender, listener, 50)).toBeGreaterThan(40);
    expect(sfu.pids).toEqual(pids);
    expect([ends, target.ends]).toEqual([[], []]);
    noise.close();
  });
});

/** Some of these are refused, some are not; none does any harm. */
const nonsensicalDtls = [
  { role: 'client', fingerprints: [] },
  { role: 'client', fingerprints: [{ algorithm: 'sha-256', value: '' }] },
  { role: 'client', fingerprints: [{ algorithm: 'rot13', value: 'AB:CD' }] },
  { role: 'nobody', fingerprints: [{ algorithm: 'sha-256', value: 'AB:CD' }] },
];

const vp8 = { mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000 };
const nonsensicalRtp = [
  {},
  { codecs: [], encodings: [{}] },
  { codecs: [vp8], encodings: [] },
  { codecs: [{ ...vp8, payloadType: 700 }], encodings: [{ ssrc: 1 }] },
  { codecs: [vp8], encodings: [{ ssrc: -1 }] },
  { codecs: [{ ...vp8, mimeType: 'video/none' }], encodings: [{ ssrc: 1 }] },
];

/** Noise that looks like nothing, like STUN, like DTLS, like RTP, and like RTCP, in turn. */
function garbage(count: number, transport: types.WebRtcTransport): Buffer {
  const bytes = randomBytes(20 + (count % 1_200));
  const first = [bytes[0]!, 0x00, 0x16, 0x80, 0x81][count % 5]!;
  bytes[0] = first;
  if (first === 0x00) {
    bytes.writeUInt16BE(1, 0);
    bytes.writeUInt16BE(bytes.length - 20, 2);
    bytes.writeUInt32BE(0x2112a442, 4);
    const { usernameFragment } = transport.iceParameters;
    if (bytes.length > 60) {
      bytes.writeUInt16BE(6, 20);
      bytes.writeUInt16BE(usernameFragment.length + 5, 22);
      bytes.write(`${usernameFragment}:evil`, 24);
    }
  }
  return bytes;
}

async function shout(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  for (let count = 0; count < 50; count += 1) socket.write(randomBytes(3_000));
  socket.destroy();
}

interface Speaker {
  readonly socket: Socket;
  readonly producer: types.Producer;
  readonly port: number;
}

const SSRC = 1_234;
const opus = { mimeType: 'audio/opus', payloadType: 100, clockRate: 48_000, channels: 2 };

/** A stand-in for a microphone: plain RTP from a socket of its own. */
async function speaker(router: types.Router): Promise<Speaker> {
  const transport = await router.createPlainTransport({ listenIp: '127.0.0.1', comedia: true });
  const producer = await transport.produce({
    kind: 'audio',
    rtpParameters: { codecs: [opus], encodings: [{ ssrc: SSRC }] },
  });
  const socket = createSocket('udp4');
  socket.unref();
  return { socket, producer, port: transport.tuple.localPort };
}

async function hearer(router: types.Router, producer: types.Producer): Promise<() => number> {
  const socket = createSocket('udp4');
  socket.unref();
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  let packets = 0;
  socket.on('message', () => (packets += 1));
  const transport = await router.createPlainTransport({ listenIp: '127.0.0.1' });
  await transport.connect({
    ip: '127.0.0.1',
    port: (socket.address() as AddressInfo).port,
  });
  await transport.consume({
    producerId: producer.id,
    rtpCapabilities: router.rtpCapabilities as types.RtpCapabilities,
  });
  return () => packets;
}

/** How many of so many packets arrive. */
async function heard(from: Speaker, packets: () => number, count: number): Promise<number> {
  const before = packets();
  let isOver = false;
  for (let sequence = 1; sequence <= count; sequence += 1) {
    const packet = Buffer.alloc(12 + 40, sequence);
    packet.writeUInt8(0x80, 0);
    packet.writeUInt8(opus.payloadType, 1);
    packet.writeUInt16BE(sequence, 2);
    packet.writeUInt32BE(sequence * 960, 4);
    packet.writeUInt32BE(SSRC, 8);
    from.socket.send(packet, from.port, '127.0.0.1');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const patience = setTimeout(() => (isOver = true), 20_000);
  await until(() => isOver || packets() - before >= count * 0.9);
  clearTimeout(patience);
  return packets() - before;
}
