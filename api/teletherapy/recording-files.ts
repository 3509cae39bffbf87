import { readRecorded } from '../../activities/recordings/sealed-recording.ts';
import type { ByteRange } from '../../activities/recordings/sealed-recording.ts';
import { keyOf } from '../../activities/recordings/track-keys.ts';
import { auditRead } from '../../db/audit/record.ts';
import type { HostedView } from '../../db/hosted-sessions.ts';
import { type Track, findTrack, recordingsOf, tracksOf } from '../../db/recordings.ts';
import { isUuid } from '../../domain/ids.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { recordingVerdict } from '../access/recording-access.ts';
import { readByteRange } from '../http/byte-range.ts';
import type { Answer, Call } from '../http/handler.ts';
import type { SessionPerson } from '../sessions/session-people.ts';
import { openHosted } from './open-hosted.ts';

type WholeTrack = Track & { readonly sizeBytes: number };

/** What was recorded of a session; its files are shown to those who may play them. */
export async function presentRecordings(
  { deps, principal }: Call,
  session: HostedView,
  people: readonly SessionPerson[],
): Promise<object[]> {
  const recordings = await recordingsOf(deps.knex, session.id);
  const tracks = await tracksOf(
    deps.knex,
    recordings.map(({ id }) => id),
  );
  return recordings.map(({ id, state, startedAt, endedAt, retentionUntil }) => {
    const own = tracks.filter(({ recordingId }) => recordingId === id);
    const verdict = recordingVerdict(
      principal,
      session,
      own,
      deps.rooms.isRecordingShared ?? false,
    );
    const shown = verdict === 'allowed' ? own.filter(isWhole) : [];
    return {
      id,
      state,
      startedAt: startedAt.toISOString(),
      endedAt: endedAt?.toISOString() ?? null,
      keptUntil: retentionUntil?.toISOString() ?? null,
      tracks: shown.map((track) => presentTrack(session.id, track, people)),
    };
  });
}

function isWhole(track: Track): track is WholeTrack {
  return track.sizeBytes !== null;
}

function presentTrack(
  sessionId: string,
  { id, source, personId, mediaType, startedAt, durationMs, sizeBytes }: WholeTrack,
  people: readonly SessionPerson[],
): object {
  return {
    id,
    source,
    participantId: people.find((person) => person.personId === personId)?.id ?? null,
    mediaType,
    startedAt: startedAt.toISOString(),
    durationMs,
    sizeBytes,
    url: `/teletherapy/sessions/${sessionId}/recordings/${id}`,
  };
}

/** GET /teletherapy/sessions/{id}/recordings/{fileId}: a file in clear, or the part that is asked for. */
export async function downloadRecording(call: Call): Promise<Answer> {
  const { deps, headers, params } = call;
  const session = await openHosted(call, 'attend');
  const track = await openTrack(call, session, params['fileId']!);
  const { id, sizeBytes, mediaType } = track;
  const range = readByteRange(headers.range, sizeBytes);
  if (range === 'unsatisfiable') {
    return { status: 416, headers: { 'content-range': `bytes */${sizeBytes}` } };
  }
  const wanted = range ?? { from: 0, to: sizeBytes };
  const key = await keyOf(deps, track);
  const body = await readRecorded(deps.attachments.store, { id, key, sizeBytes }, wanted);
  return {
    status: range === null ? 200 : 206,
    body,
    contentType: mediaType,
    headers: headersOf(track, wanted, range !== null),
  };
}

function headersOf(
  { id, sizeBytes, mediaType }: WholeTrack,
  { from, to }: ByteRange,
  isPart: boolean,
): Record<string, string> {
  const suffix = mediaType.endsWith('webm') ? 'webm' : 'mkv';
  return {
    'accept-ranges': 'bytes',
    'content-length': String(to - from),
    'content-disposition': `attachment; filename="${id}.${suffix}"`,
    'cache-control': 'private, no-store',
    ...(isPart ? { 'content-range': `bytes ${from}-${to - 1}/${sizeBytes}` } : {}),
  };
}

/** The file, if the caller may play it; each time it is opened is on record. */
async function openTrack(call: Call, session: HostedView, fileId: string): Promise<WholeTrack> {
  const { deps, principal, requestId } = call;
  const track = isUuid(fileId) ? await findTrack(deps.knex, session.id, fileId) : null;
  if (track === null || !isWhole(track)) {
    throw new HoldfastError('not_found', 'There is no such file');
  }
  const own = await tracksOf(deps.knex, [track.recordingId]);
  const target = { action: 'recording.read', objectType: 'recording', objectId: fileId };
  const verdict = recordingVerdict(principal, session, own, deps.rooms.isRecordingShared ?? false);
  await enforce(call, verdict, target);
  const subjectId = track.personId ?? session.client_id;
  const changes = { recordingId: track.recordingId, source: track.source };
  const who = auditContext(principal, requestId);
  await auditRead(deps.knex, who, { ...target, subjectId, changes });
  return track;
}
