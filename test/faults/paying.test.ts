import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { v7 as newId } from 'uuid';
import { addPurchasedCredits } from '../../db/credits.ts';
import type { TestPerson } from '../support/api.ts';
import * as acts from '../support/stack-acts.ts';
import { addClient, addTherapist } from '../support/stack-people.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';

const NEEDS_ITS_HOLDER = 'pm_card_threeDSecure2Required';
const CONSENT = { therapy_agreement: true, privacy_policy: true, cancellation_policy: true };

let server: TestWorkflowEnvironment;
let stack: Stack;
beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  await stack.startWorker();
}, 120_000);
afterAll(async () => {
  await stack.close();
  await server.teardown();
});

async function accepted(): Promise<acts.Booked> {
  const therapist = await addTherapist(stack.api);
  const client = await addClient(stack.api);
  const startsAt = acts.inFuture(3 * 86_400_000);
  const booked = await acts.book(stack, { client, therapist, startsAt });
  acts.ok(await acts.approve(stack, booked));
  return booked;
}

async function giveCredits(person: TestPerson, amountCents: number): Promise<void> {
  await stack.api.knex.transaction((trx) =>
    addPurchasedCredits(trx, {
      purchaseId: newId(),
      providerRef: `pi_${newId()}`,
      clinicId: stack.api.clinicId,
      personId: person.id,
      amountCents,
    }),
  );
}

test('credits pay although a card that waits for its holder, and backs them up, was tried before', async () => {
  const booked = await accepted();
  const { id, client } = booked;
  const path = `/api/therapy/sessions/${id}/confirm`;
  const send = (body: object) =>
    stack.api.call('POST', path, { consent: CONSENT, ...body }, { token: client.token });
  const card = { payment_method: 'credit_card', card_token: NEEDS_ITS_HOLDER };
  expect((await send(card)).status).toBe(402);
  await giveCredits(client, 100_000);
  const backup_payment = { method: 'credit_card', card_token: NEEDS_ITS_HOLDER };
  const paid = await send({ payment_method: 'mvt_tokens', backup_payment });
  expect([paid.status, paid.body]).toEqual([200, paid.body]);
  const attempts = await stack.api.knex('payments').where({ session_id: id }).orderBy('attempt');
  expect(attempts.map(({ method }) => method)).toEqual(['card', 'credits']);
});
