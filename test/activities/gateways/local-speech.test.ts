import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  createLocalSpeech,
  isLocalSpeechReady,
} from '../../../activities/gateways/speech/local.ts';
import { ffmpegBin } from '../../support/recording.ts';
import { soundOf } from '../../support/speech.ts';
import { speechEngine } from '../../support/speech-engine.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { VOICES, type Voice, soundOfVoice } from '../../support/voices.ts';

const MINUTES_MS = 600_000;
const never = new AbortController().signal;
const folders = tempFolder();

/** An engine's package that does this when it is loaded. */
async function engineThat(name: string, program: string): Promise<string> {
  const folder = join(folders, name);
  await mkdir(join(folder, 'pocketsphinx'), { recursive: true });
  await writeFile(join(folder, 'pocketsphinx', '__init__.py'), program);
  return folder;
}

/** Where nothing can be heard, there is a sentence that says why. */
function expectItIsSaid(): void {
  const reason = 'missing' in speechEngine ? speechEngine.missing : 'there is no ffmpeg';
  expect(reason).toMatch(/\w+ \w+/);
}

test.each(['first', 'second'] as const)(
  'the engine hears what a voice says, and when: %s',
  async (voice: Voice) => {
    if ('missing' in speechEngine || ffmpegBin === null) return expectItIsSaid();
    const sound = await soundOfVoice(ffmpegBin, voice);
    const reply = await createLocalSpeech(speechEngine.folder).transcribe(sound, never);
    const segments = reply.kind === 'heard' ? reply.segments : [];
    const { says } = VOICES[voice];
    expect(segments.map(({ text }) => text)).toEqual(says.map(({ text }) => text));
    for (const [at, { startMs, endMs }] of segments.entries()) {
      expect(Math.abs(startMs - says[at]!.atMs)).toBeLessThan(300);
      expect(endMs).toBeGreaterThan(startMs);
    }
  },
  MINUTES_MS,
);

test(
  'hears nothing in silence, and all that is said until the very end',
  async () => {
    if ('missing' in speechEngine || ffmpegBin === null) return expectItIsSaid();
    const gateway = createLocalSpeech(speechEngine.folder);
    expect(await gateway.transcribe(soundOf([0, 0, 0]), never)).toEqual({
      kind: 'heard',
      segments: [],
    });
    const sound = await soundOfVoice(ffmpegBin, 'second');
    // Cut in the midst of a word, in a whole number of the engine's frames.
    const cut = sound.subarray(0, 960 * 100);
    const reply = await gateway.transcribe(cut, never);
    expect(JSON.stringify(reply)).toContain('talk about');
    const segments = reply.kind === 'heard' ? reply.segments : [];
    expect(segments.at(-1)!.endMs).toBeLessThanOrEqual(3_000);
  },
  MINUTES_MS,
);

test('where there is no engine, or one that does not run, it is said to be so', async () => {
  expect(await isLocalSpeechReady(join(folders, 'nowhere'))).toBe(false);
  const broken = await engineThat('broken', 'raise RuntimeError("no")');
  expect(await isLocalSpeechReady(broken)).toBe(false);
  expect(await createLocalSpeech(broken).transcribe(soundOf([1]), never)).toEqual({
    kind: 'fault',
    fault: 'unreadable',
  });
});

const HALF = `
import os
print('{"start": 0, "end": 1, "text": "half"}', flush=True)
os._exit(0)
`;

test('what breaks off halfway, or is no answer, is nothing', async () => {
  for (const program of [HALF, HALF.replace('"start": 0', '"start": "x"'), 'print("hello")']) {
    const folder = await engineThat(`half-${program.length}`, program);
    const reply = await createLocalSpeech(folder).transcribe(soundOf([1]), never);
    expect(reply).toEqual({ kind: 'fault', fault: 'unreadable' });
  }
});

test('ends at once when it is told to', async () => {
  const marker = join(folders, 'begun');
  const program = `import time\nopen(${JSON.stringify(marker)}, "w").close()\ntime.sleep(3600)\n`;
  const folder = await engineThat('slow', program);
  const stopping = new AbortController();
  const reply = createLocalSpeech(folder).transcribe(soundOf([1]), stopping.signal);
  setTimeout(() => stopping.abort(), 100);
  expect(await reply).toEqual({ kind: 'fault', fault: 'stopped' });
});
