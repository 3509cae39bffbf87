import type { FfmpegProgram } from './recorder.ts';
import { LOOPBACK } from './ports.ts';

const DAY_SECONDS = 86_400;

/**
 * What an ffmpeg is told that takes in what is described, from this machine alone, and puts it into a
 * container as it is and as soon as it comes.
 */
export function copying(
  { waitsForMedia, listensWhereTold }: Omit<FfmpegProgram, 'program'>,
  description: string,
  container: 'webm' | 'matroska',
): string[] {
  const patience = waitsForMedia ? ['-listen_timeout', String(DAY_SECONDS)] : [];
  const place = listensWhereTold ? ['-localaddr', LOOPBACK] : [];
  const source = ['-fpsprobesize', '0', '-f', 'sdp', '-i', asAddress(description)];
  const written = ['-flush_packets', '1', '-cluster_time_limit', '200', '-f', container];
  return [
    ...patience,
    ...place,
    '-protocol_whitelist',
    'data,udp,rtp',
    ...source,
    '-map',
    '0',
    '-c',
    'copy',
    ...written,
    'pipe:1',
  ];
}

function asAddress(description: string): string {
  return `data:application/sdp;charset=UTF-8;base64,${Buffer.from(description).toString('base64')}`;
}
