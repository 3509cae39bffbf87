import { randomUUID } from 'node:crypto';
import { createWorker } from 'mediasoup';
import type { types } from 'mediasoup';
import { openDatabase } from '../../db/knex.ts';
import { placeRoom } from '../../db/rooms.ts';
import { mediaCodecs } from '../../workers/media/codecs.ts';
import { MediaHost } from '../../workers/media/host.ts';
import type { Room } from '../../workers/media/rooms.ts';
import { type Seat, Sfu } from '../../workers/media/sfu.ts';
import { residentBytes } from '../cpu.ts';
import type { MediaCommand, MediaReport, SendTo } from '../media-load.ts';
import { AUDIO, SRTP_KEY, VIDEO } from '../media-load.ts';

/**
 * Run as a process of its own: `media-side.ts <ours|bare> <database> <media worker> <port>`. Opens
 * one-to-one rooms on one media worker, as the product does or with mediasoup alone, and tells what
 * they cost. Both have the same transports, producers and consumers.
 */
const [side, databaseUrl = '', workerBin = '', port = '0'] = process.argv.slice(2);
const LOCAL = { ip: '127.0.0.1' };

interface Rooms {
  readonly worker: types.Worker;
  /** Opens a room and brings in a peer's producers. */
  open(): Promise<{ router: types.Router; bring(producer: types.Producer): Promise<void> }>;
  close(): Promise<void>;
}

async function bareRooms(): Promise<Rooms> {
  const worker = await createWorker({ workerBin, logLevel: 'none' });
  return {
    worker,
    open: async () => {
      const router = await worker.createRouter({ mediaCodecs });
      return { router, bring: async () => undefined };
    },
    close: async () => worker.close(),
  };
}

/** With all that a host does beside forwarding: leases, beats, and listening for who speaks. */
async function ownRooms(): Promise<Rooms> {
  const knex = openDatabase(databaseUrl, { maxConnections: 5 });
  const minPort = Number(port);
  const sfu = await Sfu.open({
    workerBin,
    cores: 1,
    minPort,
    maxPort: minPort + 1,
    listenIp: LOCAL.ip,
    announcedIp: LOCAL.ip,
  });
  const host = await MediaHost.start({ knex, sfu, signalingUrl: 'http://localhost' });
  return {
    worker: sfu.workers[0]!,
    open: async () => {
      const { room, seat } = await openOwn(host, knex);
      return { router: seat.router, bring: (producer) => room.watchVoice(producer, seat) };
    },
    close: async () => {
      await host.close();
      sfu.close();
      await knex.destroy();
    },
  };
}

/** Other hosts of the same stack may be given a room; then another one is asked for. */
async function openOwn(
  host: MediaHost,
  knex: Parameters<typeof placeRoom>[0],
): Promise<{ room: Room; seat: Seat }> {
  for (;;) {
    const sessionId = randomUUID();
    const placed = await placeRoom(knex, sessionId);
    if (placed.hostId !== host.id) continue;
    const room = await host.openRoom({ sessionId, epoch: placed.epoch });
    return { room, seat: await room.takeSeat() };
  }
}

const rooms = side === 'ours' ? await ownRooms() : await bareRooms();
let nextSsrc = 1_000;

/** Two peers who send to each other; resolves to where their packets go. */
async function openPair(sink: number): Promise<SendTo[]> {
  const { router, bring } = await rooms.open();
  const peers = await Promise.all([0, 1].map(() => openPeer(router)));
  for (const other of peers) {
    const out = await router.createPlainTransport({
      listenInfo: { protocol: 'udp', ...LOCAL },
      enableSrtp: true,
    });
    await out.connect({
      ...LOCAL,
      port: sink,
      srtpParameters: { cryptoSuite: 'AEAD_AES_128_GCM', keyBase64: SRTP_KEY },
    });
    for (const { producer } of other) {
      await bring(producer);
      await out.consume({
        producerId: producer.id,
        rtpCapabilities: router.rtpCapabilities as types.RtpCapabilities,
      });
    }
  }
  return peers.flat().map(({ to }) => to);
}

async function openPeer(router: types.Router) {
  const transport = await router.createPlainTransport({
    listenInfo: { protocol: 'udp', ...LOCAL },
    comedia: true,
    rtcpMux: true,
  });
  const made = [];
  for (const media of [AUDIO, VIDEO]) {
    const ssrc = (nextSsrc += 1);
    const { kind, codec, headerExtensions } = media;
    const producer = await transport.produce({
      kind,
      rtpParameters: { codecs: [codec], headerExtensions, encodings: [{ ssrc }] },
    });
    made.push({ producer, to: { kind, ssrc, port: transport.tuple.localPort } });
  }
  return made;
}

async function report(): Promise<MediaReport> {
  const usage = await rooms.worker.getResourceUsage();
  const { user, system } = process.cpuUsage();
  return { workerMs: usage.ru_utime + usage.ru_stime, nodeMs: (user + system) / 1_000 };
}

/** Bytes that both processes hold, once what was dropped is gone. */
function weigh(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return residentBytes(rooms.worker.pid) + heapUsed + external;
}

async function obey(command: MediaCommand): Promise<unknown> {
  if (command.do === 'report') return report();
  if (command.do === 'weigh') return weigh();
  if (command.do === 'close') return rooms.close();
  const opened: SendTo[] = [];
  for (let count = 0; count < command.count; count += 1) {
    opened.push(...(await openPair(command.sink)));
  }
  return opened;
}

process.on('message', (command: MediaCommand) => {
  obey(command).then(
    (answer) => process.send?.({ answer }),
    (fault: unknown) => process.send?.({ fault: String(fault) }),
  );
});
process.once('disconnect', () => process.exit(0));
process.send?.({ answer: 'ready' });
