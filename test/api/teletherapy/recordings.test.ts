import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { expireRecordings } from '../../../activities/recordings/expiring.ts';
import { recordingContext } from '../../../activities/recordings/sealed-recording.ts';
import { keepTrack } from '../../../activities/recordings/track-keys.ts';
import { sealingChunks } from '../../../crypto/sealed-chunks.ts';
import { newFileKey } from '../../../crypto/sealed-stream.ts';
import {
  type TrackSource,
  endRecording,
  finishTrack,
  insertRecording,
  recordingReady,
} from '../../../db/recordings.ts';
import { PUBLISHED_PARTICIPANT_LIMITS } from '../../../config/json-settings.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { sessionRow } from '../../support/session-row.ts';

const DAY_MS = 86_400_000;
const SIZE = 100_000;
const rooms = {
  participantLimits: PUBLISHED_PARTICIPANT_LIMITS,
  iceServers: [],
  turn: null,
  isRecordingShared: false,
};

let api: TestApi;
let host: TestPerson;
let client: TestPerson;
beforeAll(async () => {
  api = await startTestApi({ deps: { rooms } });
  host = await api.person({ isTherapist: true });
  client = await api.person();
}, 120_000);
afterAll(() => api.close());

interface Recorded {
  readonly sessionId: string;
  readonly recordingId: string;
  readonly fileId: string;
  readonly clear: Buffer;
}

/** A session with one recording: a file of the client's, as a media host leaves it. */
async function recorded(of = client, source: TrackSource = 'microphone'): Promise<Recorded> {
  const { knex, deps } = api;
  const row = sessionRow(
    { clinicId: api.clinicId, therapistId: host.id, clientId: of.id },
    {
      approval: 'not_needed',
      status: 'completed',
      room_code: randomUUID().slice(0, 9),
      created_by: host.id,
    },
  );
  await knex('sessions').insert(row);
  const [recordingId, fileId, key] = [newId(), newId(), newFileKey()];
  const startedAt = new Date();
  const by = { sessionId: row.id, startedBy: host.id, hostId: randomUUID() };
  await insertRecording(knex, { id: recordingId, ...by, startedAt });
  const what = { recordingId, personId: of.id, source, mediaType: 'audio/webm', startedAt };
  await keepTrack(deps, { id: fileId, key, ...what });
  const clear = randomBytes(SIZE);
  const target = await deps.attachments.store.write(fileId);
  await pipeline(Readable.from([clear]), sealingChunks(key, recordingContext(fileId)), target);
  await finishTrack(knex, fileId, { startedAt, durationMs: 5_000, sizeBytes: SIZE });
  await endRecording(knex, recordingId, 30 * DAY_MS);
  await recordingReady(knex, recordingId);
  return { sessionId: row.id, recordingId, fileId, clear };
}

const list = (by: TestPerson, sessionId: string) =>
  api.call('GET', `/teletherapy/sessions/${sessionId}/recordings`, undefined, { token: by.token });

function play(
  by: TestPerson,
  { sessionId, fileId }: Pick<Recorded, 'sessionId' | 'fileId'>,
  range?: string,
): Promise<Response> {
  const headers = { authorization: `Bearer ${by.token}`, ...(range ? { range } : {}) };
  return fetch(`${api.url}/teletherapy/sessions/${sessionId}/recordings/${fileId}`, { headers });
}

test('the host is shown what was recorded, and plays it whole and in parts', async () => {
  const made = await recorded();
  const { body } = await list(host, made.sessionId);
  expect(body).toMatchObject({
    recordings: [
      {
        id: made.recordingId,
        state: 'ready',
        tracks: [{ id: made.fileId, participantId: client.id, sizeBytes: SIZE, durationMs: 5_000 }],
      },
    ],
  });
  const whole = await play(host, made);
  expect([whole.status, whole.headers.get('accept-ranges')]).toEqual([200, 'bytes']);
  expect(Buffer.from(await whole.arrayBuffer()).equals(made.clear)).toBe(true);
  const parts: readonly (readonly [string, number, number])[] = [
    ['bytes=0-0', 0, 1],
    ['bytes=16000-40000', 16_000, 40_001],
    ['bytes=99990-', 99_990, SIZE],
    ['bytes=-7', SIZE - 7, SIZE],
    ['bytes=5-99999999', 5, SIZE],
  ];
  for (const [range, from, to] of parts) {
    const part = await play(host, made, range);
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes ${from}-${to - 1}/${SIZE}`);
    expect(Buffer.from(await part.arrayBuffer()).equals(made.clear.subarray(from, to))).toBe(true);
  }
  for (const range of ['bytes=100000-', 'bytes=-0']) {
    const beyond = await play(host, made, range);
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${SIZE}`]);
  }
  for (const odd of ['bytes=9-3', 'lines=1-2', 'bytes=-', 'bytes=0-1,5-6']) {
    const all = await play(host, made, odd);
    expect(all.status).toBe(200);
    await all.body?.cancel();
  }
});

test('nobody else plays it, unless the installation shares it with who is in it', async () => {
  const made = await recorded();
  const [stranger, admin] = [
    await api.person({ isTherapist: true }),
    await api.person({ role: 'admin' }),
  ];
  const statuses = async (): Promise<number[]> =>
    Promise.all(
      [client, stranger, admin].map(async (by) => {
        const reply = await play(by, made);
        await reply.body?.cancel();
        return reply.status;
      }),
    );
  expect(await statuses()).toEqual([403, 404, 403]);
  const shown = (await list(client, made.sessionId)).body as { recordings: object[] };
  expect(shown.recordings).toMatchObject([{ id: made.recordingId, tracks: [] }]);
  rooms.isRecordingShared = true;
  expect(await statuses()).toEqual([200, 404, 403]);
  rooms.isRecordingShared = false;
  // A file of another session is none of this one's.
  const other = await recorded();
  const crossed = await play(host, { sessionId: other.sessionId, fileId: made.fileId });
  expect(crossed.status).toBe(404);
  const rows = await api
    .knex('audit_entries')
    .where({ action: 'recording.read', object_id: made.fileId })
    .orderBy('id')
    .select('actor_id', 'outcome', 'subject_id');
  expect(rows).toEqual(
    expect.arrayContaining([
      { actor_id: client.id, outcome: 'denied', subject_id: null },
      { actor_id: client.id, outcome: 'allowed', subject_id: client.id },
    ]),
  );
});

test('when its time is up it goes with its keys, and is never shown again', async () => {
  const made = await recorded();
  const { knex, deps } = api;
  const store = deps.attachments.store;
  const at = (days: number): Date => new Date(Date.now() + days * DAY_MS);
  await expireRecordings({ knex, store }, at(29));
  expect((await play(host, made, 'bytes=0-1')).status).toBe(206);
  expect(await expireRecordings({ knex, store }, at(31))).toBeGreaterThan(0);
  expect((await play(host, made)).status).toBe(404);
  expect(await store.open(made.fileId)).toBeNull();
  expect(await knex('data_keys').where({ object_id: made.fileId })).toEqual([]);
  expect((await list(host, made.sessionId)).body).toMatchObject({ recordings: [] });
  expect(await expireRecordings({ knex, store }, at(31))).toBe(0);
});

test('whoever is erased is in no file any more, and its key is gone', async () => {
  const { knex, deps } = api;
  const gone = await api.person();
  const made = await recorded(gone);
  const admin = await api.person({ role: 'admin' });
  const wish = { confirm: gone.id, reason: 'person_asked' };
  const erased = await api.call('POST', `/api/v1/people/${gone.id}/erase`, wish, admin);
  expect(erased.status).toBe(200);
  expect(await deps.attachments.store.open(made.fileId)).toBeNull();
  expect(await knex('data_keys').where({ object_id: made.fileId })).toEqual([]);
  expect((await play(host, made)).status).toBe(404);
});

test('a changed file ends instead of showing anything else', async () => {
  const made = await recorded();
  await api
    .knex('recording_tracks')
    .where({ id: made.fileId })
    .update({ size_bytes: SIZE + 1 });
  expect((await play(host, made)).status).toBe(500);
});

test('every consent that was ever said stays on record', async () => {
  const { sessionId } = await recorded();
  const say = (consent: boolean) =>
    api.call('PATCH', `/teletherapy/sessions/${sessionId}/recordings`, { consent }, client);
  for (const consent of [true, false, true]) await say(consent);
  const rows = await api
    .knex('recording_consent_changes')
    .where({ session_id: sessionId })
    .orderBy('id')
    .select('person_id', 'is_given');
  expect(rows).toEqual(
    [true, false, true].map((given) => ({ person_id: client.id, is_given: given })),
  );
});
