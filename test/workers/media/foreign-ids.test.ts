import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Socket } from 'socket.io-client';
import { v7 } from 'uuid';
import { type KeyRing, ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import type { RoomPolicy } from '../../../domain/room.ts';
import { type SessionBench, startSessionBench } from '../../activities/session/bench.ts';
import { describeMedia } from '../../support/media.ts';
import { type RoomHost, joinRoom, startRoomHost } from '../../support/room-host.ts';
import { type Line, connectLine } from '../../support/room-line.ts';
import { until } from '../../support/until.ts';

const policy: RoomPolicy = {
  mode: 'video',
  capacity: 4,
  maxObservers: 0,
  hasWaitingRoom: false,
  opensAt: 0,
  closesAt: Date.now() + 3_600_000,
  graceMs: 30_000,
};
const dtlsParameters = {
  role: 'client',
  fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('AB').join(':') }],
};
const rtpParameters = {
  codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }],
  encodings: [{ ssrc: 1_111 }],
  rtcp: { cname: 'one' },
};

/** A person in a room with a transport each way, who sends a microphone. */
interface Sender {
  readonly line: Line;
  readonly sends: string;
  readonly receives: string;
  readonly producerId: string;
}

describeMedia('ids of others', () => {
  const open: Socket[] = [];
  let bench: SessionBench;
  let keyRing: KeyRing;
  let rooms: RoomHost;

  beforeAll(async () => {
    [bench, keyRing] = await Promise.all([startSessionBench(), ephemeralKeyRing()]);
    rooms = await startRoomHost(bench.knex, keyRing, () => policy);
  }, 120_000);
  afterAll(async () => {
    for (const socket of open) socket.close();
    await rooms.close();
    await bench.close();
  });

  async function sender(sessionId: string): Promise<Sender> {
    const guest = {
      personId: await bench.person(),
      role: 'participant',
      displayName: 'P',
    } as const;
    const { token, signalingUrl } = await joinRoom(bench.knex, keyRing, sessionId, guest);
    const line = await connectLine(signalingUrl, token);
    open.push(line.socket);
    const transport = async (): Promise<string> =>
      String((await line.ask('create-transport'))['transportId']);
    const [sends, receives] = [await transport(), await transport()];
    const { rtpCapabilities } = await line.ask('get-rtp-capabilities');
    await line.ask('set-rtp-capabilities', { rtpCapabilities: rtpCapabilities as object });
    const microphone = { kind: 'audio', source: 'microphone', rtpParameters };
    const { producerId } = await line.ask('produce', { transportId: sends, ...microphone });
    return { line, sends, receives, producerId: String(producerId) };
  }

  test.each([
    ['in another room', () => v7()],
    ['in the same room', (sessionId: string) => sessionId],
  ])('open nothing to somebody %s', async (_where, sessionOf) => {
    const sessionId = v7();
    const [ann, ben] = [await sender(sessionId), await sender(sessionId)];
    const { producerId } = ann;
    await until(() => ben.line.told.some(([event]) => event === 'new-producer'));
    const heard = await ben.line.ask('consume', { transportId: ben.receives, producerId });
    const consumerId = String(heard['consumerId']);
    const mallory = await sender(sessionOf(sessionId));
    const attempts: [string, object][] = [
      ['connect-transport', { transportId: ann.sends, dtlsParameters }],
      ['restart-ice', { transportId: ann.receives }],
      ['produce', { transportId: ann.sends, kind: 'audio', source: 'screen-audio', rtpParameters }],
      ['consume', { transportId: ben.receives, producerId: mallory.producerId }],
      ['consume', { transportId: ben.receives, producerId }],
      ['pause-producer', { producerId }],
      ['resume-producer', { producerId }],
      ['close-producer', { producerId }],
      ['pause-consumer', { consumerId }],
      ['resume-consumer', { consumerId }],
      ['set-preferred-layers', { consumerId, spatialLayer: 0 }],
    ];
    const answers: unknown[] = [];
    for (const [event, body] of attempts) answers.push((await mallory.line.ask(event, body)).error);
    expect(answers).toEqual(attempts.map(() => 'NOT_FOUND'));
    if (sessionOf(sessionId) !== sessionId) {
      const own = { transportId: mallory.receives, producerId };
      expect(await mallory.line.ask('consume', own)).toMatchObject({ error: 'NOT_FOUND' });
    }
    // What they are of works on, for those whose they are.
    const isWell = [
      await ann.line.ask('pause-producer', { producerId }),
      await ann.line.ask('resume-producer', { producerId }),
      await ann.line.ask('connect-transport', { transportId: ann.sends, dtlsParameters }),
      await ben.line.ask('resume-consumer', { consumerId }),
    ];
    expect(isWell.map(({ success }) => success)).toEqual([true, true, true, true]);
  });
});
