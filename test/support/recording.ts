import { execFile } from 'node:child_process';
import { describe } from '@jest/globals';
import type { Readable } from 'node:stream';
import { provideFfmpeg } from '../../scripts/provision/ffmpeg.ts';
import { messageOf } from '../../scripts/provision/progress.ts';
import { browserPath } from './browser.ts';
import { workerBin } from './media.ts';

/** The program that records; null where there is none, said loudly. */
export const ffmpegBin: string | null = await provideFfmpeg().catch((fault: unknown) => {
  console.error(`NOT TESTED: recordings, since ${messageOf(fault)}`);
  return null;
});

/** Like `describe`, but skipped where nothing can be recorded. */
export const describeRecording =
  ffmpegBin === null || workerBin === null || browserPath === null ? describe.skip : describe;

const [WIDTH, HEIGHT] = [16, 9];

/** What a decoder makes of a file: pictures that are not all the same, and sound that is no silence. */
export interface Decoded {
  readonly pictures: number;
  readonly sound: number;
}

/** Decodes all of a file; rejects where the decoder finds a fault. */
export async function decode(file: () => Promise<Readable>): Promise<Decoded> {
  const shape = ['-map', '0:v?', '-s', `${WIDTH}x${HEIGHT}`, '-pix_fmt', 'gray', '-f', 'rawvideo'];
  const wave = ['-map', '0:a?', '-ac', '1', '-ar', '8000', '-f', 's16le'];
  const [pictures, sound] = [await run(await file(), shape), await run(await file(), wave)];
  let loudest = 0;
  for (let at = 0; at + 1 < sound.length; at += 2) {
    loudest = Math.max(loudest, Math.abs(sound.readInt16LE(at)));
  }
  return { pictures: pictures.length / (WIDTH * HEIGHT), sound: loudest };
}

/** A file without such a track yields nothing. */
function run(input: Readable, output: readonly string[]): Promise<Buffer> {
  const args = ['-v', 'error', '-xerror', '-i', 'pipe:0', ...output, 'pipe:1'];
  return new Promise((resolve, reject) => {
    const child = execFile(
      ffmpegBin ?? '',
      args,
      { encoding: 'buffer', maxBuffer: 1 << 28 },
      (fault, stdout, stderr) => {
        if (fault === null || /does not contain any stream/.test(String(stderr))) resolve(stdout);
        else reject(new Error(String(stderr)));
      },
    );
    child.stdin?.on('error', () => undefined);
    input.pipe(child.stdin!);
  });
}
