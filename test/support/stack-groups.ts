import { v7 as newId } from 'uuid';
import { type SeatRow, findSeat } from '../../db/seats.ts';
import { workflowId } from '../../domain/ids.ts';
import type { TestPerson, TestReply } from './api.ts';
import * as acts from './stack-acts.ts';
import type { Stack } from './stack.ts';
import { until } from './until.ts';

type Data = Readonly<Record<string, unknown>>;
export type Reply = TestReply<{
  readonly success: boolean;
  readonly data: Data;
  readonly error?: Data;
}>;

export const GROUP_PRICE_CENTS = 7_500;
export const CONSENT = { group_guidelines: true, confidentiality_agreement: true };

/** A group of eight whose seats cost money, made by its therapist. */
export async function makeGroup(
  stack: Stack,
  therapist: TestPerson,
  fields: Data = {},
): Promise<string> {
  const body = {
    theme: 'Managing workplace anxiety',
    guidelines: ['Maintain confidentiality'],
    capacity: 8,
    durationMinutes: 1,
    priceCents: GROUP_PRICE_CENTS,
    timeZone: 'UTC',
    ...fields,
  };
  const options = { token: therapist.token };
  const reply = acts.ok(await stack.api.call('POST', '/api/v1/groups', body, options));
  return String(reply.body['id']);
}

export async function planSession(
  stack: Stack,
  therapist: TestPerson,
  groupId: string,
  inMs: number,
): Promise<string> {
  const body = { startsAt: new Date(acts.inFuture(inMs)).toISOString() };
  const path = `/api/v1/groups/${groupId}/sessions`;
  const reply = await stack.api.call('POST', path, body, { token: therapist.token });
  return String(acts.ok(reply).body['id']);
}

export function join(
  stack: Stack,
  client: TestPerson,
  groupId: string,
  sessionId?: string,
  key?: string,
): Promise<Reply> {
  const body = { consent: CONSENT, ...(sessionId === undefined ? {} : { session_id: sessionId }) };
  return stack.api.call('POST', `/api/therapy/groups/${groupId}/join`, body, {
    token: client.token,
    headers: { 'idempotency-key': key ?? newId() },
  });
}

export function leave(
  stack: Stack,
  client: TestPerson,
  groupId: string,
  sessionId?: string,
): Promise<Reply> {
  const body = sessionId === undefined ? {} : { session_id: sessionId };
  return stack.api.call('POST', `/api/therapy/groups/${groupId}/leave`, body, {
    token: client.token,
  });
}

export function view(stack: Stack, person: TestPerson, sessionId: string): Promise<Reply> {
  return stack.api.call('GET', `/api/therapy/sessions/${sessionId}`, undefined, {
    token: person.token,
  });
}

/** The enrolment of a person, the latest of those that they had. */
export async function seatOf(
  stack: Stack,
  sessionId: string,
  { id }: Pick<TestPerson, 'id'>,
): Promise<SeatRow> {
  const row = await stack.api
    .knex('enrolments')
    .where({ session_id: sessionId, person_id: id })
    .orderBy('created_at', 'desc')
    .first('id');
  return (await findSeat(stack.api.knex, row.id))!;
}

export async function seatReaches(
  stack: Stack,
  sessionId: string,
  person: Pick<TestPerson, 'id'>,
  status: SeatRow['status'],
): Promise<SeatRow> {
  await until(async () => (await seatOf(stack, sessionId, person)).status === status);
  return seatOf(stack, sessionId, person);
}

/** Ends with the seat's own workflow, whose id it gives. */
export async function seatEnds(
  stack: Stack,
  sessionId: string,
  person: Pick<TestPerson, 'id'>,
): Promise<string> {
  const { enrolment_id: id } = await seatOf(stack, sessionId, person);
  const seat = workflowId('enrolment', id);
  await stack.temporal.workflow.getHandle(seat).result();
  return seat;
}
