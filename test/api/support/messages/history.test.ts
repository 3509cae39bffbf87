import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { SEARCHED_AT_MOST } from '../../../../api/support/messages/message-page.ts';
import { sealContent } from '../../../../api/support/messages/sealed-content.ts';
import { startTestApi } from '../../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../../support/api.ts';
import { supportSession } from './support-world.ts';

interface Body {
  readonly data: { readonly message: { readonly id: string } };
  readonly messages: readonly { readonly message: string; readonly replyTo: string | null }[];
  readonly pagination: Readonly<Record<string, unknown>>;
  readonly reactions: readonly unknown[];
}

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

function call(
  { token }: TestPerson,
  method: string,
  path: string,
  body?: unknown,
): Promise<TestReply<Body>> {
  return api.call<Body>(method, `/api/messages${path}`, body, { token });
}

async function send(who: TestPerson, sessionId: string, message: string): Promise<string> {
  const sent = await call(who, 'POST', '', { sessionId, message });
  return sent.body.data.message.id;
}

test('an edit keeps what was said before, sealed, and is heard; nobody else edits', async () => {
  const { id: sessionId, patient, helper } = await supportSession(api);
  const id = await send(patient, sessionId, 'I feel fine');
  const edit = (who: TestPerson, message: string) => call(who, 'PUT', `/${id}`, { message });
  expect((await edit(helper, 'I feel great')).status).toBe(403);
  const edits = ['I feel bad', 'I want to die'].map((words) => edit(patient, words));
  const statuses = (await Promise.all(edits)).map(({ status }) => status);
  // Two edits of one moment may be one after the other, or the later one hears of the earlier.
  expect(statuses.filter((status) => status !== 200 && status !== 409)).toEqual([]);
  const won = statuses.filter((status) => status === 200).length;
  const versions = await api.knex('chat_edits').where({ message_id: id }).orderBy('version');
  expect(versions.map(({ version }) => Number(version))).toEqual([0, 1].slice(0, won));
  const ref = { purpose: 'conversation', objectId: sessionId, column: 'message', rowId: id };
  const first = await api.deps.cipher.openField(api.knex, ref, versions[0]?.['content']);
  expect(first).toContain('I feel fine');
  const alerts = await api.knex('crisis_alerts').where({ person_id: patient.id });
  expect(alerts).toHaveLength(1);
});

test('a deleted message leaves every list; its answers stay', async () => {
  const { id: sessionId, patient, helper } = await supportSession(api);
  const id = await send(patient, sessionId, 'A word too much: zanzibar');
  await call(helper, 'POST', '', { sessionId, message: 'Yes?', replyTo: id });
  const admin = await api.person({ role: 'admin' });
  expect((await call(helper, 'DELETE', `/${id}`)).status).toBe(403);
  expect((await call(admin, 'DELETE', `/${id}`)).status).toBe(200);
  expect((await call(patient, 'DELETE', `/${id}`)).status).toBe(404);
  for (const query of ['', '?search=zanzibar', `?messageId=${id}`]) {
    const { body } = await call(patient, 'GET', `/session/${sessionId}${query}`);
    expect(JSON.stringify(body)).not.toContain('zanzibar');
  }
  const { body } = await call(patient, 'GET', `/session/${sessionId}`);
  expect(body.messages).toMatchObject([{ message: 'Yes?', replyTo: id }]);
  // A further answer quotes nothing of it.
  const late = await call(helper, 'POST', '', { sessionId, message: 'Well', replyTo: id });
  expect([late.status, JSON.stringify(late.body)]).toEqual([
    201,
    expect.not.stringContaining('zan'),
  ]);
});

test('a reaction is added once and taken back by the same', async () => {
  const { id: sessionId, patient, helper } = await supportSession(api);
  const id = await send(patient, sessionId, 'I slept well');
  const react = (who: TestPerson, reaction: string) =>
    call(who, 'POST', `/${id}/reactions`, { reaction });
  const added = await react(helper, '❤️');
  const both = await react(patient, 'supportive');
  const removed = await react(helper, '❤️');
  expect([added, both, removed].map(({ body }) => body.reactions.length)).toEqual([1, 2, 1]);
  expect((await react(patient, 'a sentence of words')).status).toBe(400);
  const over = { status: 'closed', ended_at: new Date() };
  await api.knex('support_sessions').where({ id: sessionId }).update(over);
  expect((await react(patient, 'supportive')).status).toBe(409);
});

test('pages lead through a whole session without a gap or a repeat, by ids, times and search', async () => {
  const { id: sessionId, patient, helper } = await supportSession(api);
  const ids: string[] = [];
  for (let at = 0; at < 7; at += 1) {
    ids.push(await send(at % 2 === 0 ? patient : helper, sessionId, `Ünit ${at}`));
  }
  const page = async (query: string) => {
    const { body } = await call(patient, 'GET', `/session/${sessionId}?${query}`);
    const { hasMore } = body.pagination;
    return [body.messages.map(({ message }) => message.at(-1)).join(''), hasMore];
  };
  const { rows } = await api.knex.raw('SELECT created_at AS at FROM chat_messages WHERE id = ?', [
    ids[3]!,
  ]);
  const at = encodeURIComponent(rows[0].at.toISOString());
  const pages = ['limit=3', `limit=3&before=${ids[4]}`, `limit=3&before=${ids[1]}`];
  expect(await Promise.all(pages.map(page))).toEqual([
    ['456', true],
    ['123', true],
    ['0', false],
  ]);
  expect(await page(`limit=3&after=${ids[0]}`)).toEqual(['123', true]);
  expect(await page(`limit=3&messageId=${ids[3]}`)).toEqual(['234', true]);
  expect(await page(`after=${ids[1]}&before=${ids[5]}`)).toEqual(['234', false]);
  expect((await page(`before=${at}`))[0]).toMatch(/^012/);
  expect(await page(`search=${encodeURIComponent('üNIT 4')}`)).toEqual(['4', false]);
  expect(await page('search=nowhere')).toEqual(['', false]);
  const unheardOf = await call(patient, 'GET', `/session/${sessionId}?before=2026-02-30`);
  expect(unheardOf.status).toBe(400);
  const { status } = await call(patient, 'GET', `/session/${sessionId}?before=yesterday`);
  expect(status).toBe(400);
});

test('a search says so when there is more than it looks at, and goes on from there', async () => {
  const { id: sessionId, patient } = await supportSession(api);
  const count = SEARCHED_AT_MOST + 5;
  const rows = [];
  for (let number = 1; number <= count; number += 1) {
    const id = uuidv7();
    const content = { text: number === 3 ? 'the needle' : 'hay', attachments: [] };
    const sealed = await sealContent(
      api.deps.cipher,
      api.knex,
      { id, sessionId },
      {
        ...content,
        analysis: { intent: 'sharing', sentiment: 'neutral', urgency: 'low' },
        clientMessageId: null,
      },
    );
    const at = new Date(1_700_000_000_000 + number);
    const what = { sender_role: 'patient', type: 'text', content: sealed, created_at: at };
    rows.push({ id, session_id: sessionId, number, sender_id: patient.id, ...what });
  }
  await api.knex.batchInsert('chat_messages', rows, 1_000);
  const search = async (query: string) => {
    const { body } = await call(patient, 'GET', `/session/${sessionId}?search=needle${query}`);
    const { total, hasMore, searched, searchCapped, searchedUntilId } = body.pagination;
    return [total, hasMore, searched, searchCapped, searchedUntilId];
  };
  const until = rows[5]!.id;
  expect(await search('')).toEqual([0, true, SEARCHED_AT_MOST, true, until]);
  expect(await search(`&before=${until}`)).toEqual([1, false, 5, false, rows[0]!.id]);
}, 120_000);

test('who has left a session gets nothing more of it', async () => {
  const { id: sessionId, patient, helper } = await supportSession(api);
  const id = await send(helper, sessionId, 'I have to go');
  const asked = (): Promise<TestReply<Body>[]> =>
    Promise.all([
      call(helper, 'GET', `/session/${sessionId}`),
      call(helper, 'POST', '', { sessionId, message: 'Still there?' }),
      call(helper, 'PUT', `/${id}`, { message: 'I stay' }),
      call(helper, 'POST', `/${id}/reactions`, { reaction: 'supportive' }),
    ]);
  expect((await asked()).map(({ status }) => status)).toEqual([200, 201, 200, 200]);
  const place = { session_id: sessionId, person_id: helper.id };
  await api.knex('support_participants').where(place).update({ left_at: new Date() });
  await send(patient, sessionId, 'Goodbye');
  expect((await asked()).map(({ status }) => status)).toEqual([404, 404, 404, 404]);
});

test('helpers know the patient of an anonymous session by an alias', async () => {
  const { id: sessionId, patient, helper } = await supportSession(api, { isAnonymous: true });
  const id = await send(patient, sessionId, 'Hello');
  await call(patient, 'POST', `/${id}/reactions`, { reaction: 'supportive' });
  const seen = await call(helper, 'GET', `/session/${sessionId}`);
  expect(JSON.stringify(seen.body)).not.toContain(patient.id);
  const own = await call(patient, 'GET', `/session/${sessionId}`);
  expect(own.body.messages).toMatchObject([{ senderId: { _id: patient.id } }]);
});
