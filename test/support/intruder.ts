import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { io } from 'socket.io-client';
import { v7 } from 'uuid';
import type { KeyRing } from '../../crypto/key-ring.ts';
import type { SessionBench } from '../activities/session/bench.ts';
import { joinRoom } from './room-host.ts';

export interface Intruder {
  readonly attempts: number;
  /** Sends what no browser would, and returns how each was answered. */
  rubbish(): Promise<string[]>;
  /** Sends random datagrams to a port. */
  datagrams(port: number, count: number): Promise<void>;
  close(): void;
}

/** Somebody with a room of their own who means harm. */
export async function startIntruder(bench: SessionBench, keyRing: KeyRing): Promise<Intruder> {
  const guest = { personId: await bench.person(), role: 'host', displayName: 'Mallory' } as const;
  const { token, signalingUrl } = await joinRoom(bench.knex, keyRing, v7(), guest);
  const socket = io(signalingUrl, {
    auth: { token },
    transports: ['websocket'],
    reconnection: false,
  });
  await new Promise((resolve, reject) => {
    socket.once('welcome', resolve);
    socket.once('connect_error', reject);
  });
  const ask = (event: string, body: unknown): Promise<Record<string, string>> =>
    socket.timeout(30_000).emitWithAck(event, body);
  const { transportId } = await ask('create-transport', {});
  const good = { algorithm: 'sha-256', value: Array(32).fill('AB').join(':') };
  const codec = { mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 };
  const produce = (rtpParameters: unknown) => ({
    transportId,
    kind: 'audio',
    source: 'microphone',
    rtpParameters,
  });
  const attempts: (readonly [string, unknown])[] = [
    ['connect-transport', { transportId, dtlsParameters: { fingerprints: [] } }],
    ['connect-transport', { transportId, dtlsParameters: {} }],
    [
      'connect-transport',
      { transportId, dtlsParameters: { fingerprints: [{ ...good, value: '' }] } },
    ],
    [
      'connect-transport',
      { transportId, dtlsParameters: { fingerprints: [{ ...good, value: 'AB:CD' }] } },
    ],
    ['connect-transport', { transportId: 'x', dtlsParameters: { fingerprints: [good] } }],
    ['produce', produce({})],
    ['produce', produce({ codecs: [] })],
    ['produce', produce({ codecs: [{ ...codec, payloadType: 9_999 }] })],
    ['produce', produce({ codecs: [{ ...codec, parameters: { nested: { a: 1 } } }] })],
    [
      'produce',
      produce({ codecs: [codec], encodings: Array.from({ length: 500 }, (_, ssrc) => ({ ssrc })) }),
    ],
    [
      'produce',
      produce({ codecs: [{ ...codec, mimeType: 'audio/unknown' }], encodings: [{ ssrc: 1 }] }),
    ],
    ['produce', produce({ codecs: [codec], encodings: [{ ssrc: -1 }] })],
    ['set-rtp-capabilities', { rtpCapabilities: { codecs: 'all' } }],
    ['set-preferred-layers', { consumerId: transportId, spatialLayer: 1e9 }],
    ['chat', { text: 7 }],
    ['no-such-event', {}],
    ['produce', null],
    ['lock', [true]],
  ];
  return {
    attempts: attempts.length,
    rubbish: async () => {
      const answers: string[] = [];
      for (const [event, body] of attempts) answers.push(String((await ask(event, body))['error']));
      return answers;
    },
    datagrams: (port, count) => flood(port, count),
    close: () => socket.close(),
  };
}

async function flood(port: number, count: number): Promise<void> {
  const udp = createSocket('udp4');
  for (let sent = 0; sent < count; sent += 1) {
    const noise = randomBytes(1 + Math.floor(Math.random() * 1_200));
    // Some begin as STUN, DTLS or RTP do, so that they get further.
    noise[0] = [0, 22, 128, noise[0]!][sent % 4]!;
    await new Promise((resolve) => udp.send(noise, port, '127.0.0.1', resolve));
  }
  await new Promise<void>((resolve) => udp.close(() => resolve()));
}
