import type { TestPerson, TestReply } from './api.ts';
import { type Sandboxed, steer, textsTo } from './stack-findings.ts';
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

/** A text from the phone; it has been taken or refused when this resolves. */
export function textBack(stack: Sandboxed, from: string, body: string): Promise<void> {
  return steer(stack, '/twilio/inbound', { from, body });
}

/** Presses a key as soon as a call asks for one. */
export async function press(stack: Sandboxed, to: string, digits: string): Promise<void> {
  await until(() =>
    steer(stack, '/twilio/keypad', { to, digits }).then(
      () => true,
      () => false,
    ),
  );
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
