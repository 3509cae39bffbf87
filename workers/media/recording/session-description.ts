import type { types } from 'mediasoup';
import { LOOPBACK } from './ports.ts';

/** Of what a sender says of its codec, what a container has to know; the rest is between browsers. */
const SETTINGS: ReadonlySet<string> = new Set([
  'packetization-mode',
  'profile-level-id',
  'sprop-stereo',
]);

/** What ffmpeg has to know of one track: which codec comes to which port of this machine. */
export function describeTrack(
  { codecs }: types.RtpParameters,
  kind: types.MediaKind,
  port: number,
): string {
  const codec = codecs[0];
  if (codec === undefined) throw new Error('A track without a codec');
  const { payloadType, mimeType, clockRate, channels, parameters } = codec;
  const name = mimeType.slice(mimeType.indexOf('/') + 1);
  const settings = Object.entries(parameters ?? {}).flatMap(([key, value]) =>
    SETTINGS.has(key) ? [`${key}=${value}`] : [],
  );
  return [
    'v=0',
    `o=- 0 0 IN IP4 ${LOOPBACK}`,
    's=-',
    `c=IN IP4 ${LOOPBACK}`,
    't=0 0',
    // What others send to the port is no part of it.
    `a=source-filter: incl IN IP4 ${LOOPBACK} ${LOOPBACK}`,
    `m=${kind} ${port} RTP/AVP ${payloadType}`,
    `a=rtpmap:${payloadType} ${name}/${clockRate}${channels === undefined ? '' : `/${channels}`}`,
    ...(settings.length === 0 ? [] : [`a=fmtp:${payloadType} ${settings.join(';')}`]),
    '',
  ].join('\r\n');
}

/** The container that a codec goes into as it is. */
export function containerOf({ codecs }: types.RtpParameters): 'webm' | 'matroska' {
  return /h264/i.test(codecs[0]?.mimeType ?? '') ? 'matroska' : 'webm';
}

export function mediaTypeOf(container: 'webm' | 'matroska', kind: types.MediaKind): string {
  return `${kind}/${container === 'webm' ? 'webm' : 'x-matroska'}`;
}

/** What a recorder receives: it asks for nothing twice, as ffmpeg could make nothing of it. */
export function withoutRetransmissions({
  codecs = [],
}: types.RtpCapabilities): types.RtpCapabilities {
  return {
    codecs: codecs.filter(({ mimeType }) => !/\/rtx$/i.test(mimeType)),
    headerExtensions: [],
  };
}
