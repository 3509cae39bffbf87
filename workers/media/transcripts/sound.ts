import type { Readable } from 'node:stream';
import { BYTES_PER_MS, SAMPLE_RATE } from '../../../activities/gateways/speech/gateway.ts';
import { quietCut } from '../../../domain/transcript.ts';
import { runFfmpeg } from '../recording/ffmpeg.ts';

/** A part of a track: `sound` begins `fromMs` after the track does. */
export interface SoundPiece {
  readonly fromMs: number;
  readonly toMs: number;
  readonly sound: Buffer;
  readonly isLast: boolean;
}

export interface PiecesOptions {
  readonly ffmpeg: string;
  /** Where to begin: the end of a piece. */
  readonly fromMs: number;
  readonly pieceMs: number;
  readonly signal: AbortSignal;
}

const SAMPLES_PER_MS = SAMPLE_RATE / 1_000;
/** Gaps in what was sent are silence here, so that time runs as it did. */
const AS_SAMPLES =
  `-map 0:a:0 -af aresample=${SAMPLE_RATE}:async=1:first_pts=0 -ac 1 -c:a pcm_s16le -f s16le`.split(
    ' ',
  );

/**
 * The sound of a recorded file, in pieces that are cut where it is quiet: always in the same places,
 * wherever it begins. Throws where the file can't be read or decoded; then the last piece is missing.
 */
export async function* piecesOf(
  file: Readable,
  options: PiecesOptions,
): AsyncGenerator<SoundPiece> {
  const { ffmpeg, pieceMs, signal } = options;
  let fileFault: Error | null = null;
  file.once('error', (fault) => (fileFault = fault));
  const decoder = runFfmpeg(ffmpeg, ['-i', 'pipe:3', ...AS_SAMPLES, 'pipe:1'], [file]);
  const stop = (): void => decoder.stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    let left = options.fromMs * BYTES_PER_MS;
    let fromMs = options.fromMs;
    let chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of decoder.output as AsyncIterable<Buffer>) {
      const wanted = chunk.subarray(Math.min(left, chunk.length));
      left -= chunk.length - wanted.length;
      chunks.push(wanted);
      length += wanted.length;
      while (length > pieceMs * BYTES_PER_MS) {
        const all = Buffer.concat(chunks, length);
        const sound = all.subarray(0, cutOf(all.subarray(0, pieceMs * BYTES_PER_MS)));
        const toMs = fromMs + sound.length / BYTES_PER_MS;
        yield { fromMs, toMs, sound, isLast: false };
        fromMs = toMs;
        chunks = [all.subarray(sound.length)];
        length = chunks[0]!.length;
      }
    }
    const complaint = await decoder.ended;
    if (fileFault !== null) throw fileFault as Error;
    signal.throwIfAborted();
    if (complaint !== null) throw new Error('the sound could not be decoded');
    const toMs = fromMs + Math.floor(length / BYTES_PER_MS);
    yield { fromMs, toMs, sound: wholeSamples(Buffer.concat(chunks, length)), isLast: true };
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
    file.destroy();
  }
}

/** In bytes. */
function cutOf(sound: Buffer): number {
  return quietCut(samplesOf(sound), SAMPLES_PER_MS) * 2;
}

function samplesOf(sound: Buffer): Int16Array {
  const copy = new Uint8Array(wholeSamples(sound));
  return new Int16Array(copy.buffer);
}

function wholeSamples(sound: Buffer): Buffer {
  return sound.subarray(0, sound.length - (sound.length % 2));
}

/** Below this nobody speaks. */
const AUDIBLE = 100;

export function isSilent(sound: Buffer): boolean {
  return samplesOf(sound).every((sample) => Math.abs(sample) < AUDIBLE);
}
