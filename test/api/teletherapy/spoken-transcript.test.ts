import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { expireRecordings } from '../../../activities/recordings/expiring.ts';
import { createTranscriptActivities } from '../../../activities/transcripts/keeping.ts';
import { expireTranscripts } from '../../../activities/transcripts/expiring.ts';
import { PUBLISHED_PARTICIPANT_LIMITS } from '../../../config/json-settings.ts';
import { sayConsent } from '../../../db/recording-consents.ts';
import type { SpeechSettings } from '../../../config/types.ts';
import { insertRecording } from '../../../db/recordings.ts';
import { beatHost, endHost } from '../../../db/rooms.ts';
import { recordPresence } from '../../../db/room-presence.ts';
import { keepChat } from '../../../db/session-chat.ts';
import { keepPiece, trackToHear } from '../../../db/transcripts.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { type RecordedVoices, recordVoices } from '../../support/recorded-voices.ts';
import { sessionRow } from '../../support/session-row.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const rooms = {
  participantLimits: PUBLISHED_PARTICIPANT_LIMITS,
  iceServers: [],
  turn: null,
  speechEngine: 'service' as SpeechSettings['engine'],
};
const startsAt = Date.now() - DAY_MS;

let api: TestApi;
let admin: TestPerson;
let host: TestPerson;
beforeAll(async () => {
  api = await startTestApi({ deps: { rooms } });
  admin = await api.person({ role: 'admin' });
  host = await api.person({ isTherapist: true });
}, 60_000);
afterAll(() => api.close());

interface Transcript {
  readonly available: boolean;
  readonly reason: string | null;
  readonly recordings: readonly { status: string; reason: string | null; progress: number }[];
  readonly segments: readonly {
    readonly kind: string;
    readonly text: string;
    readonly speakerId: string | null;
    readonly speakerName: string;
    readonly startSeconds: number;
    readonly endSeconds?: number;
  }[];
  readonly total: number;
}

/** A session that is over, with one client or with seats. */
async function session(people: readonly TestPerson[]): Promise<string> {
  const isGroup = people.length > 1;
  const row = sessionRow(
    { clinicId: api.clinicId, therapistId: host.id, clientId: isGroup ? null : people[0]!.id },
    {
      door: 'teletherapy',
      session_type: isGroup ? 'group' : 'individual',
      group_terms: isGroup
        ? JSON.stringify({ capacity: 8, minMembers: 0, decideBeforeStartMs: 0 })
        : null,
      starts_at: new Date(startsAt),
      ends_at: new Date(startsAt + HOUR_MS),
      status: 'completed',
      approval: 'not_needed',
      room_code: randomUUID().slice(0, 9),
    },
  );
  await api.knex('sessions').insert(row);
  if (!isGroup) return row.id;
  await api.knex('enrolments').insert(
    people.map(({ id }) => ({
      id: newId(),
      session_id: row.id,
      person_id: id,
      state: 'attended',
      status: 'completed',
      payment: 'not_due',
      due_cents: 0,
      alias: `member_${newId().slice(-12)}`,
    })),
  );
  return row.id;
}

const deps = () => ({ ...api.deps, store: api.deps.attachments.store });

/** A recording from ten seconds after the session's start on, a track a speaker. */
function recorded(sessionId: string, speakers: readonly TestPerson[]): Promise<RecordedVoices> {
  return recordVoices(
    deps(),
    { sessionId, startedBy: host.id, startedAt: new Date(startsAt + 10_000) },
    speakers.map(({ id }) => ({ personId: id, voice: Buffer.from('sound'), durationMs: 60_000 })),
  );
}

type Said = readonly [atMs: number, text: string];

/** Keeps what was heard in one of its tracks, as an engine would tell it. */
async function heard(made: RecordedVoices, track: number, said: readonly Said[], isLast = true) {
  const known = (await trackToHear(api.knex, made.trackIds[track]!))!;
  const kept = await keepPiece(api.deps, {
    track: known,
    fromMs: known.transcribedMs,
    toMs: 60_000,
    isLast,
    segments: said.map(([atMs, text]) => ({
      id: newId(),
      at: new Date(made.startedAt.getTime() + atMs),
      durationMs: 1_500,
      text,
    })),
  });
  expect(kept).toBe(true);
}

async function close(made: RecordedVoices): Promise<void> {
  const { closeTranscript } = createTranscriptActivities(api.deps);
  await closeTranscript({ recordingId: made.recordingId, fault: null });
}

async function wrote(sessionId: string, sender: TestPerson, atMs: number, text: string) {
  await keepChat(api.deps, sessionId, {
    id: newId(),
    epoch: 1,
    sequence: atMs,
    senderId: sender.id,
    name: 'as then',
    breakoutId: null,
    audience: [host.id, sender.id],
    elsewhere: [],
    at: startsAt + atMs,
    text,
  });
}

/** Comings and goings, in the order of their times: the ledger never runs back. */
async function moved(
  sessionId: string,
  moves: readonly (readonly [person: TestPerson, kind: 'joined' | 'left', atMs: number])[],
): Promise<void> {
  for (const [{ id }, kind, atMs] of moves) {
    const change = { sessionId, epoch: 1, personId: id, role: 'participant' as const, kind };
    await recordPresence(api.knex, { ...change, at: new Date(startsAt + atMs) });
  }
}

async function read(by: TestPerson, id: string, query = ''): Promise<Transcript> {
  const path = `/teletherapy/sessions/${id}/transcript${query}`;
  const { status, body } = await api.call<Transcript>('GET', path, undefined, { token: by.token });
  expect([status, body]).toMatchObject([200, {}]);
  return body;
}

const texts = async (by: TestPerson, id: string): Promise<string[]> =>
  (await read(by, id)).segments.map(({ text }) => text);

test('spoken and written words in one order and in pages, with who said them and when', async () => {
  const client = await api.person();
  const id = await session([client]);
  const made = await recorded(id, [host, client]);
  await heard(made, 0, [
    [0, 'how are you'],
    [20_000, 'go on'],
  ]);
  await heard(made, 1, [[10_000, 'not so well']]);
  await wrote(id, client, 25_000, 'The link you asked for');
  await close(made);
  const all = await read(host, id);
  expect(all).toMatchObject({
    available: true,
    reason: null,
    total: 4,
    recordings: [{ status: 'ready', reason: null, progress: 1 }],
  });
  expect(all.segments.map(({ kind, text, speakerId }) => [kind, text, speakerId])).toEqual([
    ['speech', 'how are you', host.id],
    ['speech', 'not so well', client.id],
    ['chat', 'The link you asked for', client.id],
    ['speech', 'go on', host.id],
  ]);
  expect(all.segments[1]).toMatchObject({ startSeconds: 20, endSeconds: 21.5 });
  expect(await texts(client, id)).toHaveLength(4);
  const page = await read(host, id, '?limit=2&page=2');
  expect(page.segments.map(({ text }) => text)).toEqual(['The link you asked for', 'go on']);
  const rows = await api.knex('transcript_segments').where({ session_id: id });
  for (const { words } of rows) expect(words.toString('latin1')).not.toContain('well');
  const looks = await api.knex('audit_entries').where({ action: 'transcript.list', object_id: id });
  expect(looks).toHaveLength(3);
});

test('each reads what was said where they were; strangers nothing, which is on record', async () => {
  const people = await Promise.all(Array.from({ length: 5 }, () => api.person()));
  const [ben, cleo, late, gone, absent] = people as [
    TestPerson,
    TestPerson,
    TestPerson,
    TestPerson,
    TestPerson,
  ];
  const id = await session(people);
  const made = await recorded(id, [host, ben]);
  await heard(made, 0, [
    [0, 'welcome'],
    [30_000, 'while some are apart'],
  ]);
  await heard(made, 1, [[35_000, 'I stay here']]);
  await close(made);
  await moved(id, [
    [gone, 'joined', 0],
    [gone, 'left', 5_000],
    [ben, 'joined', 6_000],
    [cleo, 'joined', 6_000],
    [ben, 'left', 100_000],
    [cleo, 'left', 100_000],
    [late, 'joined', 200_000],
    [late, 'left', 300_000],
  ]);
  // Cleo is inside, and in a breakout for some time.
  await api.knex('breakout_rooms').insert({
    id: newId(),
    session_id: id,
    name: Buffer.from('sealed'),
    opened_at: new Date(startsAt + 30_000),
    closed_at: new Date(startsAt + 60_000),
  });
  expect(await texts(host, id)).toEqual(['welcome', 'while some are apart', 'I stay here']);
  expect(await texts(ben, id)).toEqual(['welcome', 'while some are apart', 'I stay here']);
  for (const one of [cleo, late]) expect(await texts(one, id)).toEqual(['welcome']);
  for (const one of [gone, absent]) expect(await texts(one, id)).toEqual([]);
  // Of each other members know aliases alone.
  const { segments } = await read(ben, id);
  expect(segments[2]!.speakerId).toBe(ben.id);
  await api.knex('breakout_rooms').where({ session_id: id }).delete();
  const [, , ofBen] = (await read(cleo, id)).segments;
  expect(ofBen).toMatchObject({ text: 'I stay here' });
  expect(ofBen!.speakerId).toMatch(/^member_/);

  const path = `/teletherapy/sessions/${id}/transcript`;
  for (const one of [await api.person({ isTherapist: true }), await api.person()]) {
    const { status } = await api.call('GET', path, undefined, { token: one.token });
    expect(status).toBe(404);
  }
  const denied = { action: 'session.attend', object_id: id, outcome: 'denied' };
  expect(await api.knex('audit_entries').where(denied)).toHaveLength(2);
});

test('says how far it is, and what stands in the way', async () => {
  const client = await api.person();
  const id = await session([client]);
  const now = async () => {
    const { available, reason, recordings } = await read(host, id);
    return { available, reason, states: recordings.map(({ status }) => status) };
  };
  const health = async () => (await api.call<object>('GET', '/health')).body;
  expect(await now()).toMatchObject({ available: false, states: [] });
  expect((await now()).reason).toContain('nothing was');
  rooms.speechEngine = 'off';
  expect(await health()).toMatchObject({ transcripts: 'unavailable', speechEngine: 'off' });
  expect((await now()).reason).toContain('not transcribed in this installation');
  rooms.speechEngine = 'service';

  const by = { sessionId: id, startedBy: host.id, hostId: randomUUID(), startedAt: new Date() };
  await insertRecording(api.knex, { id: newId(), ...by });
  expect((await now()).reason).toContain('once its recording is whole');
  const made = await recorded(id, [host, client]);
  expect(await now()).toMatchObject({ available: false, states: ['pending'] });
  expect((await now()).reason).toContain('no speech engine');
  const beat = { hostId: randomUUID(), signalingUrl: 'http://media', cores: 1, load: 0 };
  await beatHost(api.knex, { ...beat, state: 'active', canTranscribe: true });
  expect((await now()).reason).toContain('waits');
  expect(await health()).toMatchObject({ transcripts: 'ok', speechEngine: 'service' });
  await createTranscriptActivities(api.deps).planTranscript(made);
  await heard(made, 0, [[0, 'so far']]);
  expect(await now()).toMatchObject({ available: false, states: ['running'] });
  const { recordings, segments } = await read(host, id);
  expect(recordings[0]!.progress).toBe(0.5);
  expect(segments.map(({ text }) => text)).toEqual(['so far']);
  const { closeTranscript } = createTranscriptActivities(api.deps);
  await closeTranscript({ recordingId: made.recordingId, fault: 'engine_refused' });
  expect(await now()).toMatchObject({ available: false, states: ['failed'] });
  expect((await now()).reason).toContain('settings');
  await endHost(api.knex, beat.hostId);
});

test('what failed for a while is asked for again by host or clinic: kept so far, started once', async () => {
  const [client, staff] = [await api.person(), await api.person({ role: 'staff' })];
  const id = await session([client]);
  const made = await recorded(id, [host, client]);
  const { planTranscript, closeTranscript } = createTranscriptActivities(api.deps);
  const retry = (by: TestPerson) =>
    api.call('POST', `/api/v1/sessions/${id}/transcript/retry`, undefined, { token: by.token });
  const tell = async () =>
    (await api.knex('outbox').where({ topic: 'transcript.wanted' }).pluck('payload')).filter(
      ({ recordingId }) => recordingId === made.recordingId,
    );
  expect((await retry(host)).status).toBe(409);
  await planTranscript(made);
  await heard(made, 0, [[0, 'so far']]);
  expect((await retry(host)).status).toBe(409);
  await closeTranscript({ ...made, fault: 'engine_failed' });
  expect((await retry(client)).status).toBe(403);

  const both = await Promise.all([retry(host), retry(staff)]);
  expect(both.map(({ status }) => status).toSorted()).toEqual([202, 409]);
  const waiting = { recordingId: made.recordingId, status: 'pending', reason: null, progress: 0.5 };
  expect(both.find(({ status }) => status === 202)!.body).toMatchObject({ recordings: [waiting] });
  expect(await tell()).toEqual([{ recordingId: made.recordingId, sessionId: id }]);
  const audited = { action: 'transcript.retry', object_id: made.recordingId, outcome: 'allowed' };
  expect(await api.knex('audit_entries').where(audited)).toHaveLength(1);
  // What was heard stays, and only the rest is left to hear.
  expect((await planTranscript(made)).trackIds).toEqual([made.trackIds[1]]);
  await heard(made, 1, [[1_000, 'and the rest']]);
  await close(made);
  expect(await texts(host, id)).toEqual(['so far', 'and the rest']);
  expect((await retry(host)).status).toBe(409);
  // A consent that was taken back stays one, however often it is asked.
  const asFailed = { state: 'failed', reason: 'engine_failed' };
  await api.knex('transcripts').where({ recording_id: made.recordingId }).update(asFailed);
  const said = { sessionId: id, personId: client.id, isGiven: false };
  await api.knex.transaction((trx) => sayConsent(trx, said));
  expect(await retry(host)).toMatchObject({ status: 409, body: { code: 'wrong_state' } });
});

test('goes with whoever is erased: all of it with a client, of a group only their own', async () => {
  const [client, ben, cleo] = await Promise.all([api.person(), api.person(), api.person()]);
  const [alone, group] = [await session([client]), await session([ben, cleo])];
  const [one, many] = [await recorded(alone, [host, client]), await recorded(group, [ben, cleo])];
  await heard(one, 0, [[0, 'to you']]);
  await heard(one, 1, [[1_000, 'of mine']]);
  await heard(many, 0, [[0, 'of ben']], false);
  await heard(many, 1, [[0, 'of cleo']]);
  const late = (await trackToHear(api.knex, many.trackIds[0]!))!;
  const shown = await api.call('GET', `/api/v1/people/${client.id}/export`, undefined, {
    token: client.token,
  });
  expect(JSON.stringify(shown.body)).toContain('to you');
  expect(JSON.stringify(shown.body)).toContain('of mine');
  for (const { id } of [client, ben]) {
    const wish = { confirm: id, reason: 'person_asked' };
    const erased = await api.call('POST', `/api/v1/people/${id}/erase`, wish, {
      token: admin.token,
    });
    expect([erased.status, erased.body]).toMatchObject([200, {}]);
  }
  expect(await texts(host, alone)).toEqual([]);
  expect(await texts(host, group)).toEqual(['of cleo']);
  const keysOf = (ids: readonly string[]) =>
    api.knex('data_keys').where({ purpose: 'transcript' }).whereIn('object_id', ids);
  expect(await keysOf([...one.trackIds, many.trackIds[0]!])).toEqual([]);
  expect(await keysOf([many.trackIds[1]!])).toHaveLength(1);
  // What an engine tells late is not kept any more.
  const piece = { track: late, fromMs: 60_000, toMs: 61_000, isLast: true, segments: [] };
  expect(await keepPiece(api.deps, piece)).toBe(false);
});

test('goes in its time, and with its recording, keys and all', async () => {
  const people = await Promise.all([api.person(), api.person(), api.person()]);
  const ids = await Promise.all(people.map((person) => session([person])));
  const made = await Promise.all(ids.map((id, at) => recorded(id, [people[at]!])));
  for (const one of made) {
    await heard(one, 0, [[0, 'once']]);
    await close(one);
  }
  const [old, young, deleted] = ids as [string, string, string];
  const aged = (id: string, days: number) =>
    api
      .knex('transcript_segments')
      .where({ session_id: id })
      .update({ recorded_at: new Date(Date.now() - days * DAY_MS) });
  await Promise.all([aged(old, 31), aged(young, 29)]);
  expect(await expireTranscripts(api.knex, 30 * DAY_MS, new Date())).toBe(1);
  expect(await expireTranscripts(api.knex, 30 * DAY_MS, new Date())).toBe(0);
  const { available, reason, segments } = await read(host, old);
  expect([available, segments]).toEqual([false, []]);
  expect(reason).toContain('let go');
  expect(await texts(host, young)).toEqual(['once']);
  const audited = { action: 'transcript.expire', object_id: old };
  expect(await api.knex('audit_entries').where(audited)).toHaveLength(1);

  await api
    .knex('recordings')
    .where({ session_id: deleted })
    .update({ retention_until: new Date() });
  expect(await expireRecordings(deps(), new Date())).toBe(1);
  expect(await read(host, deleted)).toMatchObject({
    available: false,
    segments: [],
    recordings: [],
  });
  expect(await texts(host, young)).toEqual(['once']);
  const gone = [...made[0]!.trackIds, ...made[2]!.trackIds];
  const keys = api.knex('data_keys').where({ purpose: 'transcript' });
  expect(await keys.clone().whereIn('object_id', gone)).toEqual([]);
  expect(await keys.clone().whereIn('object_id', made[1]!.trackIds)).toHaveLength(1);
});
