import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocalFileStore } from '../../../activities/gateways/file-store.ts';
import { BYTES_PER_MS } from '../../../activities/gateways/speech/gateway.ts';
import type { SpeechGateway, SpokenSegment } from '../../../activities/gateways/speech/gateway.ts';
import {
  createLocalSpeech,
  isLocalSpeechReady,
} from '../../../activities/gateways/speech/local.ts';
import { createTranscriptActivities } from '../../../activities/transcripts/keeping.ts';
import { createFieldCipher } from '../../../crypto/field-cipher.ts';
import { ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import { sayConsent } from '../../../db/recording-consents.ts';
import { transcriptsOf } from '../../../db/transcripts.ts';
import { type HearingDeps, transcribeTrack } from '../../../workers/media/transcripts/hearing.ts';
import { type SessionBench, startSessionBench } from '../../activities/session/bench.ts';
import { heardIn, recordVoices } from '../../support/recorded-voices.ts';
import { ffmpegBin } from '../../support/recording.ts';
import { type TestSpeech, soundOf, startTestSpeech } from '../../support/speech.ts';
import { speechEngine } from '../../support/speech-engine.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { VOICES } from '../../support/voices.ts';

/** Sound is worked on with the time that nothing else needs. */
const MINUTES_MS = 600_000;
const never = new AbortController().signal;
/** Said in the first, the fourth and the sixth of seven seconds. */
const SECONDS = [1, 0, 0, 1, 0, 1, 0] as const;

const describeSound = ffmpegBin === null ? describe.skip : describe;

describeSound('the words of a track', () => {
  const folder = tempFolder();
  const store = createLocalFileStore(folder);
  let bench: SessionBench;
  let speech: TestSpeech;
  let deps: Omit<HearingDeps, 'speech'>;
  let tones: Buffer;
  beforeAll(async () => {
    const cipher = createFieldCipher(await ephemeralKeyRing());
    [bench, speech, tones] = await Promise.all([
      startSessionBench(),
      startTestSpeech(),
      asWebm(soundOf(SECONDS)),
    ]);
    deps = { knex: bench.knex, cipher, store, ffmpeg: ffmpegBin! };
  }, MINUTES_MS);
  afterAll(async () => {
    await speech.close();
    await bench.close();
  });

  async function recorded(voice: Buffer = tones) {
    const session = await bench.book();
    const personId = session.client_id!;
    const by = { sessionId: session.id, startedBy: session.therapist_id };
    const track = { personId, voice, offsetMs: 2_000, durationMs: 7_000 };
    const made = await recordVoices(deps, by, [track]);
    const activities = createTranscriptActivities(deps);
    const { trackIds } = await activities.planTranscript(made);
    expect(trackIds).toEqual(made.trackIds);
    return { ...made, ...by, personId, trackId: trackIds[0]!, activities };
  }

  /** An engine that is given little at once, and does something else before some pieces. */
  function engine(before: (piece: number) => Promise<void> | void = () => undefined): HearingDeps {
    let pieces = 0;
    const transcribe: SpeechGateway['transcribe'] = async (sound) => {
      pieces += 1;
      await before(pieces);
      return { kind: 'heard', segments: tonesIn(sound) };
    };
    return { ...deps, speech: { pieceMs: 2_500, transcribe } };
  }

  const wholeSeconds = async (made: Parameters<typeof heardIn>[1]): Promise<number[]> =>
    (await heardIn(deps, made)).map(([, atMs]) => Math.floor(atMs / 1_000));

  test(
    'have the times that they were said at, in pieces as in one',
    async () => {
      const [one, many] = [await recorded(), await recorded()];
      const all = { ...deps, speech: speech.gatewayWith() };
      expect(await transcribeTrack(all, one.trackId, never)).toBeNull();
      expect(await transcribeTrack(engine(), many.trackId, never)).toBeNull();
      // The track began two seconds after the recording.
      expect(await wholeSeconds(one)).toEqual([2, 5, 7]);
      expect(await wholeSeconds(many)).toEqual([2, 5, 7]);
      expect(await many.activities.closeTranscript({ ...many, fault: null })).toEqual({
        fault: null,
      });
      const [progress] = await transcriptsOf(deps.knex, many.sessionId);
      expect(progress).toMatchObject({ state: 'ready', reason: null, progress: 1 });
    },
    MINUTES_MS,
  );

  test(
    'are there once, wherever it broke off and whoever went on',
    async () => {
      for (const broken of [1, 2, 3]) {
        const made = await recorded();
        const dying = new AbortController();
        const dies = engine((piece) => {
          if (piece === broken) dying.abort(new Error('killed'));
        });
        await expect(transcribeTrack(dies, made.trackId, dying.signal)).rejects.toThrow('killed');
        const [sofar] = await transcriptsOf(deps.knex, made.sessionId);
        expect(sofar!.progress).toBeLessThan(1);
        expect(await transcribeTrack(engine(), made.trackId, never)).toBeNull();
        expect(await wholeSeconds(made)).toEqual([2, 5, 7]);
        // Asked once more, nothing is done.
        expect(await transcribeTrack(engine(), made.trackId, never)).toBeNull();
        expect(await heardIn(deps, made)).toHaveLength(3);
      }
    },
    MINUTES_MS,
  );

  test(
    'are there once when two are at it at the same time',
    async () => {
      const made = await recorded();
      const ends = await Promise.allSettled(
        [1, 2, 3].map(() => transcribeTrack(engine(), made.trackId, never)),
      );
      expect(ends.some(({ status }) => status === 'fulfilled')).toBe(true);
      expect(await wholeSeconds(made)).toEqual([2, 5, 7]);
    },
    MINUTES_MS,
  );

  test(
    'an engine that fails keeps nothing of the piece, and one that refuses us is not asked again',
    async () => {
      const made = await recorded();
      const all = { ...deps, speech: speech.gatewayWith() };
      for (const mode of ['busy', 'nonsense', 'partial', 'down'] as const) {
        speech.setMode(mode);
        await expect(transcribeTrack(all, made.trackId, never)).rejects.toMatchObject({
          type: 'engine_failed',
          nonRetryable: false,
        });
      }
      speech.setMode('normal');
      const refused = { ...deps, speech: speech.gatewayWith({ model: '' }) };
      await expect(transcribeTrack(refused, made.trackId, never)).rejects.toMatchObject({
        type: 'engine_refused',
        nonRetryable: true,
      });
      expect(await heardIn(deps, made)).toEqual([]);
      expect(await transcribeTrack(all, made.trackId, never)).toBeNull();
      expect(await wholeSeconds(made)).toEqual([2, 5, 7]);
    },
    MINUTES_MS,
  );

  test(
    'somebody takes back their consent meanwhile: nothing goes on, and nothing stays',
    async () => {
      const made = await recorded();
      const { sessionId, personId } = made;
      const withdrawing = engine(async (piece) => {
        if (piece !== 2) return;
        const said = { sessionId, personId, isGiven: false };
        await deps.knex.transaction((trx) => sayConsent(trx, said));
      });
      expect(await transcribeTrack(withdrawing, made.trackId, never)).toBe('consent_withdrawn');
      expect(await heardIn(deps, made)).toHaveLength(1);
      await made.activities.closeTranscript({ ...made, fault: 'consent_withdrawn' });
      expect(await heardIn(deps, made)).toEqual([]);
      const keys = { purpose: 'transcript', object_id: made.trackId };
      expect(await deps.knex('data_keys').where(keys)).toEqual([]);
      const [progress] = await transcriptsOf(deps.knex, sessionId);
      expect(progress).toMatchObject({ state: 'failed', reason: 'consent_withdrawn' });
      // Later news of it changes nothing.
      expect(await transcribeTrack(engine(), made.trackId, never)).not.toBeNull();
      expect(await heardIn(deps, made)).toEqual([]);
    },
    MINUTES_MS,
  );

  test(
    'one that took it back before a recording that was made without them stops nothing',
    async () => {
      const session = await bench.book();
      const by = { sessionId: session.id, startedBy: session.therapist_id };
      const other = await bench.person();
      for (const isGiven of [true, false]) {
        const said = { sessionId: session.id, personId: other, isGiven };
        await deps.knex.transaction((trx) => sayConsent(trx, said));
      }
      const track = { personId: session.client_id!, voice: tones };
      const made = await recordVoices(deps, { ...by, startedAt: new Date(Date.now() + 1_000) }, [
        track,
      ]);
      const { planTranscript } = createTranscriptActivities(deps);
      expect((await planTranscript(made)).trackIds).toEqual(made.trackIds);
    },
    MINUTES_MS,
  );

  test(
    'sound that does not open, is no sound or is not there is told apart from a bad engine',
    async () => {
      const [changed, garbled, missing] = [
        await recorded(),
        await recorded(Buffer.from('this is no sound at all'.repeat(100))),
        await recorded(),
      ];
      const broken = { type: 'sound_unreadable' };
      await deps
        .knex('recording_tracks')
        .where({ id: changed.trackId })
        .update({ size_bytes: 1e6 });
      await rm(join(folder, missing.trackId.slice(-2), missing.trackId));
      const cases = [
        [changed, true],
        [garbled, true],
        [missing, false],
      ] as const;
      for (const [{ trackId }, nonRetryable] of cases) {
        const hearing = transcribeTrack(engine(), trackId, never);
        await expect(hearing).rejects.toMatchObject({ ...broken, nonRetryable });
      }
    },
    MINUTES_MS,
  );

  test(
    'a real engine hears two voices, each by itself and at its time',
    async () => {
      if ('missing' in speechEngine) {
        expect(await isLocalSpeechReady(join(folder, 'nowhere'))).toBe(false);
        expect(speechEngine.missing).toMatch(/\w+ \w+/);
        return;
      }
      const session = await bench.book();
      const by = { sessionId: session.id, startedBy: session.therapist_id };
      const made = await recordVoices(deps, by, [
        { personId: session.therapist_id, voice: 'first' },
        { personId: session.client_id!, voice: 'second', offsetMs: 2_500 },
      ]);
      const speech = createLocalSpeech(speechEngine.folder);
      for (const trackId of made.trackIds) {
        expect(await transcribeTrack({ ...deps, speech }, trackId, never)).toBeNull();
      }
      const heard = await heardIn(deps, made);
      const [first, second] = made.trackIds;
      expect(heard.map(([trackId, , text]) => [trackId, text])).toEqual([
        [first, VOICES.first.says[0].text],
        [second, VOICES.second.says[0].text],
        [first, VOICES.first.says[1].text],
      ]);
      const times = heard.map(([, atMs]) => Math.round(atMs / 1_000));
      expect(times).toEqual([0, 3, 5]);
    },
    MINUTES_MS,
  );

  test(
    'pictures and what shows everybody are no voices; silence is not given to an engine',
    async () => {
      const session = await bench.book();
      const by = { sessionId: session.id, startedBy: session.therapist_id };
      const personId = session.client_id!;
      const made = await recordVoices(deps, by, [
        { personId, voice: 'first', source: 'camera' },
        { personId, voice: 'second', source: 'screen-audio' },
        { personId, voice: await asWebm(soundOf([0, 0])), durationMs: 2_000 },
      ]);
      const { planTranscript } = createTranscriptActivities(deps);
      expect((await planTranscript(made)).trackIds).toEqual([made.trackIds[2]]);
      const asked = speech.asked();
      expect(await transcribeTrack(engine(), made.trackIds[2]!, never)).toBeNull();
      expect(speech.asked()).toBe(asked);
    },
    MINUTES_MS,
  );
});

/** Each tone from where it begins; looked at in steps of 10 ms. */
function tonesIn(sound: Buffer): SpokenSegment[] {
  const step = 10 * BYTES_PER_MS;
  const tones: { startMs: number; endMs: number; text: string }[] = [];
  for (let at = 0; at + step <= sound.length; at += step) {
    let isLoud = false;
    for (let byte = at; byte < at + step; byte += 2) {
      isLoud ||= Math.abs(sound.readInt16LE(byte)) > 1_000;
    }
    const nowMs = at / BYTES_PER_MS;
    const last = tones.at(-1);
    if (isLoud && last !== undefined && nowMs - last.endMs < 100) last.endMs = nowMs + 10;
    else if (isLoud) tones.push({ startMs: nowMs, endMs: nowMs + 10, text: 'a tone' });
  }
  return tones;
}

/** As a recorded track is: Opus, 48 kHz. */
async function asWebm(sound: Buffer): Promise<Buffer> {
  const args = ['-v', 'error', '-f', 's16le', '-ar', '16000', '-ac', '1', '-i', 'pipe:0'];
  const running = promisify(execFile)(
    ffmpegBin ?? '',
    [...args, '-ar', '48000', '-c:a', 'libopus', '-f', 'webm', 'pipe:1'],
    { encoding: 'buffer', maxBuffer: 1 << 26 },
  );
  running.child.stdin?.end(sound);
  return (await running).stdout;
}
