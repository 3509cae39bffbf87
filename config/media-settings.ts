import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import type { EnvReader } from './env-reader.ts';
import { isIceUrl, readIceServers, readParticipantLimits } from './json-settings.ts';
import type { MediaSettings, TurnSettings } from './types.ts';

const MAX_WORKERS = 64;
const DAY_MS = 86_400_000;

/** How media hosts are reached, as published, and what the product adds to it. */
export function readMedia(reader: EnvReader, port: number): MediaSettings {
  const minPort = reader.port('MEDIASOUP_MIN_PORT', 10_000);
  const maxPort = reader.port('MEDIASOUP_MAX_PORT', Math.min(minPort + 100, 65_535));
  if (maxPort < minPort) reader.fault('MEDIASOUP_MAX_PORT', 'must not be below MEDIASOUP_MIN_PORT');
  const ports = Math.max(maxPort - minPort + 1, 1);
  const most = Math.min(MAX_WORKERS, ports);
  const workers = Math.min(availableParallelism(), most);
  return {
    port,
    signalingUrl: reader.url('MEDIA_URL', ['http:', 'https:']) ?? `http://localhost:${port}`,
    listenIp: listenIpOf(reader.text('HOST')),
    announcedIp: readAnnouncedAddress(reader),
    minPort,
    maxPort,
    workers: reader.integer('MEDIASOUP_WORKERS', workers, 1, most),
    drainMs: reader.durationMs('MEDIA_DRAIN', 5_000),
    workerBin: reader.text('MEDIASOUP_WORKER_BIN'),
    ffmpegBin: reader.text('FFMPEG_BIN'),
    recordingLivesMs: reader.durationMs('RECORDING_RETENTION', 30 * DAY_MS),
    transcriptLivesMs: reader.durationMs('TRANSCRIPT_RETENTION', 30 * DAY_MS),
    isRecordingShared: reader.flag('RECORDINGS_FOR_PARTICIPANTS'),
    iceServers: readIceServers(reader),
    participantLimits: readParticipantLimits(reader),
    turn: readTurn(reader),
  };
}

/** Media needs an address where HTTP would take a name. */
function listenIpOf(host: string | null): string {
  if (host === null || host === '::') return '0.0.0.0';
  if (isIP(host) !== 0) return host;
  return host === 'localhost' ? '127.0.0.1' : '0.0.0.0';
}

/** An address or a name that browsers can send media to. */
function readAnnouncedAddress(reader: EnvReader): string {
  const address = reader.text('MEDIASOUP_ANNOUNCED_IP') ?? '127.0.0.1';
  const isName = /^(?=.*[a-z])[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(address);
  const isEverywhere = address === '0.0.0.0' || address === '::';
  if ((isIP(address) === 0 && !isName) || isEverywhere) {
    const rule = 'must be the address, such as 203.0.113.7, that browsers reach this machine at';
    reader.fault('MEDIASOUP_ANNOUNCED_IP', rule);
  }
  return address;
}

function readTurn(reader: EnvReader): TurnSettings | null {
  const urls = reader.list('TURN_URLS');
  const secret = reader.text('TURN_SECRET');
  if (!urls.every((url) => isIceUrl(url) && url.startsWith('turn'))) {
    reader.fault('TURN_URLS', 'must be addresses such as turn:turn.example.com:3478, with commas');
  }
  if (urls.length === 0 && secret === null) return null;
  if (urls.length === 0) reader.fault('TURN_SECRET', 'needs TURN_URLS as well');
  if (secret === null) reader.fault('TURN_URLS', 'needs TURN_SECRET as well');
  return { urls, secret: secret ?? '' };
}
