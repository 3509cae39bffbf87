import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Stripe } from 'stripe';
import { authorisation, refusal, startBench } from './stripe-support.ts';
import type { Bench } from './stripe-support.ts';

const CARDS_ONLY = { enabled: true, allow_redirects: 'never' } as const;
const RETURN_URL = 'https://clinic.example/paid?from=card';
let bench: Bench;
let stripe: Stripe;

beforeAll(async () => {
  bench = await startBench();
  stripe = bench.stripe;
});
afterAll(() => bench.close());

async function newCustomer(): Promise<string> {
  return (await stripe.customers.create({ email: 'client@example.com' })).id;
}

async function setUp(customer: string, payment_method: string): Promise<Stripe.SetupIntent> {
  return stripe.setupIntents.create({
    customer,
    payment_method,
    confirm: true,
    usage: 'off_session',
    automatic_payment_methods: CARDS_ONLY,
  });
}

function answer(
  intent: { id: string; object: string },
  outcome: 'succeed' | 'fail',
): Promise<unknown> {
  return bench.control(`/${intent.object}s/${intent.id}/authenticate`, { outcome });
}

describe('3-D Secure', () => {
  test('with a way back it is a link, whose page returns there with the outcome', async () => {
    const { automatic_payment_methods: _none, ...rest } = authorisation();
    const asked = await stripe.paymentIntents.create({
      ...rest,
      payment_method: 'pm_card_threeDSecure2Required',
      return_url: RETURN_URL,
    });
    expect(asked.status).toBe('requires_action');
    expect(asked.latest_charge).toBeNull();
    expect(asked.next_action).toMatchObject({
      type: 'redirect_to_url',
      redirect_to_url: { return_url: RETURN_URL },
    });
    const link = String(asked.next_action?.redirect_to_url?.url);
    const page = await (await fetch(link)).text();
    const action = /action="([^"]+)"/.exec(page)?.[1] ?? '';
    const done = await fetch(new URL(action, link), {
      method: 'POST',
      body: new URLSearchParams({ outcome: 'succeed' }),
      redirect: 'manual',
    });
    expect(done.status).toBe(303);
    const back = new URL(String(done.headers.get('location')));
    expect(back.searchParams.get('from')).toBe('card');
    expect(back.searchParams.get('payment_intent')).toBe(asked.id);
    expect(back.searchParams.get('redirect_status')).toBe('succeeded');
    const paid = await stripe.paymentIntents.retrieve(asked.id, { expand: ['latest_charge'] });
    expect(paid).toMatchObject({ status: 'requires_capture', next_action: null });
    const details = (paid.latest_charge as Stripe.Charge).payment_method_details?.card;
    expect(details?.three_d_secure).toMatchObject({ result: 'authenticated' });
  });

  test('without one it is for Stripe.js; a failure asks for another card', async () => {
    const asked = await stripe.paymentIntents.create(
      authorisation({ payment_method: 'pm_card_authenticationRequired' }),
    );
    expect(asked.next_action?.type).toBe('use_stripe_sdk');
    await answer(asked, 'fail');
    const failed = await stripe.paymentIntents.retrieve(asked.id);
    expect(failed).toMatchObject({
      status: 'requires_payment_method',
      payment_method: null,
      next_action: null,
      last_payment_error: { code: 'payment_intent_authentication_failure' },
    });
    await expect(answer(asked, 'succeed')).rejects.toThrow('404');
    expect((await stripe.paymentIntents.retrieve(asked.id)).status).toBe('requires_payment_method');
  });

  test('the bank may still decline after it', async () => {
    const asked = await stripe.paymentIntents.create(
      authorisation({ payment_method: 'pm_card_threeDSecureRequiredChargeDeclined' }),
    );
    await answer(asked, 'succeed');
    expect(await stripe.paymentIntents.retrieve(asked.id)).toMatchObject({
      status: 'requires_payment_method',
      last_payment_error: { code: 'card_declined' },
    });
  });

  test('an optional card is challenged only on request', async () => {
    const pay = (request_three_d_secure: 'any' | 'automatic'): Promise<Stripe.PaymentIntent> =>
      stripe.paymentIntents.create(
        authorisation({
          payment_method: 'pm_card_threeDSecureOptional',
          payment_method_options: { card: { request_three_d_secure } },
        }),
      );
    expect((await pay('automatic')).status).toBe('requires_capture');
    expect((await pay('any')).status).toBe('requires_action');
  });
});

describe('a saved card', () => {
  test('is set up once and charged later without its holder', async () => {
    const customer = await newCustomer();
    const setup = await setUp(customer, 'pm_card_visa');
    expect(setup).toMatchObject({ status: 'succeeded', customer });
    const saved = await stripe.paymentMethods.list({ customer, type: 'card' });
    expect(saved.data.map((method) => [method.id, method.card?.last4])).toEqual([
      [setup.payment_method, '4242'],
    ]);
    for (let round = 0; round < 2; round += 1) {
      const held = await stripe.paymentIntents.create(
        authorisation({
          customer,
          payment_method: String(setup.payment_method),
          off_session: true,
        }),
      );
      expect(held.status).toBe('requires_capture');
    }
  });

  test('that wants 3-D Secure is charged later only when it was set up with it', async () => {
    const customer = await newCustomer();
    const later = (method: string): Promise<Stripe.PaymentIntent> =>
      stripe.paymentIntents.create(
        authorisation({ customer, payment_method: method, off_session: true }),
      );
    const attached = await stripe.paymentMethods.attach('pm_card_authenticationRequiredOnSetup', {
      customer,
    });
    const refused = await refusal(later(attached.id));
    expect(refused).toMatchObject({ statusCode: 402, code: 'authentication_required' });
    expect(refused.payment_intent).toMatchObject({ status: 'requires_payment_method' });

    const setup = await setUp(customer, 'pm_card_authenticationRequiredOnSetup');
    expect(setup.status).toBe('requires_action');
    await answer(setup, 'succeed');
    const done = await stripe.setupIntents.retrieve(setup.id, { expand: ['payment_method'] });
    expect(done.status).toBe('succeeded');
    expect((await later((done.payment_method as Stripe.PaymentMethod).id)).status).toBe(
      'requires_capture',
    );
    const always = await stripe.paymentMethods.attach('pm_card_authenticationRequired', {
      customer,
    });
    expect((await refusal(later(always.id))).code).toBe('authentication_required');
  });

  test('can be saved by the payment itself', async () => {
    const customer = await newCustomer();
    const paid = await stripe.paymentIntents.create(
      authorisation({ customer, setup_future_usage: 'off_session' }),
    );
    const method = await stripe.paymentMethods.retrieve(String(paid.payment_method), {
      expand: ['customer'],
    });
    expect((method.customer as Stripe.Customer).email).toBe('client@example.com');
  });

  test('belongs to one customer, and without one a card is good for one payment', async () => {
    const customer = await newCustomer();
    const method = (await setUp(customer, 'pm_card_visa')).payment_method as string;
    const pay = (changes: object): Promise<Stripe.PaymentIntent> =>
      stripe.paymentIntents.create(authorisation({ payment_method: method, ...changes }));
    expect((await refusal(pay({}))).message).toContain('customer');
    expect((await refusal(pay({ customer: await newCustomer() }))).statusCode).toBe(400);
    await stripe.paymentMethods.detach(method);
    expect((await refusal(pay({ customer }))).message).toContain('may not be used again');

    const { id } = await stripe.paymentMethods.create({
      type: 'card',
      card: { token: 'tok_visa' },
    });
    const once = authorisation({ payment_method: id });
    await stripe.paymentIntents.create(once);
    expect((await refusal(stripe.paymentIntents.create(once))).message).toContain(
      'previously used',
    );
  });

  test('that the bank declines cannot be saved', async () => {
    const customer = await newCustomer();
    const attach = stripe.paymentMethods.attach('pm_card_chargeDeclined', { customer });
    expect(await refusal(attach)).toMatchObject({ statusCode: 402, code: 'card_declined' });
    const setup = await refusal(setUp(customer, 'pm_card_visa_chargeDeclinedInsufficientFunds'));
    expect(setup).toMatchObject({ statusCode: 402, decline_code: 'insufficient_funds' });
    const late = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer });
    const paid = stripe.paymentIntents.create(
      authorisation({ customer, payment_method: late.id, off_session: true }),
    );
    expect((await refusal(paid)).code).toBe('card_declined');
    expect((await stripe.paymentMethods.list({ customer })).data).toHaveLength(1);
  });
});

test('customers are found by e-mail, changed and deleted', async () => {
  const email = 'someone.else@example.com';
  const made = await stripe.customers.create({ email, name: 'A', metadata: { person: 'p1' } });
  expect((await stripe.customers.list({ email })).data.map((each) => each.id)).toEqual([made.id]);
  expect((await stripe.customers.list({ email: 'nobody@example.com' })).data).toEqual([]);
  const changed = await stripe.customers.update(made.id, {
    name: 'B',
    metadata: { person: '', clinic: 'c1' },
  });
  expect(changed).toMatchObject({ name: 'B', email, metadata: { clinic: 'c1' } });
  expect(changed.metadata).not.toHaveProperty('person');
  await stripe.customers.del(made.id);
  expect(await stripe.customers.retrieve(made.id)).toMatchObject({ id: made.id, deleted: true });
  const used = stripe.paymentIntents.create(authorisation({ customer: made.id }));
  expect((await refusal(used)).code).toBe('resource_missing');
});
