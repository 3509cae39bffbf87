import { setTimeout as delay } from 'node:timers/promises';
import type { TestPerson, TestReply } from './api.ts';
import type { Booked } from './stack-acts.ts';
import type { Stack } from './stack.ts';

const DAY_MS = 86_400_000;

export interface OfferBody {
  readonly id: string;
  readonly kind: 'vacancy' | 'absence';
  readonly state: string;
  readonly dueAt: string;
  readonly therapistId: string;
  readonly sessionId: string;
  readonly choices: readonly {
    readonly id: string;
    readonly kind: 'same_therapist' | 'comparable_therapist' | 'refund';
    readonly therapistId: string | null;
    readonly startsAt: string | null;
  }[];
  readonly chosenId: string | null;
  readonly session: { readonly startsAt: string; readonly status: string } | null;
}

/** Puts a client on the waiting list for sessions of one minute; gives the wish's id. */
export async function wait(
  stack: Stack,
  client: TestPerson,
  wish: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const reply = await stack.api.call<{ id: string }>(
    'POST',
    '/api/v1/waitlist',
    {
      format: 'video',
      timeZone: 'UTC',
      untilDate: new Date(Date.now() + 60 * DAY_MS).toISOString().slice(0, 10),
      ...wish,
    },
    { token: client.token },
  );
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  return reply.body.id;
}

export async function offersTo(stack: Stack, client: TestPerson): Promise<readonly OfferBody[]> {
  const { token } = client;
  const reply = await stack.api.call<{ data: OfferBody[] }>('GET', '/api/v1/offers', undefined, {
    token,
  });
  return reply.body.data;
}

/** The first offer that is open to a client, as soon as there is one. */
export async function nextOffer(stack: Stack, client: TestPerson): Promise<OfferBody> {
  const giveUpAt = Date.now() + 300_000;
  for (;;) {
    const [offer] = await offersTo(stack, client);
    if (offer !== undefined) return offer;
    if (Date.now() > giveUpAt) throw new Error(`no offer came\n${stack.logs()}`);
    await delay(100);
  }
}

export function answer(
  stack: Stack,
  client: TestPerson,
  offer: Pick<OfferBody, 'id'>,
  verb: 'accept' | 'decline',
  choiceId?: string,
): Promise<TestReply<OfferBody>> {
  const body = choiceId === undefined ? undefined : { choiceId };
  const { token } = client;
  return stack.api.call('POST', `/api/v1/offers/${offer.id}/${verb}`, body, { token });
}

/** What is booked so soon after a session is of the same absence, though midnight lies between. */
const SAME_ABSENCE_MS = 3 * 3_600_000;

/** The therapist of a session is away on its day, and knows of it; gives the time off's id. */
export async function fallIll(
  stack: Stack,
  { id, therapist }: Pick<Booked, 'id' | 'therapist'>,
): Promise<string> {
  const session = await stack.api.knex('sessions').where({ id }).first('starts_at');
  const dateAt = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  const startsAt = (session.starts_at as Date).getTime();
  const endDate = dateAt(startsAt + SAME_ABSENCE_MS);
  const timeOff = { kind: 'time_off', startDate: dateAt(startsAt), endDate };
  const path = `/api/v1/therapists/${therapist.id}/exceptions`;
  const { token } = therapist;
  const asked = await stack.api.call<{ sessions: { id: string }[] }>('POST', path, timeOff, {
    token,
  });
  const sessionIds = asked.body.sessions.map((each) => each.id);
  const body = { ...timeOff, confirm: true, sessionIds };
  const { status, body: kept } = await stack.api.call<{ id: string }>('POST', path, body, {
    token,
  });
  if (status !== 201) throw new Error(JSON.stringify(kept));
  return kept.id;
}

/** The therapist is well again. */
export async function recover(
  stack: Stack,
  { therapist }: Pick<Booked, 'therapist'>,
  exceptionId: string,
): Promise<void> {
  const path = `/api/v1/therapists/${therapist.id}/exceptions/${exceptionId}`;
  const { status } = await stack.api.call('DELETE', path, undefined, { token: therapist.token });
  if (status !== 204) throw new Error(`the time off stays: ${String(status)}`);
}
