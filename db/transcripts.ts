import type { Knex } from 'knex';
import type { FieldCipher, FieldRef } from '../crypto/field-cipher.ts';
import {
  PASSING_FAULTS,
  type Stretch,
  type TranscriptFault,
  type TranscriptState,
} from '../domain/transcript.ts';
import type { Track } from './recordings.ts';
import { TRACK_COLUMNS } from './recordings.ts';

interface Sealing {
  readonly knex: Knex;
  readonly cipher: FieldCipher;
}

function wordsRef(trackId: string, id: string): FieldRef {
  return { purpose: 'transcript', objectId: trackId, column: 'words', rowId: id };
}

/**
 * Somebody who had agreed to a recording before it ended does not agree any more: what was recorded of
 * them may not be worked on.
 */
const IS_WITHDRAWN = `EXISTS (
  SELECT FROM recording_consents now JOIN recording_consent_changes given
    ON given.session_id = now.session_id AND given.person_id = now.person_id
  WHERE now.session_id = recording.session_id AND NOT now.is_given AND given.is_given
    AND given.said_at <= recording.ended_at AND NOT EXISTS (
      SELECT FROM recording_consent_changes taken
      WHERE taken.session_id = given.session_id AND taken.person_id = given.person_id
        AND NOT taken.is_given AND taken.id > given.id
        AND taken.said_at < recording.started_at))`;

export interface TranscriptPlan {
  readonly state: TranscriptState;
  /** Why it must not go on; null where it may. */
  readonly obstacle: TranscriptFault | null;
  /** What people said into, in the order of its beginning; those that are done are left out. */
  readonly trackIds: readonly string[];
}

/** What is to do for a recording's words; null where nobody wants any. */
export async function planOfTranscript(
  db: Knex,
  recordingId: string,
): Promise<TranscriptPlan | null> {
  const { rows } = await db.raw<{ rows: TranscriptPlan[] }>(
    `SELECT transcript.state,
       CASE WHEN recording.state <> 'ready' THEN 'recording_gone'
         WHEN ${IS_WITHDRAWN} THEN 'consent_withdrawn' END AS obstacle,
       ARRAY(SELECT id FROM recording_tracks WHERE recording_id = recording.id
         AND source = 'microphone' AND NOT is_transcribed ORDER BY started_at, id) AS "trackIds"
     FROM transcripts transcript JOIN recordings recording ON recording.id = recording_id
     WHERE recording_id = ?`,
    [recordingId],
  );
  return rows[0] ?? null;
}

export async function beginTranscript(db: Knex, recordingId: string): Promise<void> {
  await db('transcripts')
    .where({ recording_id: recordingId, state: 'pending' })
    .update({ state: 'running' });
}

export interface EndedTranscript {
  readonly clinicId: string;
  readonly sessionId: string;
}

/** Null where it had ended before. */
export async function endTranscript(
  trx: Knex.Transaction,
  recordingId: string,
  fault: TranscriptFault | null,
): Promise<EndedTranscript | null> {
  const { rows } = await trx.raw<{ rows: EndedTranscript[] }>(
    `UPDATE transcripts SET state = :state, reason = :fault, finished_at = now()
     FROM recordings recording
     WHERE recording_id = :recordingId AND recording.id = recording_id
       AND transcripts.state IN ('pending', 'running')
     RETURNING recording.clinic_id AS "clinicId", recording.session_id AS "sessionId"`,
    { recordingId, fault, state: fault === null ? 'ready' : 'failed' },
  );
  return rows[0] ?? null;
}

/**
 * Wants the words of a session's recordings again where what stood in the way may be over. What was
 * heard before stays, and each track is gone on with from there. Resolves to the recordings' ids.
 */
export async function wantTranscriptsAgain(
  trx: Knex.Transaction,
  sessionId: string,
): Promise<string[]> {
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    `WITH again AS (
       UPDATE transcripts SET state = 'pending', reason = NULL, finished_at = NULL
       FROM recordings recording
       WHERE recording.id = recording_id AND recording.session_id = :sessionId
         AND recording.state = 'ready' AND transcripts.state = 'failed'
         AND transcripts.reason = ANY (:passing) AND NOT ${IS_WITHDRAWN}
       RETURNING recording.id, recording.clinic_id)
     INSERT INTO outbox (topic, clinic_id, payload)
     SELECT 'transcript.wanted', clinic_id,
       jsonb_build_object('recordingId', id, 'sessionId', CAST(:sessionId AS text)) FROM again
     RETURNING payload->>'recordingId' AS id`,
    { sessionId, passing: [...PASSING_FAULTS] },
  );
  return rows.map(({ id }) => id);
}

/** Forgets what was heard in a recording, with the keys. */
export async function forgetRecordingsWords(
  trx: Knex.Transaction,
  recordingId: string,
): Promise<void> {
  await trx.raw(
    `WITH gone AS (
       DELETE FROM transcript_segments WHERE recording_id = ? RETURNING track_id)
     DELETE FROM data_keys WHERE purpose = 'transcript'
       AND object_id IN (SELECT track_id FROM gone)`,
    [recordingId],
  );
}

export interface HeardTrack extends Track {
  readonly sessionId: string;
  readonly transcribedMs: number;
  readonly isTranscribed: boolean;
  readonly obstacle: TranscriptFault | null;
}

/** A track and how far its words are; null where it is gone. */
export async function trackToHear(db: Knex, trackId: string): Promise<HeardTrack | null> {
  const { rows } = await db.raw<{ rows: HeardTrack[] }>(
    `SELECT ${TRACK_COLUMNS}, recording.session_id AS "sessionId",
       track.transcribed_ms AS "transcribedMs", track.is_transcribed AS "isTranscribed",
       CASE WHEN recording.state <> 'ready' OR transcript.state NOT IN ('pending', 'running')
         THEN 'recording_gone' WHEN ${IS_WITHDRAWN} THEN 'consent_withdrawn' END AS obstacle
     FROM recording_tracks track JOIN recordings recording ON recording.id = track.recording_id
       JOIN transcripts transcript ON transcript.recording_id = recording.id
     WHERE track.id = ? AND track.size_bytes IS NOT NULL`,
    [trackId],
  );
  return rows[0] ?? null;
}

export interface HeardPiece {
  readonly track: HeardTrack;
  /** Of the track, ms: the piece goes from one to the other. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly isLast: boolean;
  readonly segments: readonly {
    readonly id: string;
    readonly at: Date;
    readonly durationMs: number;
    readonly text: string;
  }[];
}

/**
 * Keeps what was heard in a piece, together with how far the track is. False, and nothing is kept, where
 * somebody else has kept it, the track is gone, or its words are not wanted any more.
 */
export async function keepPiece(
  { knex, cipher }: Sealing,
  { track, fromMs, toMs, isLast, segments }: HeardPiece,
): Promise<boolean> {
  return knex.transaction(async (trx) => {
    // Whoever ends the transcript waits for this, so that nothing is kept after its end.
    await trx.raw('SELECT FROM transcripts WHERE recording_id = ? FOR SHARE', [track.recordingId]);
    const { rowCount } = await trx.raw<{ rowCount: number }>(
      `UPDATE recording_tracks SET transcribed_ms = :toMs, is_transcribed = :isLast
       FROM recordings recording JOIN transcripts ON transcripts.recording_id = recording.id
       WHERE recording_tracks.id = :id AND recording.id = recording_tracks.recording_id
         AND transcribed_ms = :fromMs AND NOT is_transcribed AND recording.state = 'ready'
         AND transcripts.state IN ('pending', 'running') AND NOT ${IS_WITHDRAWN}`,
      { id: track.id, fromMs, toMs, isLast },
    );
    if (rowCount !== 1) return false;
    const rows = [];
    for (const { id, at, durationMs, text } of segments) {
      const words = await cipher.sealField(trx, wordsRef(track.id, id), text);
      rows.push({
        id,
        track_id: track.id,
        recording_id: track.recordingId,
        session_id: track.sessionId,
        person_id: track.personId,
        at,
        duration_ms: durationMs,
        words,
      });
    }
    if (rows.length > 0) await trx('transcript_segments').insert(rows);
    return true;
  });
}

/** Something that was said, without its words. */
export interface SpokenMark {
  readonly id: string;
  readonly trackId: string;
  readonly speakerId: string;
  /** Epoch ms. */
  readonly at: number;
  readonly durationMs: number;
}

/** What was said in a session, in its order. */
export async function spokenMarks(db: Knex, sessionId: string): Promise<SpokenMark[]> {
  const rows: (Omit<SpokenMark, 'at'> & { at: Date })[] = await db('transcript_segments')
    .where({ session_id: sessionId })
    .orderBy(['at', 'id'])
    .select({
      id: 'id',
      trackId: 'track_id',
      speakerId: 'person_id',
      at: 'at',
      durationMs: 'duration_ms',
    });
  return rows.map((row) => ({ ...row, at: row.at.getTime() }));
}

/** The words, by the ids of their marks. */
export async function openSpoken(
  { knex, cipher }: Sealing,
  marks: readonly SpokenMark[],
): Promise<ReadonlyMap<string, string>> {
  const rows: { id: string; track_id: string; words: Buffer }[] = await knex('transcript_segments')
    .whereIn(
      'id',
      marks.map(({ id }) => id),
    )
    .select('id', 'track_id', 'words');
  const texts = await cipher.openFields(
    knex,
    rows.map(({ id, track_id, words }) => ({ ref: wordsRef(track_id, id), sealed: words })),
  );
  return new Map(rows.map(({ id }, at) => [id, texts[at]!]));
}

export interface TranscriptProgress {
  readonly recordingId: string;
  readonly state: TranscriptState;
  readonly reason: TranscriptFault | null;
  /** Of what people said into, 0 to 1. */
  readonly progress: number;
}

/** How far the words of a session's recordings are, in their order. */
export async function transcriptsOf(db: Knex, sessionId: string): Promise<TranscriptProgress[]> {
  const { rows } = await db.raw<{ rows: TranscriptProgress[] }>(
    `SELECT recording.id AS "recordingId", transcript.state, transcript.reason,
       CASE WHEN transcript.state = 'ready' THEN 1 ELSE coalesce((
         SELECT least(sum(CASE WHEN is_transcribed THEN duration_ms ELSE transcribed_ms END)::float8
           / nullif(sum(duration_ms), 0), 1) FROM recording_tracks track
         WHERE track.recording_id = recording.id AND source = 'microphone'), 0) END AS progress
     FROM recordings recording JOIN transcripts transcript ON transcript.recording_id = recording.id
     WHERE recording.session_id = ? AND recording.state <> 'expired'
     ORDER BY recording.started_at, recording.id`,
    [sessionId],
  );
  return rows;
}

/** When a person was where: what decides which of the spoken words they may read. */
export async function stretchesOf(
  db: Knex,
  sessionId: string,
  personId: string,
): Promise<{
  readonly inside: readonly Stretch[];
  readonly recorded: readonly Stretch[];
  readonly breakouts: readonly Stretch[];
}> {
  const { rows } = await db.raw<{ rows: { of: string; from: Date; to: Date | null }[] }>(
    `SELECT 'inside' AS of, at AS from, until_at AS to FROM (
       SELECT kind, at, lead(at) OVER (ORDER BY sequence) AS until_at FROM room_presence
       WHERE session_id = :sessionId AND person_id = :personId) AS ledger WHERE kind = 'joined'
     UNION ALL
     SELECT 'recorded', track.started_at, track.started_at + duration_ms * interval '1 millisecond'
     FROM recording_tracks track JOIN recordings ON recordings.id = recording_id
     WHERE session_id = :sessionId AND person_id = :personId AND duration_ms IS NOT NULL
     UNION ALL
     SELECT 'breakouts', opened_at, closed_at FROM breakout_rooms WHERE session_id = :sessionId`,
    { sessionId, personId },
  );
  const stretches = (of: string): Stretch[] =>
    rows
      .filter((row) => row.of === of)
      .map(({ from, to }) => ({ from: from.getTime(), to: to?.getTime() ?? null }));
  return {
    inside: stretches('inside'),
    recorded: stretches('recorded'),
    breakouts: stretches('breakouts'),
  };
}

/**
 * Forgets what was said in sessions where the last word was kept no later than `until`, with the keys;
 * some hundreds at once.
 */
export async function forgetSpoken(
  trx: Knex.Transaction,
  until: Date,
): Promise<{ readonly sessionId: string; readonly clinicId: string }[]> {
  const { rows } = await trx.raw<{ rows: { sessionId: string; clinicId: string }[] }>(
    `WITH over AS (
       SELECT DISTINCT session_id FROM transcript_segments AS said
       WHERE recorded_at <= :until AND NOT EXISTS (
         SELECT FROM transcript_segments AS later
         WHERE later.session_id = said.session_id AND later.recorded_at > :until)
       LIMIT 500),
     gone AS (
       DELETE FROM transcript_segments WHERE session_id IN (SELECT session_id FROM over)
       RETURNING session_id, track_id, recording_id),
     keys AS (
       DELETE FROM data_keys
       WHERE purpose = 'transcript' AND object_id IN (SELECT track_id FROM gone)),
     marked AS (
       UPDATE transcripts SET state = 'expired', reason = NULL
       WHERE recording_id IN (SELECT recording_id FROM gone) AND state IN ('ready', 'failed'))
     SELECT id AS "sessionId", clinic_id AS "clinicId" FROM sessions
     WHERE id IN (SELECT session_id FROM gone)`,
    { until },
  );
  return rows;
}
