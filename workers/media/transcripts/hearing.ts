import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import type { FileStore } from '../../../activities/gateways/file-store.ts';
import type { SpeechFault, SpeechGateway } from '../../../activities/gateways/speech/gateway.ts';
import { readRecorded } from '../../../activities/recordings/sealed-recording.ts';
import { keyOf } from '../../../activities/recordings/track-keys.ts';
import type { HearingActivities } from '../../../activities/transcripts/contract.ts';
import type { FieldCipher } from '../../../crypto/field-cipher.ts';
import { type HeardTrack, keepPiece, trackToHear } from '../../../db/transcripts.ts';
import { errorCodeOf } from '../../../domain/errors.ts';
import type { TranscriptFault } from '../../../domain/transcript.ts';
import { type SoundPiece, isSilent, piecesOf } from './sound.ts';

export interface HearingDeps {
  readonly knex: Knex;
  readonly cipher: FieldCipher;
  readonly store: FileStore;
  readonly ffmpeg: string;
  readonly speech: SpeechGateway;
}

/** What a media host with an engine does for transcripts. */
export function createHearingActivities(deps: HearingDeps): HearingActivities {
  return {
    transcribeTrack: async ({ trackId }) => ({
      fault: await transcribeTrack(deps, trackId, Context.current().cancellationSignal),
    }),
  };
}

/**
 * Makes words of one track, piece by piece, from where it was left. Each piece commits with how far it
 * goes: done twice, or by two at once, nothing is there twice. Resolves to why it may not be gone on
 * with, or null where it is done.
 */
export async function transcribeTrack(
  deps: HearingDeps,
  trackId: string,
  signal: AbortSignal,
): Promise<TranscriptFault | null> {
  const track = await trackToHear(deps.knex, trackId);
  if (track === null) return 'recording_gone';
  if (track.isTranscribed) return null;
  if (track.obstacle !== null) return track.obstacle;
  for await (const piece of soundOf(deps, track, signal)) {
    const isKept = await hear(deps, track, piece, signal);
    if (!isKept) return whyNot(deps.knex, trackId);
  }
  return null;
}

async function* soundOf(
  { knex, cipher, store, ffmpeg, speech }: HearingDeps,
  track: HeardTrack,
  signal: AbortSignal,
): AsyncGenerator<SoundPiece> {
  try {
    const key = await keyOf({ knex, cipher }, track);
    const file = await readRecorded(store, { id: track.id, key, sizeBytes: track.sizeBytes ?? 0 });
    const options = { ffmpeg, fromMs: track.transcribedMs, pieceMs: speech.pieceMs, signal };
    yield* piecesOf(file, options);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ApplicationFailure) throw error;
    // A file that is not here just now may be tomorrow; one that does not open never will.
    const isAway = errorCodeOf(error) === 'not_found';
    throw failure('sound_unreadable', 'The sound of a track can not be read', !isAway);
  }
}

async function hear(
  { knex, cipher, speech }: HearingDeps,
  track: HeardTrack,
  { fromMs, toMs, sound, isLast }: SoundPiece,
  signal: AbortSignal,
): Promise<boolean> {
  const reply = isSilent(sound)
    ? { kind: 'heard' as const, segments: [] }
    : await speech.transcribe(sound, signal);
  signal.throwIfAborted();
  if (reply.kind === 'fault') throw engineFailure(reply.fault);
  const segments = reply.segments.map(({ startMs, endMs, text }) => ({
    id: newId(),
    at: new Date(track.startedAt.getTime() + fromMs + startMs),
    durationMs: endMs - startMs,
    text,
  }));
  return keepPiece({ knex, cipher }, { track, fromMs, toMs, isLast, segments });
}

/** Somebody else goes on with it, or nobody may. */
async function whyNot(knex: Knex, trackId: string): Promise<TranscriptFault | null> {
  const now = await trackToHear(knex, trackId);
  if (now === null) return 'recording_gone';
  if (now.isTranscribed) return null;
  if (now.obstacle !== null) return now.obstacle;
  throw failure('engine_failed', 'Another host has gone on with a track', false);
}

function engineFailure(fault: SpeechFault): ApplicationFailure {
  const isForGood = fault === 'refused';
  const type = isForGood ? 'engine_refused' : 'engine_failed';
  return failure(type, `The speech engine failed: ${fault}`, isForGood);
}

function failure(type: TranscriptFault, message: string, nonRetryable: boolean) {
  return ApplicationFailure.create({ type, message, nonRetryable });
}
