import type { Stripe } from 'stripe';
import { cardOfNumber, cardOfTestId } from './cards.ts';
import type { TestCard } from './cards.ts';
import type { StripeCore } from './core.ts';
import { invalidParameter, noSuch, refusedOperation, StripeProblem } from './errors.ts';
import { idOf, newId, randomText } from './ids.ts';
import { page } from './lists.ts';
import type { Params } from './params.ts';
import { attachMethod, bankOf, SPENT } from './payment-method-bank.ts';
import type { Call, Route } from './routes.ts';

const NO_ADDRESS: Stripe.Address = {
  city: null,
  country: null,
  line1: null,
  line2: null,
  postal_code: null,
  state: null,
};

/** The payment method itself, or the fresh one that a test id such as `pm_card_visa` stands for. */
export function resolvePaymentMethod(core: StripeCore, id: string): Stripe.PaymentMethod {
  const existing = core.store.get('payment_methods', id);
  if (existing !== undefined) return existing;
  const card = cardOfTestId(id, 'pm_card_');
  if (card === undefined) throw noSuch('PaymentMethod', id, 'payment_method', 'body');
  return createCardMethod(core, card, {});
}

/** What `payment_method_data` describes, as a new payment method. */
export function paymentMethodFromData(core: StripeCore, data: Params): Stripe.PaymentMethod {
  data.oneOf('type', ['card'] as const);
  data.ignore('billing_details', 'allow_redisplay', 'radar_options');
  const metadata = data.metadata({});
  const cardData = data.hash('card');
  if (cardData === undefined) throw data.missing('card');
  const card = readCard(cardData);
  const expiry = {
    month: cardData.integer('exp_month', 1),
    year: cardData.integer('exp_year', 1),
  };
  return createCardMethod(core, card, { metadata, ...expiry });
}

function readCard(data: Params): TestCard {
  data.ignore('cvc', 'networks');
  const token = data.string('token');
  if (token !== undefined) {
    const card = cardOfTestId(token, 'tok_');
    if (card === undefined) throw noSuch('token', token, 'card[token]', 'body');
    return card;
  }
  const card = cardOfNumber(data.required('number').replaceAll(' ', ''));
  if (card !== undefined) return card;
  const body = {
    type: 'card_error',
    code: 'incorrect_number',
    message: 'Your card number is incorrect.',
    param: 'number',
  } as const;
  throw new StripeProblem(402, body, 'refused');
}

type MethodDetails = {
  metadata?: Record<string, string>;
  month?: number | undefined;
  year?: number | undefined;
};

function createCardMethod(
  core: StripeCore,
  card: TestCard,
  details: MethodDetails,
): Stripe.PaymentMethod {
  const id = newId('pm');
  const nextYear = new Date(core.nowMs()).getUTCFullYear() + 1;
  const method: Stripe.PaymentMethod = {
    id,
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: { address: NO_ADDRESS, email: null, name: null, phone: null, tax_id: null },
    card: cardFace(card, details.month ?? 12, details.year ?? nextYear),
    created: core.nowSeconds(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: details.metadata ?? {},
    type: 'card',
  };
  core.store.put('payment_methods', id, method);
  core.store.put('instruments', id, { card: card.name, spent: false, setUp: false });
  return method;
}

function cardFace(card: TestCard, month: number, year: number): Stripe.PaymentMethod.Card {
  return {
    brand: card.brand,
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: null },
    country: 'US',
    display_brand: card.brand,
    exp_month: month,
    exp_year: year,
    fingerprint: randomText(16),
    funding: card.funding,
    generated_from: null,
    last4: card.number.slice(-4),
    networks: { available: [card.brand], preferred: null },
    regulated_status: 'unregulated',
    three_d_secure_usage: { supported: true },
    wallet: null,
  };
}

function findMethod(core: StripeCore, call: Call): Stripe.PaymentMethod {
  const id = call.path('id');
  const method = core.store.get('payment_methods', id);
  if (method === undefined) throw noSuch('PaymentMethod', id, 'payment_method', 'path');
  return method;
}

function attach(core: StripeCore, call: Call): Stripe.PaymentMethod {
  const id = call.path('id');
  const customer = call.params.required('customer');
  call.params.finish();
  if (core.store.get('customers', customer) === undefined) {
    throw noSuch('customer', customer, 'customer', 'body');
  }
  const isTestId = cardOfTestId(id, 'pm_card_') !== undefined;
  const method = isTestId ? resolvePaymentMethod(core, id) : findMethod(core, call);
  if (method.customer !== null) {
    if (idOf(method.customer) === customer) return method;
    throw refusedOperation(
      'The payment method you provided has already been attached to a customer.',
    );
  }
  if (core.store.get('instruments', method.id)?.spent === true) throw refusedOperation(SPENT);
  checkSavable(core, method);
  return attachMethod(core, method, customer);
}

/** The bank looks at a card before it is saved; most declined ones cannot be. */
function checkSavable(core: StripeCore, method: Stripe.PaymentMethod): void {
  const { card } = bankOf(core, method.id);
  if (card.decline === null || card.savesDespiteDecline || card.processing) return;
  const { code, declineCode, message } = card.decline;
  const body = { type: 'card_error', code, decline_code: declineCode, message } as const;
  throw new StripeProblem(402, body, 'performed');
}

function detach(core: StripeCore, call: Call): Stripe.PaymentMethod {
  const method = findMethod(core, call);
  call.params.finish();
  if (method.customer === null) {
    throw refusedOperation(
      'The payment method you provided is not attached to a customer so detachment is impossible.',
    );
  }
  const detached = { ...method, customer: null };
  core.store.put('payment_methods', method.id, detached);
  const instrument = core.store.get('instruments', method.id);
  if (instrument) core.store.put('instruments', method.id, { ...instrument, spent: true });
  core.emit('payment_method.detached', detached, method);
  return detached;
}

function list(core: StripeCore, call: Call, customer: string | undefined): unknown {
  call.params.oneOf('type', ['card'] as const);
  call.params.ignore('allow_redisplay');
  const methods = core.store
    .all('payment_methods')
    .filter((method) => customer !== undefined && method.customer === customer);
  const path =
    call.path('customer') === ''
      ? '/v1/payment_methods'
      : `/v1/customers/${call.path('customer')}/payment_methods`;
  return page(call.params, methods, path, 'payment_method');
}

function create(core: StripeCore, call: Call): Stripe.PaymentMethod {
  if (!call.params.has('type')) throw call.params.missing('type');
  if (call.params.has('customer')) {
    throw invalidParameter('Attach the payment method instead.', 'customer');
  }
  const method = paymentMethodFromData(core, call.params);
  call.params.finish();
  return method;
}

function update(core: StripeCore, call: Call): Stripe.PaymentMethod {
  const method = findMethod(core, call);
  call.params.ignore('billing_details', 'allow_redisplay', 'card');
  const metadata = call.params.metadata(method.metadata ?? {});
  call.params.finish();
  const updated = { ...method, metadata };
  core.store.put('payment_methods', method.id, updated);
  return updated;
}

function retrieveOfCustomer(core: StripeCore, call: Call): Stripe.PaymentMethod {
  const method = findMethod(core, call);
  if (method.customer === call.path('customer')) return method;
  throw noSuch('PaymentMethod', method.id, 'payment_method', 'path');
}

/** The routes of `/v1/payment_methods`, and those under a customer. */
export function paymentMethodRoutes(core: StripeCore): Route[] {
  const base = '/payment_methods';
  return [
    { method: 'post', path: base, handle: (call) => create(core, call) },
    {
      method: 'get',
      path: base,
      handle: (call) => list(core, call, call.params.string('customer')),
    },
    { method: 'get', path: `${base}/:id`, handle: (call) => findMethod(core, call) },
    { method: 'post', path: `${base}/:id`, handle: (call) => update(core, call) },
    { method: 'post', path: `${base}/:id/attach`, handle: (call) => attach(core, call) },
    { method: 'post', path: `${base}/:id/detach`, handle: (call) => detach(core, call) },
    {
      method: 'get',
      path: '/customers/:customer/payment_methods',
      handle: (call) => list(core, call, call.path('customer')),
    },
    {
      method: 'get',
      path: '/customers/:customer/payment_methods/:id',
      handle: (call) => retrieveOfCustomer(core, call),
    },
  ];
}
