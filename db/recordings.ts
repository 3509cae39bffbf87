import type { Knex } from 'knex';

export type RecordingState = 'recording' | 'finishing' | 'ready' | 'expired';
export type TrackSource = 'microphone' | 'camera' | 'screen' | 'screen-audio' | 'mixed';

export interface NewRecording {
  readonly id: string;
  readonly sessionId: string;
  readonly startedBy: string;
  readonly hostId: string;
  readonly startedAt: Date;
}

export interface NewTrack {
  readonly id: string;
  readonly recordingId: string;
  /** Null for what shows everybody. */
  readonly personId: string | null;
  readonly source: TrackSource;
  readonly mediaType: string;
  /** Sealed. */
  readonly fileKey: Buffer;
  readonly startedAt: Date;
}

export interface Track extends NewTrack {
  /** Both are null while it is being written. */
  readonly durationMs: number | null;
  readonly sizeBytes: number | null;
}

export interface Recording {
  readonly id: string;
  readonly sessionId: string;
  readonly state: RecordingState;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly retentionUntil: Date | null;
}

/** Of `recording_tracks track`, as a {@link Track}. */
export const TRACK_COLUMNS = `track.id, track.recording_id AS "recordingId", track.person_id AS "personId",
  track.source, track.media_type AS "mediaType", track.file_key AS "fileKey",
  track.started_at AS "startedAt", track.duration_ms AS "durationMs",
  track.size_bytes::float8 AS "sizeBytes"`;
const RECORDING = `id, session_id AS "sessionId", state, started_at AS "startedAt",
  ended_at AS "endedAt", retention_until AS "retentionUntil"`;

/** Notes that a session is recorded, before any of it is. */
export async function insertRecording(db: Knex, recording: NewRecording): Promise<void> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `INSERT INTO recordings (id, clinic_id, session_id, started_by, host_id, state, started_at)
     SELECT :id, clinic_id, id, :startedBy, :hostId, 'recording', :startedAt
     FROM sessions WHERE id = :sessionId`,
    { ...recording },
  );
  if (rowCount !== 1) throw new Error('There is no such session to record');
}

export async function insertTrack(db: Knex, track: NewTrack): Promise<void> {
  await db('recording_tracks').insert({
    id: track.id,
    recording_id: track.recordingId,
    person_id: track.personId,
    source: track.source,
    media_type: track.mediaType,
    file_key: track.fileKey,
    started_at: track.startedAt,
  });
}

/** Notes that a file is whole. */
export async function finishTrack(
  db: Knex,
  id: string,
  {
    startedAt,
    durationMs,
    sizeBytes,
  }: { readonly startedAt: Date; readonly durationMs: number; readonly sizeBytes: number },
): Promise<void> {
  await db('recording_tracks').where({ id }).update({
    started_at: startedAt,
    duration_ms: durationMs,
    size_bytes: sizeBytes,
  });
}

/** Forgets files and the words that were heard in them, and destroys their keys. */
export async function dropTracks(db: Knex, ids: readonly string[]): Promise<void> {
  await db.raw(
    `WITH gone AS (DELETE FROM recording_tracks WHERE id = ANY (:ids::uuid[]) RETURNING id)
     DELETE FROM data_keys WHERE purpose IN ('recording_track', 'transcript')
       AND object_id IN (SELECT id FROM gone)`,
    { ids: [...ids] },
  );
}

/** It has ended, and is kept for so long from then on. */
export async function endRecording(db: Knex, id: string, livesMs: number): Promise<void> {
  await db.raw(
    `UPDATE recordings SET state = 'finishing', ended_at = now(),
       retention_until = now() + :livesMs * interval '1 millisecond'
     WHERE id = :id AND state = 'recording'`,
    { id, livesMs },
  );
}

/** Ends those that a dead host has left, and those of this one that it does not know any more. */
export async function endAbandoned(
  db: Knex,
  { hostId, own, livesMs }: { hostId: string; own: readonly string[]; livesMs: number },
): Promise<void> {
  await db.raw(
    `UPDATE recordings SET state = 'finishing', ended_at = now(),
       retention_until = now() + :livesMs * interval '1 millisecond'
     WHERE state = 'recording' AND id <> ALL (:own::uuid[]) AND (host_id = :hostId
       OR NOT EXISTS (SELECT FROM sfu_hosts host WHERE host.id = recordings.host_id
         AND host.state <> 'gone' AND host.lease_until > clock_timestamp()))`,
    { hostId, own: [...own], livesMs },
  );
}

/** So often finishing is tried; what then still fails stays without a file that shows everybody. */
export const MOST_ATTEMPTS = 5;

export interface Unfinished extends Recording {
  readonly attempts: number;
}

/** One recording that nobody who lives is finishing, taken by this host; null for none. */
export async function claimUnfinished(db: Knex, hostId: string): Promise<Unfinished | null> {
  const { rows } = await db.raw<{ rows: Unfinished[] }>(
    `UPDATE recordings SET host_id = :hostId, attempts = attempts + 1
     WHERE id = (
       SELECT id FROM recordings WHERE state = 'finishing' AND (host_id = :hostId
         OR NOT EXISTS (SELECT FROM sfu_hosts host WHERE host.id = recordings.host_id
           AND host.state <> 'gone' AND host.lease_until > clock_timestamp()))
       ORDER BY attempts, ended_at LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING ${RECORDING}, attempts`,
    { hostId },
  );
  return rows[0] ?? null;
}

/** It is whole, which is told; and its words are wanted, where `isTranscribed` says so. */
export async function recordingReady(
  db: Knex,
  id: string,
  { isTranscribed = false }: { readonly isTranscribed?: boolean } = {},
): Promise<void> {
  await db.raw(
    `WITH ready AS (
       UPDATE recordings SET state = 'ready' WHERE id = :id AND state = 'finishing'
       RETURNING id, clinic_id, session_id),
     wanted AS (
       INSERT INTO transcripts (recording_id, state)
       SELECT id, 'pending' FROM ready WHERE CAST(:isTranscribed AS boolean))
     INSERT INTO outbox (topic, clinic_id, payload)
     SELECT 'recording.ready', clinic_id,
       jsonb_build_object('recordingId', id, 'sessionId', session_id) FROM ready`,
    { id, isTranscribed },
  );
}

export async function tracksOf(db: Knex, recordingIds: readonly string[]): Promise<Track[]> {
  const { rows } = await db.raw<{ rows: Track[] }>(
    `SELECT ${TRACK_COLUMNS} FROM recording_tracks track WHERE recording_id = ANY (?::uuid[])
     ORDER BY started_at, id`,
    [[...recordingIds]],
  );
  return rows;
}

export async function recordingsOf(db: Knex, sessionId: string): Promise<Recording[]> {
  const { rows } = await db.raw<{ rows: Recording[] }>(
    `SELECT ${RECORDING} FROM recordings WHERE session_id = ? AND state <> 'expired'
     ORDER BY started_at, id`,
    [sessionId],
  );
  return rows;
}

/** A whole file of a session; null for any other. */
export async function findTrack(db: Knex, sessionId: string, id: string): Promise<Track | null> {
  const { rows } = await db.raw<{ rows: Track[] }>(
    `SELECT ${TRACK_COLUMNS} FROM recording_tracks track
       JOIN recordings ON recordings.id = track.recording_id
     WHERE track.id = :id AND session_id = :sessionId AND size_bytes IS NOT NULL
       AND recordings.state <> 'expired'`,
    { id, sessionId },
  );
  return rows[0] ?? null;
}

export interface ExpiredRecording {
  readonly id: string;
  readonly clinicId: string;
  readonly sessionId: string;
}

/** Those whose time is up at `now`; locked, so that two who look don't both delete them. */
export async function lockExpired(trx: Knex.Transaction, now: Date): Promise<ExpiredRecording[]> {
  const { rows } = await trx.raw<{ rows: ExpiredRecording[] }>(
    `UPDATE recordings SET state = 'expired' WHERE id IN (
       SELECT id FROM recordings WHERE state = 'ready' AND retention_until <= ?
       ORDER BY retention_until LIMIT 100 FOR UPDATE SKIP LOCKED)
     RETURNING id, clinic_id AS "clinicId", session_id AS "sessionId"`,
    [now],
  );
  return rows;
}
