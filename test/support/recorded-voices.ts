import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import type { FileStore } from '../../activities/gateways/file-store.ts';
import { recordingContext } from '../../activities/recordings/sealed-recording.ts';
import { keepTrack } from '../../activities/recordings/track-keys.ts';
import type { FieldCipher } from '../../crypto/field-cipher.ts';
import { sealingChunks } from '../../crypto/sealed-chunks.ts';
import { newFileKey } from '../../crypto/sealed-stream.ts';
import { sayConsent } from '../../db/recording-consents.ts';
import {
  type TrackSource,
  endRecording,
  finishTrack,
  insertRecording,
  recordingReady,
} from '../../db/recordings.ts';
import { VOICES, type Voice, readVoice } from './voices.ts';

const DAY_MS = 86_400_000;

export interface RecordedTrack {
  readonly personId: string;
  /** What is in it: a voice, or a file's bytes. */
  readonly voice: Voice | Buffer;
  /** After the recording began, ms. */
  readonly offsetMs?: number;
  readonly durationMs?: number;
  readonly source?: TrackSource;
}

export interface RecordedVoices {
  readonly recordingId: string;
  readonly startedAt: Date;
  readonly trackIds: readonly string[];
}

interface Deps {
  readonly knex: Knex;
  readonly cipher: FieldCipher;
  readonly store: FileStore;
}

/** A recording of a session that is over, as media hosts leave it: everybody in it has agreed. */
export async function recordVoices(
  { knex, cipher, store }: Deps,
  {
    sessionId,
    startedBy,
    startedAt = new Date(Date.now() - 60_000),
  }: {
    readonly sessionId: string;
    readonly startedBy: string;
    readonly startedAt?: Date;
  },
  tracks: readonly RecordedTrack[],
): Promise<RecordedVoices> {
  const recordingId = newId();
  for (const personId of new Set(tracks.map((track) => track.personId))) {
    await knex.transaction((trx) => sayConsent(trx, { sessionId, personId, isGiven: true }));
  }
  const hostId = randomUUID();
  await insertRecording(knex, { id: recordingId, sessionId, startedBy, hostId, startedAt });
  const trackIds: string[] = [];
  for (const { personId, voice, offsetMs = 0, durationMs, source = 'microphone' } of tracks) {
    const [id, key] = [newId(), newFileKey()];
    const at = new Date(startedAt.getTime() + offsetMs);
    const what = { recordingId, personId, source, mediaType: 'audio/webm', startedAt: at };
    await keepTrack({ knex, cipher }, { id, key, ...what });
    const clear = typeof voice === 'string' ? await readVoice(voice) : voice;
    const file = await store.write(id);
    await pipeline(Readable.from([clear]), sealingChunks(key, recordingContext(id)), file);
    const length = durationMs ?? (typeof voice === 'string' ? VOICES[voice].durationMs : 1_000);
    await finishTrack(knex, id, { startedAt: at, durationMs: length, sizeBytes: clear.length });
    trackIds.push(id);
  }
  await endRecording(knex, recordingId, 30 * DAY_MS);
  await recordingReady(knex, recordingId, { isTranscribed: true });
  return { recordingId, startedAt, trackIds };
}

/** What was heard in a recording, as [track, ms after the recording began, words]. */
export async function heardIn(
  { knex, cipher }: Pick<Deps, 'knex' | 'cipher'>,
  { recordingId, startedAt }: RecordedVoices,
): Promise<[string, number, string][]> {
  const rows = await knex('transcript_segments')
    .where({ recording_id: recordingId })
    .orderBy(['at', 'id']);
  return Promise.all(
    rows.map(async ({ id, track_id, at, words }): Promise<[string, number, string]> => {
      const ref = { purpose: 'transcript', objectId: track_id, column: 'words', rowId: id };
      const text = await cipher.openField(knex, ref, words);
      return [track_id, at.getTime() - startedAt.getTime(), text];
    }),
  );
}
