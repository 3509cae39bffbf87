import type { Stripe } from 'stripe';
import type { StripeCore } from './core.ts';
import { invalidParameter, noSuch, refusedOperation, StripeProblem } from './errors.ts';
import { unexpectedState } from './errors.ts';
import { idOf } from './ids.ts';
import { page } from './lists.ts';
import { cancelIntent, captureAuthorisation } from './payment-intent-ends.ts';
import { attemptPayment } from './payment-intent-machine.ts';
import { newIntent, readConfirmation, readDetails } from './payment-intent-params.ts';
import type { Confirmation } from './payment-intent-params.ts';
import { checkUsable } from './payment-method-bank.ts';
import type { Call, Route } from './routes.ts';
import { search } from './search.ts';

const CANCELLABLE = [
  'requires_payment_method',
  'requires_capture',
  'requires_confirmation',
  'requires_action',
];
const CONFIRMABLE = ['requires_payment_method', 'requires_confirmation', 'requires_action'];
const REASONS = ['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned'] as const;

function findIntent(core: StripeCore, call: Call): Stripe.PaymentIntent {
  const id = call.path('id');
  const intent = core.store.get('payment_intents', id);
  if (intent === undefined) throw noSuch('payment_intent', id, 'intent', 'path');
  const secret = call.params.string('client_secret');
  if (secret === undefined || secret === intent.client_secret) return intent;
  throw noSuch('payment_intent', id, 'intent', 'path');
}

function create(core: StripeCore, call: Call): Stripe.PaymentIntent {
  const { params } = call;
  const confirm = params.boolean('confirm') ?? false;
  for (const name of ['off_session', 'return_url', 'mandate_data']) {
    if (confirm || !params.has(name)) continue;
    throw invalidParameter(
      `The parameter ${name} cannot be passed when creating a PaymentIntent unless confirm is set to true.`,
      name,
    );
  }
  const intent = newIntent(core, params);
  const confirmation = readConfirmation(core, params, intent);
  params.finish();
  const withMethod = takeMethod(core, intent, confirmation);
  core.store.put('payment_intents', intent.id, withMethod);
  core.emit('payment_intent.created', withMethod);
  return confirm ? confirmIntent(core, call, withMethod, confirmation) : withMethod;
}

/** The intent with the request's payment method, if it names one. */
function takeMethod(
  core: StripeCore,
  intent: Stripe.PaymentIntent,
  { method }: Confirmation,
): Stripe.PaymentIntent {
  if (method === null) return intent;
  checkUsable(core, method, idOf(intent.customer));
  const status = 'requires_confirmation';
  return { ...intent, payment_method: method.id, status, next_action: null };
}

function confirm(core: StripeCore, call: Call): Stripe.PaymentIntent {
  const intent = findIntent(core, call);
  const { details } = readDetails(core, call.params, intent);
  const confirmation = readConfirmation(core, call.params, details);
  call.params.finish();
  if (!CONFIRMABLE.includes(intent.status)) throw unexpectedState(intent, unconfirmable(intent));
  const updated = takeMethod(core, details, confirmation);
  core.store.put('payment_intents', updated.id, updated);
  return confirmIntent(core, call, updated, confirmation);
}

function unconfirmable(intent: Stripe.PaymentIntent): string {
  if (intent.status === 'succeeded') {
    return 'You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.';
  }
  return `You cannot confirm this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action.`;
}

function confirmIntent(
  core: StripeCore,
  call: Call,
  intent: Stripe.PaymentIntent,
  confirmation: Confirmation,
): Stripe.PaymentIntent {
  const method = core.store.get('payment_methods', idOf(intent.payment_method) ?? '');
  if (method === undefined) {
    throw unexpectedState(
      intent,
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
    );
  }
  const automatic = intent.automatic_payment_methods;
  const mayRedirect = automatic?.allow_redirects === 'always' && !confirmation.offSession;
  if (mayRedirect && confirmation.returnUrl === null) {
    throw invalidParameter(
      "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
    );
  }
  const result = attemptPayment(core, intent, method, {
    offSession: confirmation.offSession,
    authenticated: false,
    returnUrl: confirmation.returnUrl,
    baseUrl: call.baseUrl,
  });
  if (result.status === 'requires_payment_method') throw declined(result);
  return result;
}

/** 402 with the intent as it stands after the refusal, which remains. */
function declined(intent: Stripe.PaymentIntent): StripeProblem {
  const { payment_method, charge, code, decline_code, message, param, network_decline_code } =
    intent.last_payment_error ?? {};
  return new StripeProblem(
    402,
    {
      type: 'card_error',
      message: message ?? 'Your card was declined.',
      ...(charge === undefined ? {} : { charge }),
      ...(code === undefined ? {} : { code }),
      ...(decline_code === undefined ? {} : { decline_code }),
      ...(network_decline_code === undefined ? {} : { network_decline_code }),
      ...(param === undefined ? {} : { param }),
      ...(payment_method === undefined ? {} : { payment_method }),
      payment_intent: intent,
    },
    'performed',
  );
}

function capture(core: StripeCore, call: Call): Stripe.PaymentIntent {
  const intent = findIntent(core, call);
  const { params } = call;
  const amount = params.integer('amount_to_capture', 1) ?? intent.amount_capturable;
  params.ignore('statement_descriptor', 'statement_descriptor_suffix', 'transfer_data');
  params.ignore('application_fee_amount', 'final_capture', 'amount_details', 'payment_details');
  const metadata = params.metadata(intent.metadata);
  params.finish();
  const charge = core.store.get('charges', idOf(intent.latest_charge) ?? '');
  if (intent.status !== 'requires_capture' || charge === undefined) {
    throw unexpectedState(
      intent,
      intent.status === 'succeeded'
        ? 'This PaymentIntent could not be captured because it has already been captured.'
        : `This PaymentIntent could not be captured because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be captured: requires_capture.`,
    );
  }
  if (amount > intent.amount_capturable) {
    throw refusedOperation(
      `The amount_to_capture (${amount}) is greater than the amount that can be captured (${intent.amount_capturable}).`,
      'amount_too_large',
      'amount_to_capture',
    );
  }
  return captureAuthorisation(core, { ...intent, metadata }, charge, amount);
}

function cancel(core: StripeCore, call: Call): Stripe.PaymentIntent {
  const intent = findIntent(core, call);
  const reason = call.params.oneOf('cancellation_reason', REASONS) ?? null;
  call.params.finish();
  if (!CANCELLABLE.includes(intent.status)) {
    throw unexpectedState(
      intent,
      `You cannot cancel this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be canceled: ${CANCELLABLE.join(', ')}.`,
    );
  }
  return cancelIntent(core, intent, reason);
}

function update(core: StripeCore, call: Call): Stripe.PaymentIntent {
  const intent = findIntent(core, call);
  const { details, changed } = readDetails(core, call.params, intent);
  const confirmation = readConfirmation(core, call.params, details);
  call.params.finish();
  const [first] = confirmation.method === null ? changed : [...changed, 'payment_method'];
  if (first !== undefined && !CONFIRMABLE.includes(intent.status)) {
    throw unexpectedState(
      intent,
      `This PaymentIntent's ${first} could not be updated because it has a status of ${intent.status}. You may only update the ${first} of a PaymentIntent with one of the following statuses: ${CONFIRMABLE.join(', ')}.`,
    );
  }
  const updated = takeMethod(core, details, confirmation);
  core.store.put('payment_intents', updated.id, updated);
  return updated;
}

function list(core: StripeCore, call: Call): unknown {
  const customer = call.params.string('customer');
  const rows = core.store
    .all('payment_intents')
    .filter((intent) => customer === undefined || intent.customer === customer);
  return page(call.params, rows, '/v1/payment_intents', 'payment_intent');
}

/** The routes of `/v1/payment_intents`. */
export function paymentIntentRoutes(core: StripeCore): Route[] {
  const base = '/payment_intents';
  return [
    { method: 'post', path: base, handle: (call) => create(core, call) },
    { method: 'get', path: base, handle: (call) => list(core, call) },
    {
      method: 'get',
      path: `${base}/search`,
      handle: (call) =>
        search(call.params, core.store.all('payment_intents'), '/v1/payment_intents/search'),
    },
    { method: 'get', path: `${base}/:id`, handle: (call) => findIntent(core, call) },
    { method: 'post', path: `${base}/:id`, handle: (call) => update(core, call) },
    { method: 'post', path: `${base}/:id/confirm`, handle: (call) => confirm(core, call) },
    { method: 'post', path: `${base}/:id/capture`, handle: (call) => capture(core, call) },
    { method: 'post', path: `${base}/:id/cancel`, handle: (call) => cancel(core, call) },
  ];
}
