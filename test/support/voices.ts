import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Spoken by a machine; each as a browser would send it, and all that is said in it, with its time. */
export const VOICES = {
  first: {
    file: fileURLToPath(new URL('../fixtures/first-voice.webm', import.meta.url)),
    durationMs: 7_240,
    says: [
      { atMs: 210, text: 'good morning how are you today' },
      { atMs: 5_340, text: 'thank you for your time' },
    ],
  },
  second: {
    file: fileURLToPath(new URL('../fixtures/second-voice.webm', import.meta.url)),
    durationMs: 4_700,
    says: [{ atMs: 0, text: 'i want to talk about my mother she is very old and lives alone' }],
  },
} as const;

export type Voice = keyof typeof VOICES;

export function readVoice(voice: Voice): Promise<Buffer> {
  return readFile(VOICES[voice].file);
}

/** Its samples, as engines take them. */
export async function soundOfVoice(ffmpeg: string, voice: Voice): Promise<Buffer> {
  const args = ['-v', 'error', '-i', VOICES[voice].file, '-ac', '1', '-ar', '16000'];
  const { stdout } = await promisify(execFile)(ffmpeg, [...args, '-f', 's16le', 'pipe:1'], {
    encoding: 'buffer',
    maxBuffer: 1 << 26,
  });
  return stdout;
}
