import { expect } from '@jest/globals';
import type { TestPerson, TestReply } from '../../support/api.ts';
import { addClient, addTherapist } from '../../support/stack-people.ts';
import type { Stack } from '../../support/stack.ts';

const MINUTE_MS = 60_000;

export type Hosted = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly status: string;
  readonly participants: readonly {
    readonly id: string;
    readonly displayName: string;
    readonly role: string;
    readonly status: string;
  }[];
};

export function call(
  { api }: Stack,
  by: TestPerson,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<TestReply<Hosted>> {
  return api.call(method, `/teletherapy${path}`, body, { token: by.token, headers });
}

export interface HostedBody {
  readonly type?: string;
  readonly startMs: number;
  readonly minutes?: number;
  readonly people: readonly TestPerson[];
  readonly more?: Readonly<Record<string, unknown>>;
}

export function bodyOf({
  type = 'group',
  startMs,
  minutes = 50,
  people,
  more,
}: HostedBody): object {
  return {
    title: 'Evening circle',
    type,
    mode: 'video',
    startTime: new Date(startMs).toISOString(),
    endTime: new Date(startMs + minutes * MINUTE_MS).toISOString(),
    participantIds: people.map(({ id }) => id),
    ...more,
  };
}

export function create(
  stack: Stack,
  host: TestPerson,
  wish: HostedBody,
): Promise<TestReply<Hosted>> {
  return call(stack, host, 'POST', '/sessions', bodyOf(wish));
}

export async function created(stack: Stack, host: TestPerson, wish: HostedBody): Promise<Hosted> {
  const { status, body } = await create(stack, host, wish);
  if (status !== 201) throw new Error(`not made: ${JSON.stringify(body)}`);
  return body;
}

export async function clients(stack: Stack, count: number): Promise<TestPerson[]> {
  return Promise.all(Array.from({ length: count }, () => addClient(stack.api)));
}

export function therapist(stack: Stack): Promise<TestPerson> {
  return addTherapist(stack.api);
}

/** The status of a refusal, once it is one in the words of this door. */
export async function refused(work: Promise<TestReply<unknown>>): Promise<number> {
  const { status, body } = await work;
  expect(body).toMatchObject({
    statusCode: status,
    message: expect.any(String),
    error: expect.any(String),
  });
  return status;
}

/** Noon in UTC, so many days from now. */
export function noon(days: number): number {
  const dayMs = 86_400_000;
  return Math.floor(Date.now() / dayMs) * dayMs + days * dayMs + dayMs / 2;
}

/** How often each status came. */
export function countOf(replies: readonly TestReply<unknown>[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
