import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { sourceRef } from '../../../activities/calendars/source.ts';
import { safetyPlanRef } from '../../../api/sessions/crisis-session.ts';
import { detailsRef } from '../../../api/sessions/compose-booking.ts';
import { noteRef } from '../../../api/teletherapy/note-texts.ts';
import type { FieldRef } from '../../../crypto/field-cipher.ts';
import { startTestApi } from '../../support/api.ts';
import { sessionRow } from '../../support/session-row.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { insertFlagged } from '../access/screening-world.ts';

/**
 * What no live session and no alert holds: texts sealed as the product seals them, each found by
 * the inventory's own words for its place, and gone afterwards.
 */
let api: TestApi;
let admin: TestPerson;
let therapist: TestPerson;
let client: TestPerson;
let other: TestPerson;
const sessionId = newId();
const groupId = newId();
const roomId = newId();
beforeAll(async () => {
  api = await startTestApi();
  admin = await api.person({ role: 'admin' });
  therapist = await api.person({ isTherapist: true });
  client = await api.person();
  other = await api.person();
  await inProfile();
  await inSessions();
  await inRoom();
  await inScreening();
}, 120_000);
afterAll(() => api.close());

function seal(ref: FieldRef, text: string): Promise<Buffer> {
  return api.deps.cipher.sealField(api.knex, ref, text);
}

async function asked(who: TestPerson, method: string, path: string, body: object): Promise<void> {
  const { status, body: answer } = await api.call(method, path, body, { token: who.token });
  if (status >= 300) throw new Error(`${path} ${status} ${JSON.stringify(answer)}`);
}

async function inProfile(): Promise<void> {
  const emergencyContact = { name: 'text-kin', relationship: 'sister', phone: '+14155550123' };
  const profile = { bio: 'text-bio', emergencyContact };
  await asked(client, 'PUT', '/api/auth/profile', { profile });
  const id = newId();
  await api.knex('calendar_feeds').insert({
    id,
    clinic_id: api.clinicId,
    person_id: client.id,
    kind: 'import',
    source_url: await seal(sourceRef(id), 'https://text-feed.example'),
  });
}

function row(id: string, clientId: string | null): Record<string, unknown> {
  return sessionRow(
    { clinicId: api.clinicId, therapistId: therapist.id, clientId },
    { id, specialization: 'text-specialization', status: 'completed', created_by: therapist.id },
  );
}

async function inSessions(): Promise<void> {
  const { knex } = api;
  await knex('sessions').insert([row(sessionId, client.id), row(groupId, null)]);
  await knex('sessions')
    .where({ id: sessionId })
    .update({
      details: await seal(detailsRef(sessionId), '{"reason":"text-details"}'),
      last_reason: await seal({ ...detailsRef(sessionId), column: 'last_reason' }, 'text-reason'),
    });
  await knex('session_notes').insert({
    session_id: sessionId,
    version: 1,
    author_id: therapist.id,
    body: await seal(noteRef(sessionId, 1), 'text-note'),
    signed_at: new Date(),
  });
  await knex('session_revisions').insert({
    id: newId(),
    session_id: sessionId,
    details: await seal(detailsRef(sessionId), '{"reason":"text-revised"}'),
  });
  for (const person of [client, other]) await inGroup(person);
  const place = { purpose: 'rating', objectId: sessionId, column: 'comment', rowId: client.id };
  const comment = await seal(place, 'text-comment');
  await knex('ratings').insert({ session_id: sessionId, person_id: client.id, stars: 4, comment });
  const check = newId();
  const ref = { purpose: 'session', objectId: sessionId, column: 'member', rowId: check };
  await knex('coverage_checks').insert({
    id: check,
    session_id: sessionId,
    client_id: client.id,
    payer: 'Aetna',
    member: await seal(ref, '{"number":"text-member"}'),
    status: 'covered',
  });
}

async function inGroup({ id: personId }: TestPerson): Promise<void> {
  const id = newId();
  const ref = { purpose: 'session', objectId: groupId, column: 'last_reason', rowId: id };
  await api.knex('enrolments').insert({
    id,
    session_id: groupId,
    person_id: personId,
    state: 'left',
    last_reason: await seal(ref, `text-left-${personId}`),
  });
}

/** A room that several share, in which the other answers the client. */
async function inRoom(): Promise<void> {
  const { knex } = api;
  await knex('support_sessions').insert({
    id: roomId,
    clinic_id: api.clinicId,
    patient_id: client.id,
    helper_id: therapist.id,
    type: 'counselor_session',
    helper_type: 'counselor',
    severity: 'low',
    status: 'active',
    is_chat_room: true,
  });
  await knex('support_participants').insert(
    [client, other].map(({ id }) => ({ session_id: roomId, person_id: id, role: 'member' })),
  );
  const [said, answered] = [newId(), newId()];
  await knex('chat_messages').insert([
    await message(said, client, 1, null),
    await message(answered, other, 2, said),
  ]);
  await knex('chat_reactions').insert([
    { message_id: said, person_id: other.id, reaction: '👍' },
    { message_id: answered, person_id: client.id, reaction: '👍' },
  ]);
}

async function message(
  id: string,
  { id: senderId }: TestPerson,
  number: number,
  replyTo: string | null,
): Promise<Record<string, unknown>> {
  const ref = { purpose: 'conversation', objectId: roomId, column: 'message', rowId: id };
  return {
    id,
    session_id: roomId,
    number,
    sender_id: senderId,
    sender_role: 'patient',
    type: 'text',
    content: await seal(ref, JSON.stringify({ text: `text-said-${senderId}` })),
    reply_to: replyTo,
    created_at: new Date(),
  };
}

async function inScreening(): Promise<void> {
  const id = await insertFlagged(api, client.token);
  const review = { decision: 'contacted', notes: 'text-review' };
  await asked(admin, 'POST', `/api/results/${id}/review`, review);
  const alert = newId();
  await api.knex('crisis_alerts').insert({
    id: alert,
    number: 'CA-2026-000009',
    clinic_id: api.clinicId,
    person_id: client.id,
    severity: 'low',
    type: 'user-report',
    status: 'resolved',
    resolved_at: new Date(),
  });
  await api.knex('crisis_sessions').insert({
    id: sessionId,
    clinic_id: api.clinicId,
    client_id: client.id,
    alert_id: alert,
    severity: 'low',
    format: 'video',
    room_code: 'x',
    safety_plan: await seal(safetyPlanRef(sessionId), 'text-plan'),
  });
}

async function exported(who: TestPerson, query = ''): Promise<string> {
  const reply = await api.call('GET', `/api/v1/people/${who.id}/export${query}`, undefined, {
    token: admin.token,
  });
  expect(reply.status).toBe(200);
  return JSON.stringify(reply.body);
}

const TEXTS = ['bio', 'kin', 'feed', 'specialization', 'details', 'reason', 'revised', 'comment'];
const ALL = [...TEXTS, 'member', 'plan'].map((text) => `text-${text}`);

test('all that is sealed of somebody opens in their export', async () => {
  const whole = await exported(client, '?clinicsNotes=true');
  const theirs = [`text-left-${client.id}`, `text-said-${client.id}`];
  const wanted = [...ALL, ...theirs, 'text-note', 'text-review', '"GAD-7"'];
  expect(wanted.filter((text) => !whole.includes(text))).toEqual([]);
  expect(whole).not.toContain(`text-left-${other.id}`);
  expect(whole).not.toContain(`text-said-${other.id}`);
  const own = await exported(client);
  expect(['text-note', 'text-review'].filter((text) => own.includes(text))).toEqual([]);
});

test('none of it is left after their erasure, and all of everybody else’s', async () => {
  const body = { confirm: client.id, reason: 'consent_withdrawn' };
  await api.knex('tasks').update({ state: 'done', done_at: new Date() });
  await api.knex('crisis_alerts').update({ status: 'resolved', resolved_at: new Date() });
  await asked(admin, 'POST', `/api/v1/people/${client.id}/erase`, body);
  const left = await exported(client, '?clinicsNotes=true');
  expect(left.match(/text-\w+/g)).toBeNull();
  expect(JSON.parse(left).sections).toMatchObject({
    sessions: [{ id: sessionId, status: 'completed' }],
    ratings: [{ stars: 4 }],
    screeningResults: [],
    screeningResponses: [],
    sessionNotes: [],
  });
  expect(await exported(other)).toContain(`text-left-${other.id}`);
  expect(await exported(other)).toContain(`text-said-${other.id}`);
  expect(await api.knex('chat_messages').where({ session_id: roomId })).toMatchObject([
    { sender_id: other.id, reply_to: null },
  ]);
  expect(await api.knex('chat_reactions')).toEqual([]);
  const keys = await api.knex('data_keys').whereIn('object_id', [client.id, sessionId]);
  expect(keys).toEqual([]);
});

test('nothing is written about them any more by whoever still has the keys in mind', async () => {
  const late = await seal(detailsRef(sessionId), 'late');
  await expect(
    api.knex('sessions').where({ id: sessionId }).update({ details: late }),
  ).rejects.toMatchObject({ code: 'HF003' });
  const note = { session_id: sessionId, version: 2, author_id: therapist.id, body: late };
  await expect(api.knex('session_notes').insert(note)).rejects.toMatchObject({ code: 'HF003' });
});
