import type { Stripe } from 'stripe';
import type { StripeCore } from './core.ts';
import { requireCustomer } from './customers.ts';
import { noSuch, unexpectedSetupState } from './errors.ts';
import { idOf, newId, randomText } from './ids.ts';
import { page } from './lists.ts';
import type { Params } from './params.ts';
import { readMethodTypes, refuseMethodTypes } from './payment-intent-params.ts';
import { checkUsable } from './payment-method-bank.ts';
import { paymentMethodFromData, resolvePaymentMethod } from './payment-methods.ts';
import type { Call, Route } from './routes.ts';
import { confirmSetup } from './setup-intent-machine.ts';

const OPEN = ['requires_payment_method', 'requires_confirmation', 'requires_action'];
const REASONS = ['abandoned', 'duplicate', 'requested_by_customer'] as const;
const UNUSED = [
  'allowed_payment_method_types',
  'attach_to_self',
  'confirmation_token',
  'customer_account',
  'excluded_payment_method_types',
  'flow_directions',
  'mandate_data',
  'on_behalf_of',
  'payment_method_configuration',
  'payment_method_options',
  'single_use',
  'use_stripe_sdk',
];

function findSetup(core: StripeCore, call: Call): Stripe.SetupIntent {
  const id = call.path('id');
  const setup = core.store.get('setup_intents', id);
  if (setup === undefined) throw noSuch('setupintent', id, 'intent', 'path');
  const secret = call.params.string('client_secret');
  if (secret === undefined || secret === setup.client_secret) return setup;
  throw noSuch('setupintent', id, 'intent', 'path');
}

function blankSetup(core: StripeCore): Stripe.SetupIntent {
  const id = newId('seti');
  return {
    id,
    object: 'setup_intent',
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: null,
    cancellation_reason: null,
    client_secret: `${id}_secret_${randomText(25)}`,
    created: core.nowSeconds(),
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    mandate: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card'],
    single_use_mandate: null,
    status: 'requires_payment_method',
    usage: 'off_session',
  };
}

/** The setup with the request's details and payment method in it. */
function apply(core: StripeCore, params: Params, current: Stripe.SetupIntent): Stripe.SetupIntent {
  refuseMethodTypes(params);
  params.ignore(...UNUSED);
  const customer = params.string('customer') ?? idOf(current.customer);
  if (customer !== null) requireCustomer(core, customer);
  const methodId = params.string('payment_method');
  const data = params.hash('payment_method_data');
  const method =
    methodId === undefined
      ? data && paymentMethodFromData(core, data)
      : resolvePaymentMethod(core, methodId);
  if (method !== undefined) checkUsable(core, method, customer);
  const described = params.clearable('description');
  return {
    ...current,
    customer,
    description: described === undefined ? current.description : described,
    metadata: params.metadata(current.metadata ?? {}),
    ...(method === undefined
      ? {}
      : { payment_method: method.id, status: 'requires_confirmation', next_action: null }),
  };
}

function create(core: StripeCore, call: Call): Stripe.SetupIntent {
  const { params } = call;
  const confirmNow = params.boolean('confirm') ?? false;
  const { automatic, allowed } = readMethodTypes(params);
  const setup: Stripe.SetupIntent = {
    ...apply(core, params, blankSetup(core)),
    automatic_payment_methods: automatic,
    allowed_payment_method_types: allowed,
    usage: params.oneOf('usage', ['off_session', 'on_session'] as const) ?? 'off_session',
  };
  const returnUrl = params.string('return_url') ?? null;
  params.finish();
  core.store.put('setup_intents', setup.id, setup);
  core.emit('setup_intent.created', setup);
  return confirmNow ? confirmSetup(core, call, setup, returnUrl) : setup;
}

function confirm(core: StripeCore, call: Call): Stripe.SetupIntent {
  const current = findSetup(core, call);
  const setup = apply(core, call.params, current);
  const returnUrl = call.params.string('return_url') ?? null;
  call.params.finish();
  if (!OPEN.includes(current.status)) {
    throw unexpectedSetupState(
      current,
      `You cannot confirm this SetupIntent because it has a status of ${current.status}. Only a SetupIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action.`,
    );
  }
  return confirmSetup(core, call, setup, returnUrl);
}

function cancel(core: StripeCore, call: Call): Stripe.SetupIntent {
  const setup = findSetup(core, call);
  const reason = call.params.oneOf('cancellation_reason', REASONS) ?? null;
  call.params.finish();
  if (!OPEN.includes(setup.status)) {
    throw unexpectedSetupState(
      setup,
      `You cannot cancel this SetupIntent because it has a status of ${setup.status}.`,
    );
  }
  const cancelled: Stripe.SetupIntent = {
    ...setup,
    status: 'canceled',
    cancellation_reason: reason,
    next_action: null,
  };
  core.store.put('setup_intents', setup.id, cancelled);
  core.emit('setup_intent.canceled', cancelled);
  return cancelled;
}

function update(core: StripeCore, call: Call): Stripe.SetupIntent {
  const updated = apply(core, call.params, findSetup(core, call));
  call.params.finish();
  core.store.put('setup_intents', updated.id, updated);
  return updated;
}

function list(core: StripeCore, call: Call): unknown {
  const customer = call.params.string('customer');
  const method = call.params.string('payment_method');
  const rows = core.store
    .all('setup_intents')
    .filter((setup) => customer === undefined || setup.customer === customer)
    .filter((setup) => method === undefined || setup.payment_method === method);
  return page(call.params, rows, '/v1/setup_intents', 'setupintent');
}

/** The routes of `/v1/setup_intents`. */
export function setupIntentRoutes(core: StripeCore): Route[] {
  const base = '/setup_intents';
  return [
    { method: 'post', path: base, handle: (call) => create(core, call) },
    { method: 'get', path: base, handle: (call) => list(core, call) },
    { method: 'get', path: `${base}/:id`, handle: (call) => findSetup(core, call) },
    { method: 'post', path: `${base}/:id`, handle: (call) => update(core, call) },
    { method: 'post', path: `${base}/:id/confirm`, handle: (call) => confirm(core, call) },
    { method: 'post', path: `${base}/:id/cancel`, handle: (call) => cancel(core, call) },
  ];
}
