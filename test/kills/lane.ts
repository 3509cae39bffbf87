import { setTimeout as delay } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { TestPerson } from '../support/api.ts';
import * as acts from '../support/stack-acts.ts';
import type { Booked } from '../support/stack-acts.ts';
import { chargesOf, claimsOf, isAllTold, mailsTo, textsTo } from '../support/stack-findings.ts';
import { releaseNews } from '../support/stack-news.ts';
import { PRICE_CENTS, type TestClient, addClient, addTherapist } from '../support/stack-people.ts';
import type { StackProcess } from '../support/stack-process.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

const DAY_MS = 86_400_000;
const LANE_LIMIT_MS = 400_000;

/** One killed process has a whole stack for itself, and one session. */
export interface Lane {
  readonly stack: Stack;
  readonly client: TestClient;
  readonly therapist: TestPerson;
}

export async function inLane(
  server: TestWorkflowEnvironment,
  story: (lane: Lane) => Promise<void>,
): Promise<void> {
  const stack = await startStack(server);
  try {
    const client = await addClient(stack.api);
    const therapist = await addTherapist(stack.api);
    await Promise.race([story({ stack, client, therapist }), tooLong(stack)]);
  } catch (error) {
    throw new Error(`${String(error)}\n${stack.logs()}`, { cause: error });
  } finally {
    await stack.close();
  }
}

/** Fails with what is known of the stack, while it still stands. */
async function tooLong({ api }: Stack): Promise<never> {
  await delay(LANE_LIMIT_MS, undefined, { ref: false });
  const sessions = await api.knex('sessions').select('id', 'status', 'payment', 'version');
  const sends = await api.knex('sends').select('key', 'state', 'reason');
  throw new Error(`It took too long: ${JSON.stringify({ sessions, sends })}`);
}

export function tomorrow(): number {
  return acts.inFuture(DAY_MS);
}

export function bookTomorrow({ stack, client, therapist }: Lane): Promise<Booked> {
  return acts.book(stack, { client, therapist, startsAt: tomorrow() });
}

export async function confirmed(lane: Lane, booked: Booked): Promise<void> {
  acts.ok(await acts.pay(lane.stack, booked));
  acts.ok(await acts.approve(lane.stack, booked));
  await acts.reaches(lane.stack, booked, 'confirmed');
}

/** Fails unless the process ended by the very signal that no handler sees. */
export async function diesThere(victim: StackProcess): Promise<void> {
  expect(await victim.ended).toEqual({ code: null, signal: 'SIGKILL' });
}

/** The session is moved and reminded of once; each person's calendar holds its new time and no other. */
export async function remindOnce({ stack, client }: Lane, booked: Booked): Promise<void> {
  const startsAt = await acts.moveToReminder(stack, booked);
  const claims = await claimsOf(stack, booked.id);
  expect(claims.map(({ person_id: person }) => person).toSorted()).toEqual(
    [booked.client.id, booked.therapist.id].toSorted(),
  );
  for (const claim of claims) {
    expect(claim).toMatchObject({ slot: 'current', starts_at: new Date(startsAt) });
  }
  await until(async () => (await textsTo(stack, client.phone)).length > 0);
}

/** The client cancels in time: all that was charged goes back, and nothing stays behind. */
export async function endCancelled(lane: Lane, booked: Booked): Promise<void> {
  const { stack, client } = lane;
  acts.ok(await acts.cancel(stack, booked, client));
  expect(await acts.resultOf(stack, booked)).toEqual({ status: 'cancelled' });
  await expectSquare(lane, booked, { status: 'cancelled', refundedCents: PRICE_CENTS, texts: 1 });
}

/** The rest of a session's life from wherever it stands, after which everything must be square. */
export async function liveOn(lane: Lane, booked: Booked): Promise<void> {
  const { stack } = lane;
  const { status, payment } = (await stack.api
    .knex('sessions')
    .where({ id: booked.id })
    .first()) as {
    status: string;
    payment: string;
  };
  if (status === 'requested') acts.ok(await acts.approve(stack, booked));
  if (payment === 'due') acts.ok(await acts.pay(stack, booked));
  await acts.reaches(stack, booked, 'confirmed');
  await remindOnce(lane, booked);
  await endCancelled(lane, booked);
}

/** One charge, one text, one mail of each kind, no claim, and a row that says how it ended. */
export async function expectSquare(lane: Lane, booked: Booked, end: End): Promise<void> {
  await expectSquareNow(lane, booked, end);
  // News that comes late, even after the end, changes nothing any more.
  await releaseNews(lane.stack.sandboxUrl);
  await until(() => isAllTold(lane.stack));
  await until(() => isQuiet(lane.stack));
  await expectSquareNow(lane, booked, end);
}

interface End {
  readonly status: string;
  readonly refundedCents: number;
  readonly texts: number;
}

async function isQuiet({ temporal }: Stack): Promise<boolean> {
  return (await temporal.workflow.count(`ExecutionStatus = 'Running'`)).count === 0;
}

async function expectSquareNow(
  { stack, client, therapist }: Lane,
  { id }: Booked,
  end: End,
): Promise<void> {
  const { knex } = stack.api;
  expect(await chargesOf(stack, id)).toEqual({
    authorisations: 1,
    heldCents: 0,
    capturedCents: PRICE_CENTS,
    refunds: end.refundedCents > 0 ? 1 : 0,
    refundedCents: end.refundedCents,
  });
  const isRefunded = end.refundedCents > 0;
  expect(
    await knex('payments').where({ session_id: id }).select('state', 'refunded_cents'),
  ).toEqual([{ state: isRefunded ? 'refunded' : 'captured', refunded_cents: end.refundedCents }]);
  expect(await textsTo(stack, client.phone)).toHaveLength(end.texts);
  // A mail may come twice after a kill, but under one name, by which mail programs know it.
  for (const { email } of [client, therapist]) {
    const names = (await mailsTo(stack, email)).map(({ messageId }) => messageId ?? '');
    const told = [...new Set(names)].filter((name) => name.includes('.confirmed.'));
    expect(told).toHaveLength(1);
  }
  expect(await claimsOf(stack, id)).toEqual([]);
  const own = await knex('sessions').where({ client_id: client.id }).select('id', 'status');
  expect(own).toEqual([{ id, status: end.status }]);
  expect(await knex('sends').where({ state: 'sending' })).toEqual([]);
}
