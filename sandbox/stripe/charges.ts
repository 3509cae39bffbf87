import type { Stripe } from 'stripe';
import { AUTHENTICATION_REQUIRED } from './cards.ts';
import type { Decline, TestCard } from './cards.ts';
import type { StripeCore } from './core.ts';
import { noSuch } from './errors.ts';
import { idOf, newId, randomText } from './ids.ts';
import { page } from './lists.ts';
import { bankOf } from './payment-method-bank.ts';
import type { Call, Route } from './routes.ts';

export type ChargeOutcome =
  | { kind: 'approved'; captured: boolean; authenticated: boolean }
  | { kind: 'pending'; authenticated: boolean }
  | { kind: 'declined'; decline: Decline };

const BLANK_CHARGE = {
  object: 'charge',
  application: null,
  application_fee: null,
  application_fee_amount: null,
  disputed: false,
  failure_balance_transaction: null,
  fraud_details: {},
  livemode: false,
  on_behalf_of: null,
  radar_options: {},
  receipt_number: null,
  refunded: false,
  review: null,
  shipping: null,
  source: null,
  source_transfer: null,
  transfer_data: null,
  amount_refunded: 0,
  calculated_statement_descriptor: 'HOLDFAST',
} as const satisfies Partial<Stripe.Charge>;

/** Makes the charge of one attempt to pay and stores it. */
export function createCharge(
  core: StripeCore,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  outcome: ChargeOutcome,
): Stripe.Charge {
  const captured = outcome.kind === 'approved' && outcome.captured;
  const id = newId('ch');
  const { amount } = intent;
  const charge: Stripe.Charge = {
    ...BLANK_CHARGE,
    ...textsOf(intent),
    id,
    amount,
    amount_captured: captured ? amount : 0,
    balance_transaction: captured ? newId('txn') : null,
    billing_details: method.billing_details,
    captured,
    created: core.nowSeconds(),
    customer: idOf(intent.customer),
    ...failureOf(outcome),
    outcome: chargeOutcome(outcome),
    paid: outcome.kind === 'approved',
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: methodDetails(core, intent, method, outcome),
    receipt_url: `https://pay.stripe.com/receipts/payment/${randomText(40)}`,
    status: statusOf(outcome),
  };
  core.store.put('charges', id, charge);
  return charge;
}

const COPIED = [
  'currency',
  'description',
  'metadata',
  'receipt_email',
  'statement_descriptor',
  'statement_descriptor_suffix',
  'transfer_group',
] as const;
type Copied = Pick<Stripe.PaymentIntent, (typeof COPIED)[number]>;

function textsOf(intent: Stripe.PaymentIntent): Copied {
  return Object.fromEntries(COPIED.map((name) => [name, intent[name]])) as Copied;
}

function failureOf(
  outcome: ChargeOutcome,
): Pick<Stripe.Charge, 'failure_code' | 'failure_message'> {
  if (outcome.kind !== 'declined') return { failure_code: null, failure_message: null };
  return { failure_code: outcome.decline.code, failure_message: outcome.decline.message };
}

function statusOf(outcome: ChargeOutcome): 'succeeded' | 'pending' | 'failed' {
  if (outcome.kind === 'approved') return 'succeeded';
  return outcome.kind === 'pending' ? 'pending' : 'failed';
}

/** The bank's word on the attempt, as `charge.outcome` shows it. */
export function chargeOutcome(outcome: ChargeOutcome): Stripe.Charge.Outcome {
  const common = {
    advice_code: null,
    network_advice_code: null,
    network_decline_code: null,
    reason: null,
    risk_level: 'normal',
    risk_score: 12,
  };
  if (outcome.kind !== 'declined') {
    return {
      ...common,
      network_status: 'approved_by_network',
      seller_message: 'Payment complete.',
      type: 'authorized',
    };
  }
  return {
    ...common,
    network_decline_code: outcome.decline.networkCode,
    network_status: 'declined_by_network',
    reason: outcome.decline.declineCode,
    seller_message: 'The bank did not return any further details with this decline.',
    type: 'issuer_declined',
  };
}

/** The instant after which the authorisation can no longer be captured, in whole seconds. */
export function captureBefore(core: StripeCore, card: TestCard): number {
  const windowMs = card.captureWindowMs ?? core.settings().shortAuthorizationMs;
  return Math.floor((core.nowMs() + windowMs) / 1000);
}

const BLANK_CARD = {
  electronic_commerce_indicator: null,
  extended_authorization: { status: 'disabled' },
  incremental_authorization: { status: 'unavailable' },
  installments: null,
  mandate: null,
  multicapture: { status: 'unavailable' },
  network_token: { used: false },
  regulated_status: 'unregulated',
  transaction_link_id: null,
  wallet: null,
} as const;

function methodDetails(
  core: StripeCore,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  outcome: ChargeOutcome,
): Stripe.Charge.PaymentMethodDetails {
  const { card } = bankOf(core, method.id);
  const face = method.card;
  const authorised = outcome.kind === 'approved' && !outcome.captured;
  const authenticated = outcome.kind !== 'declined' && outcome.authenticated;
  const details: Stripe.Charge.PaymentMethodDetails.Card = {
    ...BLANK_CARD,
    amount_authorized: outcome.kind === 'approved' ? intent.amount : null,
    authorization_code: outcome.kind === 'approved' ? randomText(6) : null,
    brand: face?.brand ?? card.brand,
    ...(authorised ? { capture_before: captureBefore(core, card) } : {}),
    checks: face?.checks ?? null,
    country: face?.country ?? null,
    exp_month: face?.exp_month ?? 12,
    exp_year: face?.exp_year ?? 2040,
    fingerprint: face?.fingerprint ?? null,
    funding: face?.funding ?? null,
    last4: face?.last4 ?? null,
    network: face?.brand ?? null,
    network_transaction_id: randomText(15),
    overcapture: { maximum_amount_capturable: intent.amount, status: 'unavailable' },
    three_d_secure: authenticated ? authenticatedBy3DS() : null,
  };
  return { card: details, type: 'card' };
}

function authenticatedBy3DS(): Stripe.Charge.PaymentMethodDetails.Card.ThreeDSecure {
  return {
    authentication_flow: 'challenge',
    electronic_commerce_indicator: '05',
    exemption_indicator: null,
    result: 'authenticated',
    result_reason: null,
    transaction_id: randomText(36),
    version: '2.2.0',
  };
}

/** `last_payment_error` and the body of the 402 for a declined attempt. */
export function declineError(
  decline: Decline,
  charge: string,
  method: Stripe.PaymentMethod,
): Stripe.PaymentIntent.LastPaymentError {
  const error: Stripe.PaymentIntent.LastPaymentError = {
    charge,
    code: decline.code as Stripe.PaymentIntent.LastPaymentError.Code,
    decline_code: decline.declineCode,
    doc_url: `https://stripe.com/docs/error-codes/${decline.code.replaceAll('_', '-')}`,
    message: decline.message,
    payment_method: method,
    type: 'card_error',
  };
  if (decline !== AUTHENTICATION_REQUIRED) error.network_decline_code = decline.networkCode;
  if (decline.param !== undefined) error.param = decline.param;
  return error;
}

function findCharge(core: StripeCore, call: Call): Stripe.Charge {
  const id = call.path('id');
  const charge = core.store.get('charges', id);
  if (charge === undefined) throw noSuch('charge', id, 'charge', 'path');
  return charge;
}

function list(core: StripeCore, call: Call): unknown {
  const intent = call.params.string('payment_intent');
  const customer = call.params.string('customer');
  const rows = core.store
    .all('charges')
    .filter((charge) => intent === undefined || charge.payment_intent === intent)
    .filter((charge) => customer === undefined || charge.customer === customer);
  return page(call.params, rows, '/v1/charges', 'charge');
}

function update(core: StripeCore, call: Call): Stripe.Charge {
  const before = findCharge(core, call);
  call.params.ignore('receipt_email', 'shipping', 'fraud_details', 'transfer_group');
  const metadata = call.params.metadata(before.metadata);
  const description = call.params.clearable('description');
  call.params.finish();
  const updated = { ...before, metadata, description: description ?? before.description };
  core.store.put('charges', before.id, updated);
  core.emit('charge.updated', updated, before);
  return updated;
}

/** The routes of `/v1/charges`. */
export function chargeRoutes(core: StripeCore): Route[] {
  return [
    { method: 'get', path: '/charges', handle: (call) => list(core, call) },
    { method: 'get', path: '/charges/:id', handle: (call) => findCharge(core, call) },
    { method: 'post', path: '/charges/:id', handle: (call) => update(core, call) },
  ];
}
