import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Knex } from 'knex';
import type { types } from 'mediasoup';
import { openDatabase } from '../../../db/knex.ts';
import { placeRoom } from '../../../db/rooms.ts';
import {
  dtlsParameters,
  rtpCapabilities,
  rtpParameters,
} from '../../../workers/media/signalling/rtp-shapes.ts';
import { type TestDatabase, createTestDatabase } from '../../support/database.ts';
import { type TestHost, describeMedia, startTestHost } from '../../support/media.ts';

const nack = [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'transport-cc' }];
const EXTENSIONS = [
  'urn:ietf:params:rtp-hdrext:sdes:mid',
  'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
];
/** What a browser sends for a camera in three sizes. */
const CAMERA = {
  mid: '1',
  codecs: [
    {
      mimeType: 'video/VP8',
      payloadType: 96,
      clockRate: 90_000,
      parameters: {},
      rtcpFeedback: nack,
    },
    { mimeType: 'video/rtx', payloadType: 97, clockRate: 90_000, parameters: { apt: 96 } },
  ],
  headerExtensions: EXTENSIONS.map((uri, index) => ({ uri, id: index + 1 })),
  encodings: [
    { rid: 'q', maxBitrate: 120_000, scalabilityMode: 'L1T3', dtx: false },
    { rid: 'h', maxBitrate: 400_000 },
    { ssrc: 77, rtx: { ssrc: 78 }, codecPayloadType: 96 },
  ],
  rtcp: { cname: 'camera', reducedSize: true },
};
const CAPABILITIES = {
  codecs: CAMERA.codecs.map(({ payloadType: preferredPayloadType, ...codec }) => ({
    kind: 'video',
    preferredPayloadType,
    ...codec,
  })),
  headerExtensions: EXTENSIONS.map((uri, index) => ({
    kind: 'video',
    uri,
    preferredId: index + 1,
    direction: 'sendrecv',
  })),
};
const DTLS = {
  role: 'client',
  fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('AB').join(':') }],
};

/** A change somewhere inside of what was sent: the picks lead to the place, and to what stands there then. */
interface Twist {
  readonly picks: readonly number[];
  readonly value: unknown;
}

const OTHERS = ['sha-512', 'server', 'VP9', 'video/VP9', 'video/H264', 'audio/opus', 'video/rtx'];
const strange = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    [],
    {},
    true,
    0,
    -1,
    1,
    96,
    97,
    127,
    255,
    65_536,
    4_294_967_295,
  ),
  fc.constantFrom<unknown>(...OTHERS, ...EXTENSIONS, 'L3T3_KEY', 'S3T3', 'f', 'x'.repeat(300)),
  fc.constant<unknown>({ apt: 96, 'profile-level-id': '42e01f', 'packetization-mode': 1 }),
);
const twist: fc.Arbitrary<Twist> = fc.record({
  picks: fc.array(fc.nat(6), { minLength: 1, maxLength: 5 }),
  value: fc.oneof(strange, fc.constant('twice')),
});
const twists = fc.array(twist, { maxLength: 4 });

function twisted(sent: object, changes: readonly Twist[]): object {
  const copy = structuredClone(sent);
  for (const { picks, value } of changes) change(copy, picks, value);
  return copy;
}

function change(inside: object, [pick = 0, ...rest]: readonly number[], value: unknown): void {
  const names = Object.keys(inside);
  const name = names[pick % Math.max(names.length, 1)];
  if (name === undefined) return;
  const there: unknown = Reflect.get(inside, name);
  if (rest.length > 0 && typeof there === 'object' && there !== null) change(there, rest, value);
  else if (value === 'twice' && Array.isArray(inside)) inside.push(there);
  else Reflect.set(inside, name, value);
}

describeMedia('media set up as no browser would', () => {
  let database: TestDatabase;
  let knex: Knex;
  let on: TestHost;

  beforeAll(async () => {
    database = await createTestDatabase();
    knex = openDatabase(database.url, { acquireTimeoutMs: 30_000 });
    on = await startTestHost(knex);
  }, 120_000);
  afterAll(async () => {
    await on.close();
    await knex.destroy();
    await database.drop();
  });

  test('is refused or works, and never takes the media worker along', async () => {
    const sessionId = randomUUID();
    const { epoch } = await placeRoom(knex, sessionId);
    const { router, webRtcServer } = await on.host.openRoom({ sessionId, epoch });
    const pids = [...on.sfu.pids];
    const seen = { produced: 0, refused: 0 };
    const transport = (): Promise<types.WebRtcTransport> =>
      router.createWebRtcTransport({ webRtcServer });
    await fc.assert(
      fc.asyncProperty(twists, twists, twists, async (sent, received, secured) => {
        const [from, to] = await Promise.all([transport(), transport()]);
        try {
          const dtls = dtlsParameters(twisted(DTLS, secured), '');
          await from.connect({ dtlsParameters: dtls });
        } catch {
          // Refused, as most of these are.
        }
        try {
          const camera = rtpParameters(twisted(CAMERA, sent), '');
          const producer = await from.produce({ kind: 'video', rtpParameters: camera });
          seen.produced += 1;
          const capabilities = rtpCapabilities(twisted(CAPABILITIES, received), '');
          await to.consume({ producerId: producer.id, rtpCapabilities: capabilities });
        } catch {
          seen.refused += 1;
        }
        from.close();
        to.close();
        await router.dump();
        expect(on.sfu.pids).toEqual(pids);
      }),
      { numRuns: 400 },
    );
    // The twists are neither all harmless nor all refused at the door.
    expect(seen.produced).toBeGreaterThan(20);
    expect(seen.refused).toBeGreaterThan(20);
  }, 120_000);
});
