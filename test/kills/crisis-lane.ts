import { setTimeout as delay } from 'node:timers/promises';
import { v7 as newId } from 'uuid';
import { signAccessToken } from '../../api/auth/access-tokens.ts';
import { insertFamily } from '../../db/tokens.ts';
import { DEFAULT_POLICIES } from '../../domain/escalation-policy.ts';
import { type OutageStack, startOutageStack } from '../support/outage-stack.ts';
import { textBack } from '../support/stack-crisis.ts';
import { allTexts } from '../support/stack-findings.ts';
import { until } from '../support/until.ts';

export interface OnCall {
  readonly id: string;
  readonly token: string;
  readonly phone: string;
}

/** A clinic with two people on call, on a stack of its own. */
export interface Clinic {
  readonly stack: OutageStack;
  readonly id: string;
  readonly onCall: readonly [OnCall, OnCall];
}

export interface Raised {
  readonly id: string;
  readonly number: string;
}

/** The two are paged in turn, each so long. */
const WAIT_MS = 3_000;
const TOKEN_TTL_MS = 3_600_000;
const LANE_LIMIT_MS = 400_000;

export async function inClinic(story: (clinic: Clinic) => Promise<void>): Promise<void> {
  const stack = await startOutageStack();
  try {
    const clinic = await openClinic(stack);
    await stack.start();
    await Promise.race([story(clinic), tooLong(clinic)]);
  } catch (error) {
    throw new Error(`${String(error)}\n${stack.logs()}`, { cause: error });
  } finally {
    await stack.close();
  }
}

/** Fails with what is known, while the stack still stands. */
async function tooLong({ stack: { knex } }: Clinic): Promise<never> {
  await delay(LANE_LIMIT_MS, undefined, { ref: false });
  const alerts = await knex('crisis_alerts').select('number', 'status', 'state', 'version');
  const pages = await knex('crisis_pages')
    .groupBy('alert_id', 'sent_by', 'state')
    .select('alert_id', 'sent_by', 'state')
    .count('id')
    .max({ last: 'created_at' });
  const events = await knex('crisis_events').orderBy('id', 'desc').limit(20).select('*');
  const hearts = await knex('crisis_heartbeats').select('*');
  throw new Error(
    `It took too long: ${JSON.stringify({ alerts, pages, events, hearts }, null, 1)}`,
  );
}

async function openClinic(stack: OutageStack): Promise<Clinic> {
  const { knex } = stack;
  const id = newId();
  await knex('clinics').insert({ id, name: 'Outage clinic', time_zone: 'UTC' });
  const first = await addOnCall(stack, id, '+14155550111');
  const second = await addOnCall(stack, id, '+14155550112');
  const step = (personId: string): object => ({
    targets: [{ kind: 'person', personId }],
    channels: ['sms'],
    waitMs: WAIT_MS,
  });
  const steps = [step(first.id), step(second.id)];
  const { high, critical } = DEFAULT_POLICIES;
  const policies = { high: { ...high, steps }, critical: { ...critical, steps } };
  const row = { clinic_id: id, policies: JSON.stringify(policies), version: 1 };
  await knex('escalation_policies').insert({ ...row, updated_by: first.id });
  return { stack, id, onCall: [first, second] };
}

async function addOnCall(stack: OutageStack, clinicId: string, phone: string): Promise<OnCall> {
  const { knex } = stack;
  const id = await addPerson(stack, clinicId, {
    role: 'counselor',
    phone,
    phone_verified_at: new Date(),
    verified_at: new Date(),
  });
  const profile = { person_id: id, clinic_id: clinicId, display_name: 'On call' };
  const verified = { verified_at: new Date(), is_crisis_therapist: true };
  await knex('therapist_profiles').insert({ ...profile, ...verified, time_zone: 'UTC' });
  return { id, token: await tokenOf(stack, id), phone };
}

async function addPerson(
  { knex }: OutageStack,
  clinicId: string,
  row: Readonly<Record<string, unknown>>,
): Promise<string> {
  const id = newId();
  await knex('people').insert({ id, clinic_id: clinicId, email: `${id}@test.example`, ...row });
  return id;
}

async function tokenOf({ knex, keyRing, apiUrl }: OutageStack, personId: string): Promise<string> {
  const familyId = newId();
  await insertFamily(knex, familyId, personId);
  const auth = { accessTokenTtlMs: TOKEN_TTL_MS, sharedSecret: null } as never;
  const issuer = { keyRing, publicUrl: apiUrl, auth };
  return (await signAccessToken(issuer, personId, familyId)).token;
}

/** Somebody new reports a crisis. */
export async function raise({ stack, id }: Clinic): Promise<Raised> {
  const personId = await addPerson(stack, id, { role: 'patient' });
  const { status } = await post(stack, '/api/crisis', await tokenOf(stack, personId), {
    severity: 'critical',
    type: 'suicide-risk',
    description: 'I want to end it all tonight',
  });
  if (status !== 201) throw new Error(`A report was answered ${String(status)}`);
  const find = () => stack.knex('crisis_alerts').where({ person_id: personId }).first();
  // Where the database was slow to answer, the workflow writes it down a moment later.
  await until(async () => (await find()) !== undefined);
  const row = await find();
  return { id: row.id, number: row.number };
}

export async function acknowledgedBy(
  { stack }: Clinic,
  { token }: OnCall,
  alertId: string,
): Promise<number> {
  return (await post(stack, `/api/v1/crisis/${alertId}/acknowledge`, token, {})).status;
}

async function post(
  { apiUrl }: OutageStack,
  path: string,
  token: string,
  body: object,
): Promise<{ status: number }> {
  const { status } = await fetch(`${apiUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  return { status };
}

/** How many texts were sent for each alert, as the provider knows. */
export async function sentFor(
  clinic: Clinic,
  alerts: readonly Pick<Raised, 'number'>[],
): Promise<number[]> {
  const sent = await allTexts(clinic.stack);
  return alerts.map(({ number }) => sent.filter(({ body }) => body.includes(number)).length);
}

export async function rowOf({ stack }: Clinic, id: string): Promise<Record<string, unknown>> {
  return stack.knex('crisis_alerts').where({ id }).first();
}

/** Resolves when a sender has sent so many pages for an alert. */
export async function pagesSince(
  { stack }: Clinic,
  { id }: Raised,
  sentBy: 'auditor' | 'workflow',
  count: number,
): Promise<void> {
  const pages = (): Promise<unknown[]> =>
    stack
      .knex('crisis_pages')
      .where({ alert_id: id, sent_by: sentBy })
      .whereNotIn('state', ['sending', 'failed']);
  await until(async () => (await pages()).length >= count);
}

/** Whoever was paged sends the text's code back. */
export async function replyTo(
  clinic: Clinic,
  { id, number }: Raised,
  sentBy: 'auditor' | 'workflow',
): Promise<void> {
  const { stack, onCall } = clinic;
  const page = await stack.knex('crisis_pages').where({ alert_id: id, sent_by: sentBy }).first();
  const { phone: from } = onCall.find((person) => person.id === page.person_id)!;
  const text = (await allTexts(stack)).findLast(
    ({ sid, body }) => sid === page.provider_id && body.includes(number),
  );
  const code = /[Rr]eply (\S+)/.exec(text?.body ?? '')?.[1] ?? '';
  await textBack(stack, from, code);
}
