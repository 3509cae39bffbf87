import { expect, test } from '@jest/globals';
import type { types } from 'mediasoup';
import { describeTrack } from '../../../workers/media/recording/session-description.ts';
import { rtpCapabilities, rtpParameters } from '../../../workers/media/signalling/rtp-shapes.ts';

const CODEC = {
  mimeType: 'audio/opus',
  clockRate: 48_000,
  channels: 2,
  parameters: { 'sprop-stereo': 1, note: 'plain' },
  rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
};
const URI = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const SENT = {
  mid: '0',
  msid: 'stream track',
  codecs: [{ ...CODEC, payloadType: 111 }],
  headerExtensions: [{ uri: URI, id: 1, parameters: { note: 'plain' } }],
  encodings: [{ ssrc: 1_111, rid: 'r', scalabilityMode: 'L1T3' }],
  rtcp: { cname: 'a+b/c=' },
};
const RECEIVED = {
  codecs: [{ ...CODEC, kind: 'audio', preferredPayloadType: 111 }],
  headerExtensions: [{ kind: 'audio', uri: URI, preferredId: 1 }],
};

/** The paths to every text in what is sent. */
function texts(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value === 'string') return [[...path]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => texts(each, [...path, name]));
}

function changed(whole: object, path: readonly string[], tail: string): object {
  const copy = structuredClone(whole);
  const last = path.at(-1)!;
  const inside = path.slice(0, -1).reduce<object>((at, name) => Reflect.get(at, name), copy);
  Reflect.set(inside, last, `${Reflect.get(inside, last)}${tail}`);
  return copy;
}

const cases = [
  ...texts(SENT).map((path) => ['sent', path.join('.'), rtpParameters, SENT, path] as const),
  ...texts(RECEIVED).map(
    (path) => ['received', path.join('.'), rtpCapabilities, RECEIVED, path] as const,
  ),
];

test.each(cases)(
  'no text of what is %s, such as %s, has a line in it',
  (_what, _where, shape, whole, path) => {
    expect(() => shape(whole, '')).not.toThrow();
    for (const tail of [
      '\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host',
      '\n',
      '\r',
      '\0',
      '\u2028',
    ]) {
      expect(() => shape(changed(whole, path, tail), '')).toThrow(
        expect.objectContaining({ code: 'malformed_request' }),
      );
    }
  },
);

test("a codec's parameter is one parameter", () => {
  const [codec] = SENT.codecs;
  const codecs = [{ ...codec, parameters: { note: 'plain;maxaveragebitrate=1' } }];
  expect(() => rtpParameters({ ...SENT, codecs }, '')).toThrow(/parameters/);
});

test('a recorder is told of a codec only what a container has to know', () => {
  const parameters = {
    'packetization-mode': 1,
    'profile-level-id': '42e01f',
    'level-asymmetry-allowed': 1,
    'x-google-start-bitrate': '1\r\nm=audio 5004 RTP/AVP 0',
  };
  const codec = { mimeType: 'video/H264', payloadType: 102, clockRate: 90_000, parameters };
  const track = { codecs: [codec] } as types.RtpParameters;
  expect(describeTrack(track, 'video', 5_002).split('\r\n').slice(6)).toEqual([
    'm=video 5002 RTP/AVP 102',
    'a=rtpmap:102 H264/90000',
    'a=fmtp:102 packetization-mode=1;profile-level-id=42e01f',
    '',
  ]);
});
