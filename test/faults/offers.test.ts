import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { TestPerson } from '../support/api.ts';
import * as acts from '../support/stack-acts.ts';
import type { Booked } from '../support/stack-acts.ts';
import { chargesOf, claimsOf, eventsOf } from '../support/stack-findings.ts';
import { type OfferBody, answer, fallIll, nextOffer, wait } from '../support/stack-offers.ts';
import { PRICE_CENTS, type TestClient, addClient, addTherapist } from '../support/stack-people.ts';
import type { StackProcess } from '../support/stack-process.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let server: TestWorkflowEnvironment;
let stack: Stack;
let worker: StackProcess;

beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  worker = await stack.startWorker();
}, 120_000);
afterAll(async () => {
  await stack.close();
  await server.teardown();
});

async function clients(count: number): Promise<TestClient[]> {
  const made: TestClient[] = [];
  while (made.length < count) made.push(await addClient(stack.api));
  return made;
}

function eager(): Promise<TestPerson> {
  return addTherapist(stack.api, { accepts_automatically: true });
}

async function bookPaid(
  client: TestClient,
  therapist: TestPerson,
  startsAt: number,
): Promise<Booked> {
  const booked = await acts.book(stack, { client, therapist, startsAt });
  acts.ok(await acts.pay(stack, booked));
  await acts.reaches(stack, booked, 'confirmed');
  return booked;
}

function choiceOf({ choices }: OfferBody, kind: OfferBody['choices'][number]['kind']) {
  const choice = choices.find((each) => each.kind === kind);
  if (choice === undefined) throw new Error(`no ${kind} among ${JSON.stringify(choices)}`);
  return choice;
}

function statuses(replies: readonly { readonly status: number }[]): number[] {
  return replies.map(({ status }) => status).toSorted();
}

/** All of them want the time at once. */
async function grab(
  grabbers: readonly TestClient[],
  therapist: TestPerson,
  startsAt: number,
): Promise<number[]> {
  const wishes = grabbers.map((client) =>
    acts.requestBooking(stack, { client, therapist, startsAt }),
  );
  return statuses(await Promise.all(wishes));
}

test('a freed time is one waiting client’s alone until they answer, and ends as one session', async () => {
  const therapist = await eager();
  const [leaving, first, second, ...others] = await clients(7);
  const startsAt = acts.inFuture(2 * DAY_MS);
  const booked = await acts.book(stack, { client: leaving!, therapist, startsAt });
  for (const client of [first!, second!]) await wait(stack, client, { therapistId: therapist.id });
  acts.ok(await acts.cancel(stack, booked, leaving!));

  const offer = await nextOffer(stack, first!);
  expect(await grab([second!, ...others], therapist, startsAt)).toEqual([409, 409, 409, 409, 409]);
  expect((await answer(stack, second!, offer, 'accept')).status).toBe(404);
  acts.ok(await answer(stack, first!, offer, 'decline'));

  const next = await nextOffer(stack, second!);
  expect(await grab(others, therapist, startsAt)).toEqual([409, 409, 409, 409]);
  const verbs = ['accept', 'accept', 'decline', 'accept'] as const;
  const replies = await Promise.all(verbs.map((verb) => answer(stack, second!, next, verb)));
  const taken = replies[0]!.status === 200;
  expect(statuses(replies)).toEqual(taken ? [200, 200, 200, 409] : [200, 409, 409, 409]);
  const row = await acts.reaches(
    stack,
    { id: next.sessionId },
    taken ? 'awaiting_payment' : 'declined',
  );
  expect(row.starts_at).toEqual(new Date(startsAt));
  expect(await claimsOf(stack, next.sessionId)).toHaveLength(taken ? 2 : 0);
  expect((await answer(stack, first!, offer, 'accept')).status).toBe(409);
});

test('of several choices at once one is taken; whoever chose another hears that it came too late', async () => {
  const therapist = await eager();
  const [client] = await clients(1);
  const booked = await bookPaid(client!, therapist, acts.inFuture(3 * DAY_MS));
  await fallIll(stack, booked);
  const offer = await nextOffer(stack, client!);
  const ids = offer.choices.filter(({ kind }) => kind !== 'comparable_therapist').slice(-3);
  expect(ids).toHaveLength(3);
  const replies = await Promise.all(
    ids.map(({ id }) => answer(stack, client!, offer, 'accept', id)),
  );
  expect(statuses(replies)).toEqual([200, 409, 409]);
  const { chosenId } = replies.find(({ status }) => status === 200)!.body;
  expect(ids[replies.findIndex(({ status }) => status === 200)]!.id).toBe(chosenId);
  const refunded = chosenId === 'refund' ? PRICE_CENTS : 0;
  await until(async () => (await chargesOf(stack, booked.id)).refundedCents === refunded);
});

test('two clients who choose the same time: one has it, the other is shown what is left', async () => {
  const [away, stand] = [await eager(), await eager()];
  const people = await clients(2);
  const startsAt = acts.inFuture(4 * DAY_MS);
  const bookings: Booked[] = [];
  for (const [index, client] of people.entries()) {
    bookings.push(await bookPaid(client, away, startsAt + index * HOUR_MS));
  }
  await fallIll(stack, bookings[0]!);
  const offers = await Promise.all(people.map((client) => nextOffer(stack, client)));
  // Both want the same hour of the same therapist; the second one's is moved there.
  const [wanted] = offers[0]!.choices.filter(({ therapistId }) => therapistId === stand.id);
  await stack.api
    .knex('offers')
    .where({ id: offers[1]!.id })
    .update({ choices: JSON.stringify([stored(wanted!), { id: 'refund', kind: 'refund' }]) });
  const replies = await Promise.all(
    people.map((client, index) => answer(stack, client, offers[index]!, 'accept', wanted!.id)),
  );
  expect(statuses(replies)).toEqual([200, 409]);
  const loser = replies.findIndex(({ status }) => status === 409);
  const again = await nextOffer(stack, people[loser]!);
  expect(again.choices.map(({ id }) => id)).not.toContain(wanted!.id);
  acts.ok(
    await answer(
      stack,
      people[loser]!,
      again,
      'accept',
      choiceOf(again, 'comparable_therapist').id,
    ),
  );
  expect((await stack.api.knex('sessions').where({ therapist_id: away.id })).length).toBe(0);
});

function stored({ startsAt, ...choice }: OfferBody['choices'][number]) {
  const startMs = Date.parse(startsAt!);
  return { ...choice, startsAt: startMs, endsAt: startMs + 60_000 };
}

test('a comparable therapist takes a session over whole: calendars, both therapists, the money', async () => {
  const away = await eager();
  await eager();
  await stack.api.knex('therapist_profiles').update({ buffer_after_minutes: 10 });
  const [client] = await clients(1);
  const booked = await bookPaid(client!, away, acts.inFuture(5 * DAY_MS));
  await fallIll(stack, booked);
  const offer = await nextOffer(stack, client!);
  const choice = choiceOf(offer, 'comparable_therapist');
  const standId = choice.therapistId!;
  acts.ok(await answer(stack, client!, offer, 'accept', choice.id));
  const row = await acts.reaches(stack, booked, 'confirmed');
  expect(row).toMatchObject({ therapist_id: standId, payment: 'captured' });
  const claims = await claimsOf(stack, booked.id);
  expect(claims.map(({ person_id: person }) => person).toSorted()).toEqual(
    [client!.id, standId].toSorted(),
  );
  const [own] = claims.filter(({ person_id: person }) => person === standId);
  expect(own!.ends_at.getTime() - row.ends_at.getTime()).toBe(600_000);
  const told = (): Promise<string[]> =>
    stack.api.knex('sends').where({ session_id: booked.id }).pluck('kind');
  await until(async () => (await told()).filter((kind) => kind === 'reassigned').length === 2);
  await until(async () => (await told()).includes('handed_over'));
  expect(await eventsOf(stack, booked.id)).toContain('relocated');
});

/** Chooses, however often nobody can answer. */
function insist(client: TestClient, offer: OfferBody, choiceId: string): Promise<void> {
  return until(async () => {
    const { status } = await answer(stack, client, offer, 'accept', choiceId);
    expect([200, 503]).toContain(status);
    return status === 200;
  });
}

test('a worker that dies as the money goes back: it goes back once, and nobody is forgotten', async () => {
  const therapist = await eager();
  const people = await clients(2);
  const bookings: Booked[] = [];
  for (const [index, client] of people.entries()) {
    bookings.push(await bookPaid(client, therapist, acts.inFuture(6 * DAY_MS + index * HOUR_MS)));
  }
  await fallIll(stack, bookings[0]!);
  const offers = await Promise.all(people.map((client) => nextOffer(stack, client)));
  const choice = choiceOf(offers[1]!, 'same_therapist');
  const answering = Promise.all([
    insist(people[0]!, offers[0]!, 'refund'),
    insist(people[1]!, offers[1]!, choice.id),
  ]);
  await until(async () => (await eventsOf(stack, bookings[0]!.id)).includes('cancelled'));
  await worker.kill();
  worker = await stack.startWorker();
  await answering;
  await acts.reaches(stack, bookings[0]!, 'cancelled');
  expect(await acts.resultOf(stack, bookings[0]!)).toEqual({ status: 'cancelled' });
  expect(await chargesOf(stack, bookings[0]!.id)).toMatchObject({
    refunds: 1,
    refundedCents: PRICE_CENTS,
  });
  const row = await acts.reaches(stack, bookings[1]!, 'confirmed');
  expect(row.starts_at).toEqual(new Date(choice.startsAt!));
  expect(await stack.api.knex('offers').whereIn('state', ['preparing', 'open'])).toEqual([]);
}, 240_000);
