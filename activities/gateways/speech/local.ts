import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  BYTES_PER_MS,
  type SpeechGateway,
  type SpeechReply,
  fault,
  readSegments,
} from './gateway.ts';

const PROGRAM = fileURLToPath(new URL('recognise.py', import.meta.url));
/** It takes about a quarter of the sound's own time, more on a busy machine. */
const PIECE_MS = 60_000;
const WITHIN_MS = 600_000;
/** Words of a minute are some kilobytes. */
const LONGEST_ANSWER = 1_000_000;

/**
 * The engine that is provided along with the product: English alone, and rough. It works on processor
 * time that nothing else needs, and no sound leaves the machine. `folder` holds the engine's package.
 */
export function createLocalSpeech(folder: string): SpeechGateway {
  return { pieceMs: PIECE_MS, transcribe: (sound, signal) => recognise(folder, sound, signal) };
}

/** Whether an engine is there and works. */
export async function isLocalSpeechReady(folder: string): Promise<boolean> {
  if (!existsSync(join(folder, 'pocketsphinx'))) return false;
  const reply = await recognise(folder, Buffer.alloc(0), AbortSignal.timeout(WITHIN_MS));
  return reply.kind === 'heard';
}

async function recognise(
  folder: string,
  sound: Buffer,
  stopping: AbortSignal,
): Promise<SpeechReply> {
  if (stopping.aborted) return fault('stopped');
  const deadline = AbortSignal.timeout(WITHIN_MS);
  const ending = await run(folder, sound, AbortSignal.any([deadline, stopping]));
  if (stopping.aborted) return fault('stopped');
  if (deadline.aborted) return fault('timeout');
  if (ending.code === null) return fault('unreachable');
  const lines = linesOf(ending.output);
  const last = Object(lines?.at(-1)) as { done?: unknown };
  if (lines === null || ending.code !== 0 || last.done !== true) return fault('unreadable');
  const segments = readSegments(lines.slice(0, -1), sound.length / BYTES_PER_MS);
  return segments === null ? fault('unreadable') : { kind: 'heard', segments };
}

interface Ending {
  /** Null where it could not be run, or was ended. */
  readonly code: number | null;
  readonly output: string;
}

/** `-I`: what happens to lie around for Python on this machine has no say in it. */
function run(folder: string, sound: Buffer, signal: AbortSignal): Promise<Ending> {
  return new Promise((resolve) => {
    const child = spawn('nice', ['-n', '15', 'python3', '-I', '-B', PROGRAM, folder], {
      stdio: ['pipe', 'pipe', 'ignore'],
      signal,
      killSignal: 'SIGKILL',
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (words: string) => {
      output += words;
      if (output.length > LONGEST_ANSWER) child.kill('SIGKILL');
    });
    child.once('error', () => resolve({ code: null, output }));
    child.once('close', (code) => resolve({ code, output }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(sound);
  });
}

function linesOf(output: string): unknown[] | null {
  try {
    const lines = output.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as unknown);
  } catch {
    return null;
  }
}
