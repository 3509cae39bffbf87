import type { types } from 'mediasoup';
import type { Shape } from './shape.ts';
import { flag, integer, list, object, oneOf, optional, parameters, text } from './shape.ts';

/**
 * What browsers describe their media with, as far as the product takes it from them. Others' browsers
 * write it into their own descriptions line by line: no text here has what could end a line.
 */
const VISIBLE = /^[\x21-\x7e]+$/;
const PRINTABLE = /^[\x20-\x7e]*$/;
const MIME_TYPE = /^(audio|video)\/[A-Za-z0-9.-]{1,32}$/;
const SCALABILITY_MODE = /^[LS][1-3]T[1-3](h|_KEY|_KEY_SHIFT)?$/;
const HEX_PAIRS = /^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})+$/;

const kind = oneOf('audio', 'video');
const mimeType = text(64, MIME_TYPE);
const payloadType = integer(0, 127);
const clockRate = integer(1, 1_000_000);
const channels = integer(1, 8);
const ssrc = integer(0, 0xffff_ffff);
const uri = text(256, VISIBLE);
const feedback = list(
  object({ type: text(32, VISIBLE), parameter: optional(text(32, PRINTABLE, 0)) }),
  0,
  16,
);

/** Extensions that mediasoup has no use for stay out; what it knows it checks by name. */
const headerExtension = object({
  uri,
  id: integer(1, 255),
  encrypt: optional(flag),
  parameters: optional(parameters),
});

export const rtpParameters = object({
  mid: optional(text(32, VISIBLE)),
  msid: optional(text(256, PRINTABLE)),
  codecs: list(
    object({
      mimeType,
      payloadType,
      clockRate,
      channels: optional(channels),
      parameters: optional(parameters),
      rtcpFeedback: optional(feedback),
    }),
    1,
    16,
  ),
  headerExtensions: optional(list(headerExtension, 0, 32)),
  encodings: optional(
    list(
      object({
        ssrc: optional(ssrc),
        rid: optional(text(16, /^[\w-]+$/)),
        codecPayloadType: optional(payloadType),
        rtx: optional(object({ ssrc })),
        dtx: optional(flag),
        scalabilityMode: optional(text(16, SCALABILITY_MODE)),
        maxBitrate: optional(integer(1, 100_000_000)),
      }),
      1,
      4,
    ),
  ),
  rtcp: optional(object({ cname: optional(text(256, PRINTABLE, 0)), reducedSize: optional(flag) })),
}) as unknown as Shape<types.RtpParameters>;

export const rtpCapabilities = object({
  codecs: list(
    object({
      kind,
      mimeType,
      preferredPayloadType: payloadType,
      clockRate,
      channels: optional(channels),
      parameters: optional(parameters),
      rtcpFeedback: optional(feedback),
    }),
    1,
    64,
  ),
  headerExtensions: optional(
    list(
      object({
        kind,
        uri,
        preferredId: integer(1, 255),
        preferredEncrypt: optional(flag),
        direction: optional(oneOf('sendrecv', 'sendonly', 'recvonly', 'inactive')),
      }),
      0,
      64,
    ),
  ),
}) as unknown as Shape<types.RtpCapabilities>;

const FINGERPRINT_BYTES = {
  'sha-1': 20,
  'sha-224': 28,
  'sha-256': 32,
  'sha-384': 48,
  'sha-512': 64,
} as const;

const fingerprint = object({
  algorithm: oneOf('sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512'),
  value: text(191, HEX_PAIRS),
});

const someFingerprints: Shape<types.DtlsFingerprint[]> = (value, path) =>
  list(
    fingerprint,
    1,
    8,
  )(value, path).map(({ algorithm, value: hex }) => {
    const length = FINGERPRINT_BYTES[algorithm] * 3 - 1;
    return { algorithm, value: text(length, HEX_PAIRS, length)(hex, path) };
  });

export const dtlsParameters = object({
  role: optional(oneOf('auto', 'client', 'server')),
  fingerprints: someFingerprints,
}) as unknown as Shape<types.DtlsParameters>;
