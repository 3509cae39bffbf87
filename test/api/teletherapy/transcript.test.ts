import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 } from 'uuid';
import { expireTranscripts } from '../../../activities/transcripts/expiring.ts';
import { recordPresence } from '../../../db/room-presence.ts';
import { keepChat } from '../../../db/session-chat.ts';
import { DEFAULT_PLAN } from '../../../domain/plan.ts';
import type { ChatEntry } from '../../../domain/room-chat.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';

const DAY_MS = 86_400_000;

interface Transcript {
  readonly segments: readonly {
    readonly text: string;
    readonly speakerId: string | null;
    readonly speakerName: string;
    readonly startSeconds: number;
  }[];
  readonly total: number;
}

let api: TestApi;
let admin: TestPerson;
let therapist: TestPerson;
beforeAll(async () => {
  api = await startTestApi();
  admin = await api.person({ role: 'admin' });
  therapist = await api.person({ isTherapist: true });
}, 120_000);
afterAll(() => api.close());

const startsAt = Date.now() - DAY_MS;

/** A session that is over, with one client or with seats. */
async function session(people: readonly TestPerson[], room: object = {}): Promise<string> {
  const id = v7();
  const isGroup = people.length > 1;
  await api.knex('sessions').insert({
    id,
    clinic_id: api.clinicId,
    door: 'teletherapy',
    session_type: isGroup ? 'group' : 'individual',
    format: 'video',
    therapist_id: therapist.id,
    client_id: isGroup ? null : people[0]!.id,
    group_terms: isGroup
      ? JSON.stringify({ capacity: 8, minMembers: 0, decideBeforeStartMs: 0 })
      : null,
    starts_at: new Date(startsAt),
    ends_at: new Date(startsAt + 3_600_000),
    time_zone: 'UTC',
    status: 'completed',
    approval: 'not_needed',
    payment: 'not_due',
    plan: JSON.stringify({ ...DEFAULT_PLAN, room: { ...DEFAULT_PLAN.room, ...room } }),
    price_cents: 0,
    due_cents: 0,
    currency: 'USD',
    room_code: v7(),
    created_by: therapist.id,
  });
  if (!isGroup) return id;
  await api.knex('enrolments').insert(
    people.map(({ id: personId }) => ({
      id: v7(),
      session_id: id,
      person_id: personId,
      state: 'attended',
      status: 'completed',
      payment: 'not_due',
      due_cents: 0,
      alias: `member_${v7().slice(-12)}`,
    })),
  );
  return id;
}

type Said = Partial<ChatEntry> & { readonly text: string };

async function said(id: string, sender: TestPerson, entry: Said): Promise<void> {
  const sequence = entry.sequence ?? 1;
  await keepChat(api.deps, id, {
    id: v7(),
    epoch: 1,
    senderId: sender.id,
    name: 'as then',
    breakoutId: null,
    audience: [therapist.id, sender.id],
    elsewhere: [],
    at: startsAt + sequence * 1_000,
    ...entry,
    sequence,
  });
}

async function came(id: string, { id: personId }: TestPerson, afterMs = 0): Promise<void> {
  const at = new Date(startsAt + afterMs);
  const change = { sessionId: id, epoch: 1, personId, at };
  await recordPresence(api.knex, { ...change, role: 'participant', kind: 'joined' });
}

async function read(by: TestPerson, id: string, query = ''): Promise<Transcript> {
  const path = `/teletherapy/sessions/${id}/transcript${query}`;
  const { status, body } = await api.call<Transcript>('GET', path, undefined, { token: by.token });
  expect(status).toBe(200);
  return body;
}

async function texts(by: TestPerson, id: string): Promise<string[]> {
  return (await read(by, id)).segments.map(({ text }) => text);
}

test('in order and in pages, with who wrote when', async () => {
  const client = await api.person();
  const id = await session([client]);
  await said(id, client, { text: 'Third', epoch: 2, sequence: 1 });
  await said(id, therapist, { text: 'Second', sequence: 9 });
  await said(id, client, { text: 'First', sequence: 2, at: startsAt + 1_500 });
  expect(await texts(therapist, id)).toEqual(['First', 'Second', 'Third']);
  const page = await read(therapist, id, '?limit=1&page=2');
  expect(page).toMatchObject({ total: 3, segments: [{ text: 'Second', speakerId: therapist.id }] });
  expect((await read(therapist, id)).segments[0]).toMatchObject({
    startSeconds: 1.5,
    speakerId: client.id,
  });
  const looks = await api.knex('audit_entries').where({ action: 'transcript.list', object_id: id });
  expect(looks).toHaveLength(3);
});

test('what was before the planned start has its time since the first came in', async () => {
  const client = await api.person();
  const id = await session([client]);
  await said(id, client, { text: 'Early', at: startsAt - 60_000 });
  await said(id, client, { text: 'On time', sequence: 2, at: startsAt + 5_000 });
  const starts = async () => (await read(therapist, id)).segments.map((one) => one.startSeconds);
  expect(await starts()).toEqual([0, 5]);
  await came(id, client, -70_000);
  await came(id, therapist, -65_000);
  expect(await starts()).toEqual([10, 75]);
});

test('each reads what was written where they were; strangers nothing, which is on record', async () => {
  const people = await Promise.all([api.person(), api.person(), api.person(), api.person()]);
  const [ben, cleo, late, absent] = people as [TestPerson, TestPerson, TestPerson, TestPerson];
  const id = await session(people);
  const hidden = await session(people, { isChatShownToLater: false });
  for (const each of [id, hidden]) {
    await said(each, ben, { text: 'Main', audience: [therapist.id, ben.id], elsewhere: [cleo.id] });
    const breakoutId = v7();
    await said(each, cleo, { text: 'Apart', sequence: 2, breakoutId, audience: [cleo.id] });
    for (const one of [ben, cleo, late]) await came(each, one);
  }
  expect(await texts(therapist, id)).toEqual(['Main', 'Apart']);
  expect([await texts(ben, id), await texts(cleo, id)]).toEqual([['Main'], ['Apart']]);
  expect([await texts(late, id), await texts(late, hidden)]).toEqual([['Main'], []]);
  expect(await texts(absent, id)).toEqual([]);
  // Of each other members know aliases alone.
  const { segments } = await read(late, id);
  expect(segments[0]!.speakerId).not.toBe(ben.id);

  const stranger = await api.person({ isTherapist: true });
  for (const each of [stranger, await api.person()]) {
    const path = `/teletherapy/sessions/${id}/transcript`;
    const { status } = await api.call('GET', path, undefined, { token: each.token });
    expect(status).toBe(404);
  }
  const denied = { action: 'session.attend', object_id: id, outcome: 'denied' };
  expect(await api.knex('audit_entries').where(denied)).toHaveLength(2);
});

test('goes with whoever is erased: all of it with a client, of a group only their own', async () => {
  const [client, ben, cleo] = await Promise.all([api.person(), api.person(), api.person()]);
  const alone = await session([client]);
  const group = await session([ben, cleo]);
  await said(alone, client, { text: 'Mine' });
  await said(alone, therapist, { text: 'To you', sequence: 2 });
  await said(group, ben, { text: 'Of Ben' });
  await said(group, cleo, { text: 'Of Cleo', sequence: 2 });
  const shown = await api.call('GET', `/api/v1/people/${client.id}/export`, undefined, {
    token: client.token,
  });
  expect(JSON.stringify(shown.body)).toContain('To you');
  for (const { id } of [client, ben]) {
    const wish = { confirm: id, reason: 'person_asked' };
    const erased = await api.call('POST', `/api/v1/people/${id}/erase`, wish, {
      token: admin.token,
    });
    expect([erased.status, erased.body]).toMatchObject([200, {}]);
  }
  expect(await texts(therapist, alone)).toEqual([]);
  expect(await texts(therapist, group)).toEqual(['Of Cleo']);
  const keys = api.knex('data_keys').where({ purpose: 'session_chat' });
  expect(await keys.clone().where({ object_id: alone })).toEqual([]);
  // What comes late from a host is not kept any more.
  await said(alone, therapist, { text: 'Late', sequence: 3 });
  await said(group, ben, { text: 'Late', sequence: 3 });
  expect(await api.knex('session_chat').where({ session_id: alone })).toEqual([]);
  expect(await texts(therapist, group)).toEqual(['Of Cleo']);
});

test('goes in its time, keys and all, once nothing has been written for as long', async () => {
  const [client, other] = [await api.person(), await api.person()];
  const [old, young] = [await session([client]), await session([other])];
  for (const [id, who] of [
    [old, client],
    [young, other],
  ] as const) {
    await said(id, who, { text: 'First' });
    await said(id, who, { text: 'Last', sequence: 2 });
  }
  const aged = (id: string, sequence: number, days: number): Promise<number> =>
    api
      .knex('session_chat')
      .where({ session_id: id, sequence })
      .update({ recorded_at: new Date(Date.now() - days * DAY_MS) });
  await Promise.all([aged(old, 1, 40), aged(old, 2, 31), aged(young, 1, 40), aged(young, 2, 29)]);
  expect(await expireTranscripts(api.knex, 30 * DAY_MS, new Date())).toBe(1);
  expect(await texts(therapist, old)).toEqual([]);
  expect(await texts(therapist, young)).toEqual(['First', 'Last']);
  const keys = { purpose: 'session_chat', object_id: old };
  expect(await api.knex('data_keys').where(keys)).toEqual([]);
  const audited = { action: 'transcript.expire', object_id: old };
  expect(await api.knex('audit_entries').where(audited)).toHaveLength(1);
  expect(await expireTranscripts(api.knex, 30 * DAY_MS, new Date())).toBe(0);
});
