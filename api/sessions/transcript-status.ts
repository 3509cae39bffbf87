import { mediaAvailable } from '../../db/rooms.ts';
import { recordingsOf } from '../../db/recordings.ts';
import { type TranscriptProgress, transcriptsOf } from '../../db/transcripts.ts';
import { assertNever } from '../../domain/assert-never.ts';
import type { TranscriptFault } from '../../domain/transcript.ts';
import type { ApiDeps } from '../context.ts';

export interface TranscriptStatus {
  /** Whether what was said in a recording of the session is there in words. */
  readonly available: boolean;
  /** What is missing, for a person to read; null where nothing is. */
  readonly reason: string | null;
  readonly recordings: readonly object[];
}

const WRITTEN_IS_KEPT = 'what is written is kept.';

/** How far the spoken words of a session are. */
export async function transcriptStatus(
  { knex, rooms }: Pick<ApiDeps, 'knex' | 'rooms'>,
  sessionId: string,
): Promise<TranscriptStatus> {
  const [known, recordings, { transcripts: hasEngine }] = await Promise.all([
    transcriptsOf(knex, sessionId),
    recordingsOf(knex, sessionId),
    mediaAvailable(knex),
  ]);
  const available = known.some(({ state }) => state === 'ready');
  const shown = known.map(({ recordingId, state, reason, progress }) => ({
    recordingId,
    status: state,
    reason,
    progress,
  }));
  const open = known.find(({ state }) => state !== 'ready');
  const isRecorded = recordings.some(({ state }) => state !== 'ready');
  if (open !== undefined) {
    return { available, reason: reasonOf(open, hasEngine), recordings: shown };
  }
  if (known.length > 0) return { available, reason: null, recordings: shown };
  const isWanted = rooms.speechEngine !== 'off';
  return { available, reason: whyNone(isWanted, isRecorded), recordings: [] };
}

function whyNone(isWanted: boolean, isRecorded: boolean): string {
  if (!isWanted) {
    return `What is said is not transcribed in this installation; ${WRITTEN_IS_KEPT}`;
  }
  if (isRecorded) return 'What is said is transcribed once its recording is whole.';
  return `Only what is recorded is transcribed, and nothing was; ${WRITTEN_IS_KEPT}`;
}

function reasonOf({ state, reason }: TranscriptProgress, hasEngine: boolean): string | null {
  switch (state) {
    case 'ready':
      return null;
    case 'pending':
    case 'running':
      if (!hasEngine) {
        return 'What was said waits to be transcribed: no speech engine is there just now.';
      }
      return state === 'pending'
        ? 'What was said waits to be transcribed.'
        : 'What was said is being transcribed.';
    case 'expired':
      return 'What was said has been let go of in its time.';
    case 'failed':
      return reason === null ? null : WHY_FAILED[reason];
    default:
      return assertNever(state);
  }
}

const WHY_FAILED: Readonly<Record<TranscriptFault, string>> = {
  consent_withdrawn: 'Somebody has taken back their consent to the recording.',
  recording_gone: 'The recording was deleted before it was transcribed.',
  no_engine: 'No speech engine was there for days.',
  engine_refused: 'The speech service does not accept our requests: see to its settings.',
  engine_failed: 'The speech engine failed again and again; some of what was said is missing.',
  sound_unreadable: 'Some of the recorded sound can not be read.',
};
