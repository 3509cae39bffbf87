import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { workerBin } from './media.ts';

const program = fileURLToPath(new URL('./killable-media.ts', import.meta.url));

export interface MediaProcess {
  readonly process: ChildProcess;
  /** Whether its media worker still takes connections. */
  forwards(): Promise<boolean>;
}

/**
 * A media host in a process of its own, with its guard, to be killed or stopped. It records where it is
 * told by what program and into which folder.
 */
export async function startMediaProcess(
  databaseUrl: string,
  keysFile: string,
  recording?: { readonly ffmpeg: string; readonly folder: string },
): Promise<MediaProcess> {
  const port = await freePort();
  const records = recording === undefined ? [] : [recording.ffmpeg, recording.folder];
  const args = [program, databaseUrl, keysFile, workerBin ?? '', String(port), ...records];
  const host = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(host.stdout, 'data');
  return { process: host, forwards: () => isOpen(port) };
}

function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}
