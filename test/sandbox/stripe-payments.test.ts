import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Stripe } from 'stripe';
import { cardOfNumber, cardOfTestId, TEST_CARDS } from '../../sandbox/stripe/cards.ts';
import { authorisation, portOf, refusal, sdk, startBench } from './stripe-support.ts';
import type { Bench } from './stripe-support.ts';

const CARDS_ONLY = { enabled: true, allow_redirects: 'never' } as const;
const DAY_SECONDS = 86_400;
let bench: Bench;
let stripe: Stripe;

beforeAll(async () => {
  bench = await startBench();
  stripe = bench.stripe;
});
afterAll(() => bench.close());

async function chargeOf(intent: Stripe.PaymentIntent): Promise<Stripe.Charge> {
  return stripe.charges.retrieve(String(intent.latest_charge));
}

describe('an authorisation', () => {
  test('is held, captured in part and refunded in parts, never beyond what was taken', async () => {
    const held = await stripe.paymentIntents.create(
      authorisation({ metadata: { session: 's-1' }, expand: ['latest_charge'] }),
    );
    expect(held).toMatchObject({
      object: 'payment_intent',
      status: 'requires_capture',
      amount_capturable: 12_000,
      amount_received: 0,
      metadata: { session: 's-1' },
    });
    expect(held.client_secret).toMatch(new RegExp(`^${held.id}_secret_`));
    const charge = held.latest_charge as Stripe.Charge;
    expect(charge).toMatchObject({ captured: false, paid: true, status: 'succeeded' });
    const before = charge.payment_method_details?.card?.capture_before ?? 0;
    expect(before - charge.created).toBe(7 * DAY_SECONDS);

    const tooMuch = await refusal(
      stripe.paymentIntents.capture(held.id, { amount_to_capture: 12_001 }),
    );
    expect(tooMuch).toMatchObject({ statusCode: 400, code: 'amount_too_large' });
    const taken = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 9_000 });
    expect(taken).toMatchObject({ status: 'succeeded', amount_received: 9_000 });
    expect(await chargeOf(taken)).toMatchObject({ amount_captured: 9_000, amount_refunded: 0 });

    const part = await stripe.refunds.create({ payment_intent: held.id, amount: 4_000 });
    expect(part).toMatchObject({ status: 'succeeded', amount: 4_000, charge: charge.id });
    const over = await refusal(stripe.refunds.create({ payment_intent: held.id, amount: 5_001 }));
    expect(over).toMatchObject({ statusCode: 400, param: 'amount' });
    expect(over).toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
    await stripe.refunds.create({ payment_intent: held.id });
    expect(await chargeOf(taken)).toMatchObject({ amount_refunded: 9_000, refunded: true });
    const again = await refusal(stripe.refunds.create({ payment_intent: held.id }));
    expect(again).toMatchObject({ statusCode: 400, code: 'charge_already_refunded' });
    const listed = await stripe.refunds.list({ payment_intent: held.id });
    expect(listed.data.map((refund) => refund.amount)).toEqual([5_000, 4_000]);
  });

  test('is let go by a cancellation, which is no refund', async () => {
    const held = await stripe.paymentIntents.create(authorisation());
    const gone = await stripe.paymentIntents.cancel(held.id, { cancellation_reason: 'abandoned' });
    expect(gone).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'abandoned',
      amount_capturable: 0,
    });
    expect(gone.canceled_at).not.toBeNull();
    expect((await stripe.refunds.list({ payment_intent: held.id })).data).toEqual([]);
    const refund = await refusal(stripe.refunds.create({ payment_intent: held.id }));
    expect(refund.statusCode).toBe(400);
  });

  test('pays at once with automatic capture', async () => {
    const paid = await stripe.paymentIntents.create(authorisation({ capture_method: 'automatic' }));
    expect(paid).toMatchObject({ status: 'succeeded', amount_received: 12_000 });
    const charge = await chargeOf(paid);
    expect(charge).toMatchObject({ captured: true, amount_captured: 12_000 });
    expect(charge.payment_method_details?.card?.capture_before).toBeUndefined();
  });

  test('walks through the states when made step by step', async () => {
    const bare = await stripe.paymentIntents.create({
      amount: 5_000,
      currency: 'eur',
      automatic_payment_methods: CARDS_ONLY,
    });
    expect(bare).toMatchObject({ status: 'requires_payment_method', payment_method: null });
    expect(bare.capture_method).toBe('automatic_async');
    const missing = await refusal(stripe.paymentIntents.confirm(bare.id));
    expect(missing.code).toBe('payment_intent_unexpected_state');
    const chosen = await stripe.paymentIntents.update(bare.id, {
      payment_method: 'pm_card_mastercard',
      amount: 6_000,
    });
    expect(chosen).toMatchObject({ status: 'requires_confirmation', amount: 6_000 });
    expect(chosen.payment_method).toMatch(/^pm_/);
    expect(chosen.payment_method).not.toBe('pm_card_mastercard');
    expect(await stripe.paymentIntents.confirm(bare.id)).toMatchObject({ status: 'succeeded' });
  });
});

/** An intent in each state, made as a caller would. */
const STATES: Record<string, () => Promise<Stripe.PaymentIntent>> = {
  requires_payment_method: () =>
    stripe.paymentIntents.create({
      amount: 900,
      currency: 'usd',
      automatic_payment_methods: CARDS_ONLY,
    }),
  requires_confirmation: () => stripe.paymentIntents.create(authorisation({ confirm: false })),
  requires_action: () =>
    stripe.paymentIntents.create(
      authorisation({ payment_method: 'pm_card_authenticationRequired' }),
    ),
  requires_capture: () => stripe.paymentIntents.create(authorisation()),
  processing: () =>
    stripe.paymentIntents.create(authorisation({ payment_method: 'pm_card_delayed' })),
  succeeded: () => stripe.paymentIntents.create(authorisation({ capture_method: 'automatic' })),
  canceled: async () => {
    const open = await stripe.paymentIntents.create(authorisation({ confirm: false }));
    return stripe.paymentIntents.cancel(open.id);
  },
};

const LEGAL: Record<string, string[]> = {
  confirm: ['requires_payment_method', 'requires_confirmation', 'requires_action'],
  capture: ['requires_capture'],
  cancel: [
    'requires_payment_method',
    'requires_confirmation',
    'requires_action',
    'requires_capture',
  ],
  update: ['requires_payment_method', 'requires_confirmation', 'requires_action'],
};

describe('every operation in every state', () => {
  const cases = Object.keys(STATES).flatMap((state) =>
    Object.keys(LEGAL).map((operation) => [operation, state] as const),
  );
  const operations: Record<string, (id: string) => Promise<Stripe.PaymentIntent>> = {
    confirm: (id) => stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa' }),
    capture: (id) => stripe.paymentIntents.capture(id),
    cancel: (id) => stripe.paymentIntents.cancel(id),
    update: (id) => stripe.paymentIntents.update(id, { amount: 7_777 }),
  };

  test.each(cases)('%s in %s', async (operation, state) => {
    const intent = await STATES[state]!();
    expect(intent.status).toBe(state);
    const call = operations[operation]!(intent.id);
    if (LEGAL[operation]!.includes(state)) {
      expect((await call).id).toBe(intent.id);
      return;
    }
    const error = await refusal(call);
    expect(error).toMatchObject({ statusCode: 400, code: 'payment_intent_unexpected_state' });
    expect(error.payment_intent).toMatchObject({ id: intent.id, status: state });
    expect(await stripe.paymentIntents.retrieve(intent.id)).toEqual(intent);
  });
});

describe('declined cards', () => {
  test.each([
    ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_visa_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
    ['pm_card_visa_chargeDeclinedStolenCard', 'card_declined', 'stolen_card'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
    ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'incorrect_cvc'],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error', 'processing_error'],
  ])('%s: %s, %s', async (payment_method, code, declineCode) => {
    const error = await refusal(stripe.paymentIntents.create(authorisation({ payment_method })));
    expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
    expect(error).toMatchObject({ statusCode: 402, code, decline_code: declineCode });
    const left = await stripe.paymentIntents.retrieve(error.payment_intent!.id);
    expect(left).toMatchObject({ status: 'requires_payment_method', payment_method: null });
    expect(left.last_payment_error).toMatchObject({ code, decline_code: declineCode });
    expect(await chargeOf(left)).toMatchObject({ status: 'failed', paid: false });

    const retried = await stripe.paymentIntents.confirm(left.id, {
      payment_method: 'pm_card_visa',
    });
    expect(retried).toMatchObject({ status: 'requires_capture', last_payment_error: null });
  });

  test('card numbers and tokens behave like their test methods', async () => {
    const data = (
      card: { number: string } | { token: string },
    ): Stripe.PaymentIntentCreateParams => {
      const { payment_method: _none, ...rest } = authorisation();
      const full = 'number' in card ? { ...card, exp_month: 12, exp_year: 2040, cvc: '123' } : card;
      return { ...rest, payment_method_data: { type: 'card', card: full } as never };
    };
    const broke = await refusal(stripe.paymentIntents.create(data({ number: '4000000000009995' })));
    expect(broke.decline_code).toBe('insufficient_funds');
    const fine = await stripe.paymentIntents.create(data({ token: 'tok_mastercard' }));
    expect(fine.status).toBe('requires_capture');
    const wrong = await refusal(stripe.paymentIntents.create(data({ number: '4242424242424241' })));
    expect(wrong).toMatchObject({ statusCode: 402, code: 'incorrect_number' });
  });
});

describe('later news', () => {
  test('a delayed card is authorised, or refused, only after processing', async () => {
    await bench.control('/settings', { delayedMs: 3_600_000 });
    const create = (payment_method: string): Promise<Stripe.PaymentIntent> =>
      stripe.paymentIntents.create(authorisation({ payment_method }));
    const good = await create('pm_card_delayed');
    const bad = await create('pm_card_delayedDecline');
    expect([good.status, bad.status]).toEqual(['processing', 'processing']);
    expect(await chargeOf(good)).toMatchObject({ status: 'pending', paid: false });
    await bench.control('/clock', { advanceMs: 3_600_000 });
    const settled = await stripe.paymentIntents.retrieve(good.id, { expand: ['latest_charge'] });
    expect(settled.status).toBe('requires_capture');
    expect((settled.latest_charge as Stripe.Charge).payment_method_details?.card).toHaveProperty(
      'capture_before',
    );
    expect(await stripe.paymentIntents.retrieve(bad.id)).toMatchObject({
      status: 'requires_payment_method',
      last_payment_error: { code: 'card_declined' },
    });
    const chosen = await create('pm_card_delayed');
    await bench.control(`/payment_intents/${chosen.id}/settle`, { outcome: 'fail' });
    expect((await stripe.paymentIntents.retrieve(chosen.id)).status).toBe(
      'requires_payment_method',
    );
  });

  test('an authorisation lapses when Stripe said it would, sooner on a short-lived card', async () => {
    const short = await stripe.paymentIntents.create(
      authorisation({ payment_method: 'pm_card_shortAuthorization' }),
    );
    const long = await stripe.paymentIntents.create(authorisation());
    const window = (await chargeOf(short)).payment_method_details?.card?.capture_before ?? 0;
    expect(window - short.created).toBe(DAY_SECONDS);
    await bench.control('/clock', { advanceMs: DAY_SECONDS * 1000 });
    expect(await stripe.paymentIntents.retrieve(short.id)).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'expired',
    });
    expect((await refusal(stripe.paymentIntents.capture(short.id))).code).toBe(
      'payment_intent_unexpected_state',
    );
    expect((await stripe.paymentIntents.capture(long.id)).status).toBe('succeeded');
  });

  test('a refund settles late, or fails and gives the money back to the charge', async () => {
    await bench.control('/settings', { refundSettleMs: 3_600_000 });
    const pay = (payment_method: string): Promise<Stripe.PaymentIntent> =>
      stripe.paymentIntents.create(authorisation({ payment_method, capture_method: 'automatic' }));
    const slow = await pay('pm_card_pendingRefund');
    const failing = await pay('pm_card_refundFail');
    const pending = await stripe.refunds.create({ payment_intent: slow.id });
    const doomed = await stripe.refunds.create({ payment_intent: failing.id, amount: 5_000 });
    expect([pending.status, doomed.status]).toEqual(['pending', 'succeeded']);
    await bench.control('/clock', { advanceMs: 3_600_000 });
    expect((await stripe.refunds.retrieve(pending.id)).status).toBe('succeeded');
    const failed = await stripe.refunds.retrieve(doomed.id);
    expect(failed.status).toBe('failed');
    expect(failed.failure_reason).toBe('expired_or_canceled_card');
    expect(await chargeOf(failing)).toMatchObject({ amount_refunded: 0, refunded: false });
  });

  test('a dispute follows the capture of the dispute card, once, and stops refunds', async () => {
    const held = await stripe.paymentIntents.create(
      authorisation({ payment_method: 'pm_card_createDispute' }),
    );
    expect((await stripe.disputes.list({ payment_intent: held.id })).data).toEqual([]);
    await stripe.paymentIntents.capture(held.id);
    const [dispute, ...more] = (await stripe.disputes.list({ payment_intent: held.id })).data;
    expect(more).toEqual([]);
    expect(dispute).toMatchObject({ amount: 12_000, reason: 'fraudulent' });
    expect(await chargeOf(held)).toMatchObject({ disputed: true });
    const refund = await refusal(stripe.refunds.create({ payment_intent: held.id }));
    expect(refund.code).toBe('charge_disputed');
  });
});

describe('bad requests', () => {
  const create = (changes: object): Promise<Stripe.PaymentIntent> =>
    stripe.paymentIntents.create({ ...authorisation(), ...changes });

  test.each([
    [{ amount: 49 }, 'amount', 'amount_too_small'],
    [{ amount: -5 }, 'amount', 'parameter_invalid_integer'],
    [{ amount: 'x' }, 'amount', 'parameter_invalid_integer'],
    [{ currency: 'xyz' }, 'currency', undefined],
    [{ currency: '' }, 'currency', 'parameter_invalid_empty'],
    [{ currency: undefined }, 'currency', 'parameter_missing'],
    [{ capture_method: 'later' }, 'capture_method', undefined],
    [{ customer: 'cus_none' }, 'customer', 'resource_missing'],
    [{ payment_method: 'pm_none' }, 'payment_method', 'resource_missing'],
    [{ payment_method: 'pm_card_none' }, 'payment_method', 'resource_missing'],
    [
      { payment_method_types: ['card'] },
      'payment_method_types',
      'payment_method_types_no_longer_supported',
    ],
    [{ colour: 'red' }, 'colour', 'parameter_unknown'],
    [
      { payment_method_options: { card: { x: 1 } } },
      'payment_method_options[card][x]',
      'parameter_unknown',
    ],
    [{ metadata: { k: 'v'.repeat(501) } }, 'metadata[k]', undefined],
    [{ expand: ['nonsense'] }, 'expand', undefined],
  ])('%j is refused for %s and leaves nothing behind', async (changes, param, code) => {
    const before = (await bench.state()).payment_intents.length;
    const error = await refusal(create(changes));
    expect(error).toMatchObject({ statusCode: 400, param, rawType: 'invalid_request_error' });
    expect(error.code).toBe(code);
    expect((await bench.state()).payment_intents).toHaveLength(before);
  });

  test('redirects must have somewhere to return to', async () => {
    const { automatic_payment_methods: _never, ...rest } = authorisation();
    expect((await refusal(stripe.paymentIntents.create(rest))).message).toContain('return_url');
    const returning = await stripe.paymentIntents.create({
      ...rest,
      return_url: 'https://clinic.example/paid',
    });
    expect(returning.status).toBe('requires_capture');
    const fine = await stripe.paymentIntents.create({
      ...rest,
      automatic_payment_methods: CARDS_ONLY,
    });
    expect(fine.status).toBe('requires_capture');
  });

  test('an unknown id is 404, an unknown route says so, a wrong key is 401', async () => {
    const missing = await refusal(stripe.paymentIntents.retrieve('pi_none'));
    expect(missing).toMatchObject({ statusCode: 404, code: 'resource_missing' });
    expect((await refusal(stripe.balance.retrieve())).message).toContain(
      'Unrecognized request URL',
    );
    const stranger = sdk(portOf(bench), { key: 'sk_test_wrong0123456789' });
    const refused = await refusal(stranger.paymentIntents.list());
    expect(refused).toBeInstanceOf(Stripe.errors.StripeAuthenticationError);
    expect(refused.message).toBe('Invalid API Key provided: sk_test_****6789');
    const basic = Buffer.from('sk_test_standin0123456789:').toString('base64');
    const answer = await fetch(`${bench.baseUrl}/v1/charges`, {
      headers: { authorization: `Basic ${basic}`, 'stripe-version': '2024-06-20' },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('stripe-version')).toBe('2024-06-20');
    expect(answer.headers.get('request-id')).toMatch(/^req_/);
    expect((await fetch(`${bench.baseUrl}/v1/charges`)).status).toBe(401);
  });
});

test('lists are paged, newest first, and intents are found by their metadata', async () => {
  const customer = (await stripe.customers.create({ email: 'pages@example.com' })).id;
  const made: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    const intent = await stripe.paymentIntents.create({
      amount: 1_000 + index,
      currency: 'usd',
      customer,
      automatic_payment_methods: CARDS_ONLY,
      metadata: { session: `page-${index % 2}`, step: String(index) },
    });
    made.unshift(intent.id);
  }
  const seen: string[] = [];
  for await (const intent of stripe.paymentIntents.list({ customer, limit: 2 })) {
    seen.push(intent.id);
  }
  expect(seen).toEqual(made);
  const back = await stripe.paymentIntents.list({ customer, limit: 2, ending_before: made[3]! });
  expect(back.data.map((intent) => intent.id)).toEqual(made.slice(1, 3));
  expect(back.has_more).toBe(true);
  const found = await stripe.paymentIntents.search({
    query: "metadata['session']:'page-1' AND -metadata['step']:'3'",
  });
  expect(found.data.map((intent) => intent.id)).toEqual([made[3]]);
});

test('every test card is the same by method, by token and by number', () => {
  for (const card of TEST_CARDS) {
    const forms = [
      cardOfTestId(`pm_card_${card.name}`, 'pm_card_'),
      cardOfTestId(`tok_${card.name}`, 'tok_'),
      cardOfNumber(card.number),
    ];
    expect(forms).toEqual([card, card, card]);
  }
  expect(new Set(TEST_CARDS.map((card) => card.number)).size).toBe(TEST_CARDS.length);
});
