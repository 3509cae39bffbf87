import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { FileStore } from '../../../activities/gateways/file-store.ts';
import type { SpeechGateway } from '../../../activities/gateways/speech/gateway.ts';
import {
  createLocalSpeech,
  isLocalSpeechReady,
} from '../../../activities/gateways/speech/local.ts';
import { createSpeechService } from '../../../activities/gateways/speech/service.ts';
import type { Settings, SpeechSettings } from '../../../config/settings.ts';
import type { FieldCipher } from '../../../crypto/field-cipher.ts';
import type { KeyRing } from '../../../crypto/key-ring.ts';
import { TRANSCRIPT_TASK_QUEUE } from '../../../workflows/messages/task-queues.ts';
import { nameOf } from '../../process.ts';
import type { FfmpegProgram } from '../recording/recorder.ts';
import { startQueueWorker } from '../worker.ts';
import { createHearingActivities } from './hearing.ts';

export interface TranscriptsDeps {
  readonly knex: Knex;
  readonly cipher: FieldCipher;
  readonly store: FileStore;
  readonly keyRing: KeyRing;
  readonly ffmpeg: FfmpegProgram | null;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export interface Transcripts {
  /** Whether this host makes words of recordings, by now. */
  readonly isOpen: boolean;
  close(): Promise<void>;
}

/** The engine is provided beside the product, so it may come later. */
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;
/** One at a time: it is nobody's hurry, and rooms have the processors first. */
const AT_ONCE = 1;

/** Makes words of recordings on this host, as soon as there is an engine. Without one, all else works. */
export function startTranscripts(
  settings: Pick<Settings, 'speech' | 'temporal'>,
  deps: TranscriptsDeps,
): Transcripts {
  const stopping = new AbortController();
  const state = { isOpen: false };
  const running = run(settings, deps, stopping.signal, state).catch((error: unknown) => {
    if (!stopping.signal.aborted) deps.log.warn({ error: nameOf(error) }, 'nothing is transcribed');
  });
  return {
    get isOpen() {
      return state.isOpen;
    },
    close: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function run(
  { speech: wanted, temporal }: Pick<Settings, 'speech' | 'temporal'>,
  { knex, cipher, store, keyRing, ffmpeg, log }: TranscriptsDeps,
  signal: AbortSignal,
  state: { isOpen: boolean },
): Promise<void> {
  if (ffmpeg === null) return;
  const speech = await engineOf(wanted, log, signal);
  if (speech === null) return;
  const { program } = ffmpeg;
  const worker = startQueueWorker({
    ...temporal,
    keyRing,
    taskQueue: TRANSCRIPT_TASK_QUEUE,
    activities: { ...createHearingActivities({ knex, cipher, store, speech, ffmpeg: program }) },
    most: AT_ONCE,
    onFault: (error) => log.warn({ error: nameOf(error) }, 'Temporal is out of reach'),
  });
  state.isOpen = true;
  log.info({ engine: wanted.engine }, 'recordings are transcribed here');
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  state.isOpen = false;
  await worker.close();
}

/** Null where none is wanted; resolves once there is one. */
async function engineOf(
  wanted: SpeechSettings,
  log: TranscriptsDeps['log'],
  signal: AbortSignal,
): Promise<SpeechGateway | null> {
  if (wanted.engine === 'off') return null;
  if (wanted.engine === 'service') return createSpeechService(wanted);
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    if (await isLocalSpeechReady(wanted.folder)) return createLocalSpeech(wanted.folder);
    if (pauseMs === FIRST_PAUSE_MS) {
      log.info('nothing is transcribed yet: the speech engine is not there');
    }
    await delay(pauseMs, undefined, { signal });
  }
}
