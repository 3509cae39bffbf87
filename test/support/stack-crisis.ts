import type { TestPerson, TestReply } from './api.ts';
import type { Stack } from './stack.ts';
import { nextPhone } from './stack-people.ts';
import { until } from './until.ts';

export interface OnCallPerson extends TestPerson {
  readonly phone: string;
}

/** A counselor of the crisis team, whose phone is verified. */
export async function addOnCall(
  { api }: Stack,
  phone: string = nextPhone(),
): Promise<OnCallPerson> {
  const person = await api.person({ isTherapist: true, phone });
  await api.knex('people').where({ id: person.id }).update({ phone_verified_at: new Date() });
  await api
    .knex('therapist_profiles')
    .where({ person_id: person.id })
    .update({ is_crisis_therapist: true });
  return { ...person, phone };
}

export interface AlertRecordRow {
  readonly id: string;
  readonly number: string;
  readonly status: string;
  readonly holder_id: string | null;
  readonly version: number;
  readonly state: { readonly batch: number; readonly tier: number } | null;
}

/** A patient calls for help. */
export async function callForHelp(stack: Stack, severity = 'critical'): Promise<AlertRecordRow> {
  const patient = await stack.api.person();
  const body = { severity, description: 'I need somebody', type: 'user-report' };
  const reply = await stack.api.call('POST', '/api/crisis', body, { token: patient.token });
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  const alert = await stack.api.knex('crisis_alerts').where({ person_id: patient.id }).first();
  return alert as AlertRecordRow;
}

export async function alertRow({ api }: Stack, id: string): Promise<AlertRecordRow> {
  return (await api.knex('crisis_alerts').where({ id }).first()) as AlertRecordRow;
}

interface Sent {
  readonly sid: string;
  readonly body: string;
  readonly to: string;
}

export interface Call {
  readonly sid: string;
  readonly to: string;
  readonly status: string;
  readonly transcript: readonly string[];
}

const control = (stack: Stack, path: string): string => `${stack.sandboxUrl}/control/twilio${path}`;

/** What the phone has received by text, the latest last. */
export async function textsTo(stack: Stack, phone: string): Promise<Sent[]> {
  const response = await fetch(control(stack, `/messages?to=${encodeURIComponent(phone)}`));
  return ((await response.json()) as { messages: Sent[] }).messages;
}

export async function callsTo(stack: Stack, phone: string): Promise<Call[]> {
  const response = await fetch(control(stack, `/calls?to=${encodeURIComponent(phone)}`));
  return ((await response.json()) as { calls: Call[] }).calls;
}

/** The code of a page by text, once it has come. */
export async function codeSentTo(stack: Stack, phone: string): Promise<string> {
  let code: string | undefined;
  await until(async () => {
    const texts = await textsTo(stack, phone);
    code = texts.map(({ body }) => /Reply (\d{6})/.exec(body)?.[1]).findLast(Boolean);
    return code !== undefined;
  });
  return code!;
}

export function textBack(stack: Stack, from: string, body: string): Promise<Response> {
  return steer(stack, '/inbound', { from, body });
}

/** Presses a key as soon as a call asks for one. */
export async function press(stack: Stack, to: string, digits: string): Promise<void> {
  await until(async () => (await steer(stack, '/keypad', { to, digits })).ok);
}

function steer(stack: Stack, path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(control(stack, path), { method: 'POST', headers, body: JSON.stringify(body) });
}

export function say(
  { api }: Stack,
  verb: 'acknowledge' | 'contact' | 'release' | 'resolve',
  alertId: string,
  { token }: TestPerson,
  body: object = {},
): Promise<TestReply> {
  return api.call('POST', `/api/v1/crisis/${alertId}/${verb}`, body, { token });
}
