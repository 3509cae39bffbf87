import { setTimeout as delay } from 'node:timers/promises';
import { v7 as newId } from 'uuid';
import type { SessionRow } from '../../db/sessions.ts';
import { findSession } from '../../db/sessions.ts';
import { workflowId } from '../../domain/ids.ts';
import type { TestPerson, TestReply } from './api.ts';
import { REMINDER_BEFORE_MS } from './stack-people.ts';
import type { Stack } from './stack.ts';

const MINUTE_MS = 60_000;

/** A session as a test drives it: who is in it, and its id. */
export interface Booked {
  readonly id: string;
  readonly client: TestPerson;
  readonly therapist: TestPerson;
}

export interface BookingRequest {
  readonly client: TestPerson;
  readonly therapist: TestPerson;
  readonly startsAt: number;
  /** Where to send it, when not to the stack's own API. */
  readonly url?: string;
  readonly key?: string;
  readonly extra?: Readonly<Record<string, unknown>>;
}

type Data = Readonly<Record<string, unknown>>;
type Reply = TestReply<{ readonly success: boolean; readonly data: Data; readonly error?: Data }>;

/** Whole seconds, since that is what is written to the wire. */
export function inFuture(ms: number): number {
  return Math.ceil((Date.now() + ms) / 1_000) * 1_000;
}

/** Asks for a session of one minute; rejects when the connection breaks. */
export async function requestBooking(stack: Stack, wish: BookingRequest): Promise<Reply> {
  const response = await fetch(`${wish.url ?? stack.api.url}/api/therapy/sessions/book`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${wish.client.token}`,
      ...(wish.key === undefined ? {} : { 'idempotency-key': wish.key }),
    },
    body: JSON.stringify({
      therapist_id: wish.therapist.id,
      session_type: 'individual',
      scheduled_at: new Date(wish.startsAt).toISOString(),
      duration: 1,
      timezone: 'UTC',
      session_format: 'video',
      ...wish.extra,
    }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Reply['body'],
  };
}

export async function book(stack: Stack, wish: BookingRequest): Promise<Booked> {
  const { body } = ok(await requestBooking(stack, wish));
  return { id: String(body.data['session_id']), client: wish.client, therapist: wish.therapist };
}

/** Consents and pays with a card. */
export function pay(stack: Stack, { id, client }: Booked, card = 'pm_card_visa'): Promise<Reply> {
  return act(stack, client, 'POST', `${id}/confirm`, {
    payment_method: 'credit_card',
    card_token: card,
    consent: { therapy_agreement: true, privacy_policy: true, cancellation_policy: true },
  });
}

export function approve(stack: Stack, { id, therapist }: Booked): Promise<Reply> {
  return act(stack, therapist, 'POST', `${id}/approve`);
}

export function decline(stack: Stack, { id, therapist }: Booked, reason?: string): Promise<Reply> {
  return act(stack, therapist, 'POST', `${id}/decline`, { reason });
}

/** Moves a session. The therapist's own wish needs nobody's approval. */
export function move(
  stack: Stack,
  { id }: Booked,
  by: TestPerson,
  startsAt: number,
  reason?: string,
): Promise<Reply> {
  return act(stack, by, 'PUT', `${id}/reschedule`, {
    new_scheduled_at: new Date(startsAt).toISOString(),
    timezone: 'UTC',
    reason,
  });
}

export function cancel(
  stack: Stack,
  { id }: Booked,
  by: TestPerson,
  reason?: string,
): Promise<Reply> {
  return act(stack, by, 'DELETE', id, { reason, request_refund: true });
}

/** Marks that the client came or did not. */
export function mark(
  stack: Stack,
  { id, therapist }: Booked,
  attendance: 'attended' | 'absent',
): Promise<TestReply> {
  return insist((headers) => {
    const path = `/api/v1/sessions/${id}/attendance`;
    return stack.api.call('POST', path, { attendance }, { token: therapist.token, headers });
  });
}

function act(
  stack: Stack,
  by: TestPerson,
  method: string,
  path: string,
  body?: unknown,
): Promise<Reply> {
  return insist((headers) =>
    stack.api.call(method, `/api/therapy/sessions/${path}`, body, { token: by.token, headers }),
  );
}

/** As a good client does: what could not be answered is asked again, as the same request. */
async function insist<T extends TestReply<unknown>>(
  ask: (headers: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const headers = { 'idempotency-key': newId() };
  const giveUpAt = Date.now() + 5 * MINUTE_MS;
  for (;;) {
    const reply = await ask(headers);
    if (reply.status !== 503 || Date.now() > giveUpAt) return reply;
    if (reply.headers.get('retry-after') === null) return reply;
    await delay(500);
  }
}

/** The reply itself when it is one of success; else an error that shows it. */
export function ok<T extends TestReply<unknown>>(reply: T): T {
  if (reply.status < 300) return reply;
  throw new Error(`refused: ${String(reply.status)} ${JSON.stringify(reply.body)}`);
}

/** The therapist moves the session so that its reminder falls due in a moment. */
export async function moveToReminder(stack: Stack, booked: Booked): Promise<number> {
  const startsAt = inFuture(REMINDER_BEFORE_MS + 10_000);
  ok(await move(stack, booked, booked.therapist, startsAt));
  return startsAt;
}

/** The session's row, as soon as it is in that state. */
export async function reaches(
  stack: Stack,
  { id }: Pick<Booked, 'id'>,
  status: SessionRow['status'],
  withinMs = 5 * MINUTE_MS,
): Promise<SessionRow> {
  const giveUpAt = Date.now() + withinMs;
  for (;;) {
    const row = await findSession(stack.api.knex, id);
    if (row?.status === status) return row;
    if (Date.now() > giveUpAt) {
      throw new Error(
        `The session is ${row?.status ?? 'nowhere'}, not ${status}.\n${stack.logs()}`,
      );
    }
    await delay(100);
  }
}

/** What a session's workflow ended with. */
export function resultOf(stack: Stack, { id }: Pick<Booked, 'id'>): Promise<unknown> {
  return stack.temporal.workflow.getHandle(workflowId('session', id)).result();
}
