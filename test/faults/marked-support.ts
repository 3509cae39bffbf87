import pg from 'pg';
import { BROADCAST_CHANNEL } from '../../db/broadcasts.ts';
import type { TestPerson, TestReply } from '../support/api.ts';
import type { Stack } from '../support/stack.ts';
import { addOnCall, alertRow, say } from '../support/stack-crisis.ts';
import { until } from '../support/until.ts';

/** What broadcasts carried between processes meanwhile. */
export async function hearBroadcasts(
  databaseUrl: string,
): Promise<{ readonly heard: string[]; close(): Promise<void> }> {
  const client = new pg.Client({ connectionString: databaseUrl });
  const heard: string[] = [];
  client.on('notification', ({ payload }) => heard.push(payload ?? ''));
  await client.connect();
  await client.query(`LISTEN ${BROADCAST_CHANNEL}`);
  return { heard, close: () => client.end() };
}

/** A live session and an alert from beginning to end, with the mark in all that people type there. */
export async function typedInDistress(stack: Stack, mark: string): Promise<void> {
  const onCall = await addOnCall(stack);
  const patient = await stack.api.person();
  const helper = await stack.api.person({ role: 'peer' });
  const sessionId = await sessionWith(stack, mark, { patient, helper });
  await messagesIn(stack, mark, { patient, helper, sessionId });
  await alertOf(stack, mark, { patient, helper, onCall, sessionId });
  await asked(stack, patient, 'POST', `/api/sessions/${sessionId}/end`, {
    rating: 4,
    feedback: `${mark}-feedback`,
    tags: [`${mark}-tag`],
  });
}

interface Answer {
  readonly data: {
    readonly session: { readonly id: string };
    readonly message: { readonly id: string };
    readonly alert: { readonly id: string };
  };
}

async function asked(
  { api }: Stack,
  { token }: TestPerson,
  method: string,
  path: string,
  body?: unknown,
): Promise<TestReply<Answer>> {
  const reply = await api.call<Answer>(method, path, body, { token });
  if (reply.status >= 300) {
    throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
  }
  return reply;
}

interface Pair {
  readonly patient: TestPerson;
  readonly helper: TestPerson;
}

interface Talk extends Pair {
  readonly sessionId: string;
}

async function sessionWith(stack: Stack, mark: string, { patient, helper }: Pair): Promise<string> {
  const { body } = await asked(stack, patient, 'POST', '/api/sessions', {
    type: 'peer_support',
    title: `${mark}-title`,
    description: `${mark}-description`,
    urgencyLevel: 'medium',
    preferredHelperType: 'peer',
    tags: [`${mark}-wish`],
  });
  const id = body.data.session.id;
  const at = `/api/sessions/${id}`;
  const other = await stack.api.person({ role: 'peer' });
  await asked(stack, other, 'POST', `${at}/decline`, { reason: `${mark}-busy` });
  await asked(stack, helper, 'POST', `${at}/accept`, { message: `${mark}-welcome` });
  await asked(stack, helper, 'PUT', at, { sessionNotes: `${mark}-notes` });
  return id;
}

async function messagesIn(
  stack: Stack,
  mark: string,
  { patient, helper, sessionId }: Talk,
): Promise<void> {
  const send = async (who: TestPerson, wish: object): Promise<string> => {
    const { body } = await asked(stack, who, 'POST', '/api/messages', { sessionId, ...wish });
    return body.data.message.id;
  };
  const first = await send(patient, { message: `${mark}-hello` });
  await send(helper, { message: `${mark}-answer`, replyTo: first });
  await send(patient, { message: `${mark}-late`, clientMessageId: `${mark}-client` });
  await asked(stack, patient, 'PUT', `/api/messages/${first}`, { message: `${mark}-edited` });
  await asked(stack, patient, 'DELETE', `/api/messages/${first}`);
  const file = await upload(stack, patient, { sessionId, mark });
  await send(patient, { message: `${mark}-file`, messageType: 'file', attachments: [file] });
  await send(patient, { message: `I am going to kill myself tonight ${mark}-crisis` });
}

async function upload(
  { api }: Stack,
  { token }: TestPerson,
  { sessionId, mark }: { readonly sessionId: string; readonly mark: string },
): Promise<object> {
  const form = new FormData();
  form.set('sessionId', sessionId);
  form.set('file', new Blob([`${mark}-content`]), `${mark}-name.txt`);
  const response = await fetch(`${api.url}/api/messages/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: form,
  });
  const text = await response.text();
  if (response.status !== 201) throw new Error(text);
  const { url } = (JSON.parse(text) as { attachment: { url: string } }).attachment;
  return { url, type: 'file', filename: `${mark}-name.txt` };
}

/** Everything that is said about one person's alert, until it is resolved. */
async function alertOf(
  stack: Stack,
  mark: string,
  { patient, helper, onCall, sessionId }: Talk & { readonly onCall: TestPerson },
): Promise<void> {
  const { body } = await asked(stack, patient, 'POST', '/api/crisis', {
    severity: 'high',
    type: `${mark}-type`,
    description: `${mark}-report`,
    location: { latitude: 1, longitude: 2, address: `${mark}-address` },
    triggerMessage: `${mark}-trigger`,
    riskFactors: [`${mark}-factor`],
    sessionId,
  });
  const alertId = body.data.alert.id;
  await asked(stack, patient, 'POST', '/api/urgent/crisis-intervention', {
    sessionId,
    interventionType: `${mark}-kind`,
    immediacy: 'critical',
    location: { address: `${mark}-street` },
    contactInfo: { phone: '+14155550177', emergencyContact: `${mark}-relative` },
    situation: `${mark}-situation`,
    requestedActions: [`${mark}-action`],
  });
  await asked(stack, helper, 'POST', '/api/urgent/escalate', {
    sessionId,
    newSeverity: 'critical',
    reason: `${mark}-reason`,
    targetHelperType: 'counselor',
    notes: `${mark}-remark`,
  });
  await until(async () => (await alertRow(stack, alertId)).state !== null);
  const end = { outcome: 'safe', note: `${mark}-outcome` };
  const words = [
    await say(stack, 'acknowledge', alertId, onCall, { note: `${mark}-coming` }),
    await say(stack, 'contact', alertId, onCall, { note: `${mark}-reached` }),
    await say(stack, 'resolve', alertId, onCall, end),
  ];
  if (words.some(({ status }) => status >= 300)) throw new Error(JSON.stringify(words));
}
