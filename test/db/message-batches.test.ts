import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { toInsert } from '../../db/audit/entry.ts';
import type { NewChatMessage, SendOutcome } from '../../db/chat-messages.ts';
import { openDatabase } from '../../db/knex.ts';
import { MessageBatches } from '../../db/message-batches.ts';
import type { PlainMessage } from '../../db/message-batches.ts';
import { errorCodeOf } from '../../domain/errors.ts';
import { insertSupport } from '../api/realtime/people.ts';
import { startTestApi } from '../support/api.ts';
import type { TestApi, TestPerson } from '../support/api.ts';
import { until } from '../support/until.ts';

interface Conversation {
  readonly sessionId: string;
  readonly patient: TestPerson;
  readonly helper: TestPerson;
}

let api: TestApi;
let batches: MessageBatches;
beforeAll(async () => {
  api = await startTestApi();
  batches = new MessageBatches(api.knex);
}, 60_000);
afterAll(() => api.close());

async function conversation(): Promise<Conversation> {
  const patient = await api.person();
  const helper = await api.person({ role: 'peer' });
  return { sessionId: await insertSupport(api, patient, helper), patient, helper };
}

function said(
  { sessionId }: Conversation,
  { id: senderId, clinicId }: TestPerson,
  wish: Partial<NewChatMessage> = {},
  seenVersion: number | null = null,
): PlainMessage {
  const id = uuidv7();
  const message: NewChatMessage = {
    id,
    sessionId,
    senderId,
    senderRole: 'patient',
    type: 'text',
    content: Buffer.from(`sealed '"{\\ ${id}`),
    isEncrypted: false,
    isCrisis: false,
    clientKey: null,
    replyTo: null,
    attachmentIds: [],
    ...wish,
  };
  const who = { actor: { id: senderId, role: 'patient', clinicId }, requestId: id };
  const act = { action: 'message.send', objectType: 'message', objectId: id };
  return { message, seenVersion, audit: toInsert(who, act) };
}

/** In one statement: the first goes ahead, and those behind it wait for it. */
function writeTogether(...messages: readonly PlainMessage[]): Promise<SendOutcome>[] {
  return messages.map((message) => batches.write(message));
}

async function rowsOf(sessionIds: readonly string[]): Promise<Record<string, unknown>[]> {
  return api
    .knex('chat_messages')
    .whereIn('session_id', [...sessionIds])
    .orderBy(['session_id', 'number'])
    .select('id', 'session_id', 'number', 'content', 'client_key')
    .select(api.knex.raw('xmin::text AS transaction'));
}

async function auditsOf(messages: readonly PlainMessage[]): Promise<number> {
  const ids = messages.map(({ message }) => message.id);
  const rows = await api.knex('audit_entries').whereIn('object_id', ids).select('id');
  return rows.length;
}

test('many who write at once share statements; each session has its numbers without a gap', async () => {
  const all = await Promise.all(Array.from({ length: 6 }, conversation));
  const messages = Array.from({ length: 20 }, (_, turn) =>
    all.flatMap((one) => [
      said(one, one.patient, turn === 0 ? { clientKey: Buffer.from(one.sessionId) } : {}),
      said(one, one.helper),
    ]),
  ).flat();
  const outcomes = await Promise.all(writeTogether(...messages));
  const rows = await rowsOf(all.map(({ sessionId }) => sessionId));
  expect(rows).toHaveLength(messages.length);
  for (const { sessionId, patient, helper } of all) {
    const own = rows.filter((row) => row['session_id'] === sessionId);
    expect(own.map(({ number }) => number)).toEqual(own.map((_, at) => at + 1));
    expect(own.filter((row) => row['client_key'] !== null)).toHaveLength(1);
    const [session] = await api.knex('support_sessions').where({ id: sessionId });
    expect(session).toMatchObject({ message_count: 40 });
    const versions = await api
      .knex('support_participants')
      .where({ session_id: sessionId })
      .select('person_id', 'chat_version');
    for (const { id } of [patient, helper]) {
      expect(versions).toContainEqual({ person_id: id, chat_version: 20 });
    }
  }
  for (const [at, { message }] of messages.entries()) {
    const row = rows.find(({ id }) => id === message.id)!;
    expect(row['content']).toEqual(message.content);
    expect(outcomes[at]).toMatchObject({ outcome: 'sent', id: message.id, number: row['number'] });
    expect(outcomes[at]).toHaveProperty('participants.length', 2);
  }
  expect(await auditsOf(messages)).toBe(messages.length);
  expect(new Set(rows.map(({ transaction }) => transaction)).size).toBeLessThan(20);
}, 120_000);

test('each of a statement has its own outcome', async () => {
  const [one, other, over] = [await conversation(), await conversation(), await conversation()];
  const ended = { status: 'closed', ended_at: new Date() };
  await api.knex('support_sessions').where({ id: over.sessionId }).update(ended);
  const once = { clientKey: Buffer.from('the same') };
  const first = said(one, one.patient, once);
  const messages = [
    first,
    said(other, one.patient),
    said(other, other.patient, {}, 7),
    said(over, over.patient),
    said(one, one.patient, once),
    said({ ...one, sessionId: uuidv7() }, one.patient),
    said(other, other.patient, {}, 0),
  ];
  const outcomes = await Promise.all(writeTogether(...messages));
  expect(outcomes.map(({ outcome }) => outcome)).toEqual([
    'sent',
    'no_participant',
    'unseen',
    'over',
    'known',
    'no_session',
    'sent',
  ]);
  expect(outcomes[4]).toMatchObject({ id: first.message.id });
  expect(await rowsOf([one, other, over].map(({ sessionId }) => sessionId))).toHaveLength(2);
  expect(await auditsOf(messages)).toBe(2);
}, 120_000);

test('a message that the database refuses fails alone', async () => {
  const [one, other] = [await conversation(), await conversation()];
  const wrong = said(one, one.helper, { replyTo: uuidv7() });
  const good = [said(other, other.patient), said(one, one.patient), said(other, other.helper)];
  const results = await Promise.allSettled(writeTogether(good[0]!, wrong, ...good.slice(1)));
  expect(results.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  expect(await rowsOf([one.sessionId])).toHaveLength(1);
  expect(await rowsOf([other.sessionId])).toHaveLength(2);
  expect(await auditsOf([wrong, ...good])).toBe(3);
}, 120_000);

test('nobody waits for a session that somebody else holds', async () => {
  const [held, free] = [await conversation(), await conversation()];
  const elsewhere = openDatabase(api.databaseUrl, { maxConnections: 1 });
  const holding = await elsewhere.transaction();
  await holding('support_sessions').where({ id: held.sessionId }).forUpdate().select('id');
  const [first, waiting, second, third] = writeTogether(
    said(free, free.patient),
    said(held, held.patient),
    said(free, free.helper),
    said(free, free.patient),
  );
  expect(await Promise.all([first, second, third])).toHaveLength(3);
  const alone = batches.write(said(held, held.helper));
  expect(await batches.write(said(free, free.helper))).toMatchObject({ number: 4 });
  expect(await rowsOf([held.sessionId])).toEqual([]);
  await holding.rollback();
  for (const late of [waiting, alone]) expect(await late).toMatchObject({ outcome: 'sent' });
  expect(await rowsOf([held.sessionId])).toMatchObject([{ number: 1 }, { number: 2 }]);
  await elsewhere.destroy();
}, 120_000);

test('when the database breaks off, nothing is written and everybody is told so', async () => {
  const [held, free] = [await conversation(), await conversation()];
  const elsewhere = openDatabase(api.databaseUrl, { maxConnections: 2 });
  const holding = await elsewhere.transaction();
  await holding('support_participants')
    .where({ session_id: held.sessionId, person_id: held.patient.id })
    .forUpdate()
    .select('person_id');
  const messages = [said(free, free.patient), said(free, free.helper), said(held, held.patient)];
  const [first, ...behind] = writeTogether(...messages);
  const results = Promise.allSettled(behind);
  expect(await first).toMatchObject({ number: 1 });
  const stuck = (): Promise<{ pid: number }[]> =>
    elsewhere('pg_stat_activity')
      .whereLike('query', 'WITH free%')
      .where({ state: 'active', wait_event_type: 'Lock' })
      .whereRaw('datname = current_database()')
      .select('pid');
  await until(async () => (await stuck()).length === 1);
  await elsewhere.raw('SELECT pg_terminate_backend(?)', [(await stuck())[0]!.pid]);
  const codes = (await results).map((result) =>
    result.status === 'rejected' ? errorCodeOf(result.reason) : result.value.outcome,
  );
  expect(codes).toEqual(['dependency_unavailable', 'dependency_unavailable']);
  await holding.rollback();
  expect(await rowsOf([held.sessionId])).toEqual([]);
  expect(await rowsOf([free.sessionId])).toHaveLength(1);
  expect(await auditsOf(messages)).toBe(1);
  expect(await batches.write(said(held, held.patient))).toMatchObject({ number: 1 });
  await elsewhere.destroy();
}, 120_000);
