import { readdir, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLocalFileStore } from '../../../../activities/gateways/file-store.ts';
import { sweepAttachments } from '../../../../api/support/messages/attachments.ts';
import { startTestApi } from '../../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../../support/api.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { supportSession, uploadForm } from './support-world.ts';

const PNG = Uint8Array.from(
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
);
const MAX_BYTES = 100_000;

interface Attachment {
  readonly _id: string;
  readonly url: string;
  readonly type: string;
  readonly filename: string;
  readonly size: number;
}

const folder = tempFolder();
const store = createLocalFileStore(folder);
let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ deps: { attachments: { store, maxBytes: MAX_BYTES } } });
}, 120_000);
afterAll(() => api.close());

function upload(
  { token }: TestPerson,
  form: unknown,
): Promise<TestReply<{ attachment: Attachment }>> {
  return api.call('POST', '/api/messages/attachments', form, { token });
}

function fetchFile(who: TestPerson, id: string): Promise<TestReply> {
  const { token } = who;
  return api.call('GET', `/api/messages/attachments/${id}`, undefined, { token });
}

async function files(): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
}

test('a picture is sealed on disk and goes to those who take part, as a download', async () => {
  const { id: sessionId, patient, helper } = await supportSession(api);
  const uploaded = await upload(patient, uploadForm(sessionId, PNG, '../..\\"my\u202Ephoto.exe'));
  const { attachment } = uploaded.body;
  expect([uploaded.status, attachment]).toMatchObject([
    201,
    { type: 'image', filename: 'my_photo.exe.png', size: PNG.length },
  ]);
  const sealed = await Promise.all((await files()).map((path) => readFile(path)));
  expect(sealed.some((bytes) => bytes.includes('IHDR'))).toBe(false);
  // Until a message shows it, it is the uploader's alone.
  const id = attachment['_id'];
  expect((await fetchFile(helper, id)).status).toBe(404);
  const body = {
    sessionId,
    message: 'This calms me',
    messageType: 'image',
    attachments: [attachment],
  };
  const sent = await api.call<{ data: { message: { id: string; attachments: Attachment[] } } }>(
    'POST',
    '/api/messages',
    body,
    { token: patient.token },
  );
  const { message } = sent.body.data;
  expect(message.attachments).toMatchObject([{ url: attachment.url, type: 'image' }]);
  const response = await fetch(`${api.url}/api/messages/attachments/${id}`, {
    headers: { authorization: `Bearer ${helper.token}` },
  });
  expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.from(PNG))).toBe(true);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'image/png',
    'content-disposition': "attachment; filename*=UTF-8''my_photo.exe.png",
    'x-content-type-options': 'nosniff',
  });
  // A stranger gets nothing, and neither does anybody once the message is gone.
  const denied = () => api.knex('audit_entries').where({ object_id: id, outcome: 'denied' });
  const before = (await denied()).length;
  expect((await fetchFile(await api.person(), id)).status).toBe(404);
  expect(await denied()).toHaveLength(before + 1);
  await api.call('DELETE', `/api/messages/${message.id}`, undefined, { token: patient.token });
  expect((await fetchFile(helper, id)).status).toBe(404);
});

test('what is too large, of no allowed type, no form or not in the session leaves no file', async () => {
  const { id: sessionId, patient } = await supportSession(api);
  const stranger = await api.person();
  const before = (await files()).length;
  const twoFiles = uploadForm(sessionId);
  twoFiles.append('file', new Blob(['more']), 'more.txt');
  const refused = [
    await upload(patient, uploadForm(sessionId, 'x'.repeat(MAX_BYTES + 1))),
    await upload(patient, uploadForm(sessionId, Uint8Array.from([0x4d, 0x5a, 0x90, 0, 3, 0]))),
    await upload(patient, uploadForm(sessionId, '<svg xmlns="http://www.w3.org/2000/svg"/>')),
    await upload(patient, uploadForm(sessionId, '<?xml version="1.0"?><svg/>', 'a.png')),
    await upload(patient, uploadForm(sessionId, '')),
    await upload(patient, uploadForm('nothing')),
    await upload(patient, twoFiles),
    await upload(patient, { sessionId }),
    await upload(stranger, uploadForm(sessionId)),
  ];
  expect(refused.map(({ status }) => status)).toEqual([
    413, 415, 201, 415, 400, 400, 400, 415, 404,
  ]);
  expect((await files()).length).toBe(before + 1);
});

test("nobody sends another's upload, one of another session, or a link that isn't https", async () => {
  const { id: sessionId, patient, helper } = await supportSession(api);
  const other = await supportSession(api, { patient });
  const { attachment } = (await upload(patient, uploadForm(sessionId))).body;
  const send = async (who: TestPerson, id: string, url: string) => {
    const body = { sessionId: id, message: 'Look', attachments: [{ url }] };
    return (await api.call('POST', '/api/messages', body, { token: who.token })).status;
  };
  expect(await send(helper, sessionId, attachment.url)).toBe(422);
  expect(await send(patient, other.id, attachment.url)).toBe(422);
  for (const url of ['http://example.com/a.png', 'javascript:alert(1)', 'https://a:b@c.example/']) {
    expect(await send(patient, sessionId, url)).toBe(422);
  }
  expect(await send(patient, sessionId, new URL(attachment.url).pathname)).toBe(201);
});

test('a note of farewell is heard in a file and in its name', async () => {
  const { id: sessionId, patient } = await supportSession(api);
  await upload(patient, uploadForm(sessionId, 'I am going to kill myself tonight. Goodbye.'));
  const stranger = await api.person();
  await upload(stranger, uploadForm(sessionId, PNG, 'I want to kill myself.png'));
  const alerts = api.knex('crisis_alerts').whereIn('person_id', [patient.id, stranger.id]);
  expect((await alerts.pluck('person_id')).toSorted()).toEqual(
    [patient.id, stranger.id].toSorted(),
  );
});

test('what no message shows goes after a day, and so does a file that nobody knows', async () => {
  const { id: sessionId, patient } = await supportSession(api);
  const keep = (await upload(patient, uploadForm(sessionId))).body.attachment;
  const fresh = (await upload(patient, uploadForm(sessionId))).body.attachment;
  const orphan = (await upload(patient, uploadForm(sessionId))).body.attachment;
  const body = { sessionId, message: 'Look', attachments: [keep] };
  await api.call('POST', '/api/messages', body, { token: patient.token });
  const unknown = '0199f000-0000-7000-8000-0000000000ff';
  const stream = await store.write(unknown);
  await new Promise<void>((resolve) => stream.end('sealed', resolve));
  const longAgo = new Date(Date.now() - 2 * 86_400_000);
  await api.knex('chat_attachments').whereNot({ id: fresh['_id'] }).update({ created_at: longAgo });
  for (const path of await files()) await utimes(path, longAgo, longAgo);
  await sweepAttachments(api.deps);
  const left = new Set((await files()).map((path) => path.slice(-36)));
  const known = [keep, fresh, orphan].map((one) => left.has(one['_id']));
  expect([...known, left.has(unknown)]).toEqual([true, true, false, false]);
});
