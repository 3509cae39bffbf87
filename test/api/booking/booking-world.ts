import { expect } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { DEFAULT_PLAN, type Plan } from '../../../domain/plan.ts';
import type { TestPerson, TestReply } from '../../support/api.ts';
import { addClient, addTherapist } from '../../support/stack-people.ts';
import type { Stack } from '../../support/stack.ts';

const DAY_MS = 86_400_000;

export interface Pair {
  readonly client: TestPerson;
  readonly therapist: TestPerson;
}

/** Nothing keeps a test from booking as often and as far ahead as it likes. */
export const ROOMY_PLAN: Plan = {
  ...DEFAULT_PLAN,
  payment: { ...DEFAULT_PLAN.payment, by: 'clinic' },
  buffers: { beforeMs: 0, afterMs: 0 },
  minimumNoticeMs: 0,
  horizonMs: 400 * DAY_MS,
  rescheduleUntilBeforeStartMs: 0,
  limits: { maxOpenPerClient: 1_000, maxPerClientPerDay: 1_000 },
};

export async function setBookingPlan({ api }: Stack, plan: Plan): Promise<void> {
  await api.knex('policies').insert({
    id: newId(),
    clinic_id: api.clinicId,
    name: 'meetings',
    door: 'booking',
    plan: JSON.stringify(plan),
  });
}

export async function relate({ api }: Stack, { client, therapist }: Pair): Promise<void> {
  await api.knex('relationships').insert({
    id: newId(),
    clinic_id: api.clinicId,
    therapist_id: therapist.id,
    client_id: client.id,
  });
}

/** A therapist who works around the clock, and her client. */
export async function addPair(
  stack: Stack,
  profile: Readonly<Record<string, unknown>> = {},
): Promise<Pair> {
  const therapist = await addTherapist(stack.api, {
    durations_minutes: [50, 30, 60, 90, 120],
    ...profile,
  });
  const pair = { therapist, client: await addClient(stack.api) };
  await relate(stack, pair);
  return pair;
}

/** Noon in UTC, so many days from now. */
export function noon(days: number): number {
  return Math.floor(Date.now() / DAY_MS) * DAY_MS + days * DAY_MS + DAY_MS / 2;
}

export type Meeting = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly status: string;
};

export function post(
  { api }: Stack,
  { client, therapist }: Pair,
  startMs: number,
  more: Readonly<Record<string, unknown>> = {},
): Promise<TestReply<Meeting>> {
  const body = {
    therapistId: therapist.id,
    startTime: new Date(startMs).toISOString(),
    duration: 60,
    meetingType: 'video',
    ...more,
  };
  return api.call('POST', '/booking/meetings', body, { token: client.token });
}

export async function booked(
  stack: Stack,
  pair: Pair,
  startMs: number,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Meeting> {
  const { status, body } = await post(stack, pair, startMs, more);
  if (status !== 201) throw new Error(`not booked: ${JSON.stringify(body)}`);
  return body;
}

export function put(
  { api }: Stack,
  { id }: { readonly id: string },
  by: TestPerson,
  body: unknown,
): Promise<TestReply<Meeting>> {
  return api.call('PUT', `/booking/meetings/${id}`, body, { token: by.token });
}

export function cancel(
  { api }: Stack,
  { id }: { readonly id: string },
  by: TestPerson,
): Promise<TestReply<Meeting>> {
  return api.call('DELETE', `/booking/meetings/${id}/cancel`, undefined, { token: by.token });
}

/** A meeting that its therapist has approved. */
export async function confirmed(
  stack: Stack,
  pair: Pair,
  startMs: number,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Meeting> {
  const meeting = await booked(stack, pair, startMs, more);
  const { status, body } = await put(stack, meeting, pair.therapist, { status: 'CONFIRMED' });
  if (status !== 200) throw new Error(`not approved: ${JSON.stringify(body)}`);
  return body;
}

/** The status of a refusal, once it is one in the words of this door. */
export async function refused(
  work: Promise<{ readonly status: number; readonly body: unknown }>,
): Promise<number> {
  const { status, body } = await work;
  expect(body).toEqual({
    statusCode: status,
    message: expect.any(String),
    error: expect.any(String),
  });
  return status;
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

const TABLES = [
  'sessions',
  'claims',
  'enrolments',
  'session_events',
  'session_revisions',
  'outbox',
];

/** All that a refusal must leave as it was. What is still on its way is no change. */
export async function everything({ api }: Stack): Promise<unknown> {
  const tables = await Promise.all(TABLES.map((table) => api.knex(table).select().orderBy('id')));
  const rows: object[] = tables.flat();
  return rows.map((row) => ({ ...row, workflow_started_at: null, dispatched_at: null }));
}
