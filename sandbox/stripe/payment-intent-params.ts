import type { Stripe } from 'stripe';
import type { StripeCore } from './core.ts';
import { requireCustomer } from './customers.ts';
import { invalidParameter } from './errors.ts';
import { newId, randomText } from './ids.ts';
import { BLANK_INTENT } from './payment-intent-blank.ts';
import type { Params } from './params.ts';
import { paymentMethodFromData, resolvePaymentMethod } from './payment-methods.ts';

const MAX_AMOUNT = 99_999_999;
/** The least that Stripe charges, in minor units, where it is not simply 1. */
const MINIMUM: Record<string, number> = { usd: 50, eur: 50, chf: 50, cad: 50, aud: 50, gbp: 30 };
const CURRENCIES = new Set(Intl.supportedValuesOf('currency').map((code) => code.toLowerCase()));

/** Parameters that the real service knows and that change nothing here. */
const UNUSED = [
  'amount_details',
  'application_fee_amount',
  'confirmation_token',
  'customer_account',
  'excluded_payment_method_types',
  'hooks',
  'mandate',
  'mandate_data',
  'payment_details',
  'payment_method_configuration',
  'radar_options',
  'shipping',
  'transfer_data',
  'transfer_group',
  'on_behalf_of',
  'use_stripe_sdk',
];

export type Confirmation = {
  method: Stripe.PaymentMethod | null;
  offSession: boolean;
  returnUrl: string | null;
};

/** A new PaymentIntent from the parameters of its creation, without a payment method. */
export function newIntent(core: StripeCore, params: Params): Stripe.PaymentIntent {
  const amount = params.integer('amount', 1);
  if (amount === undefined) throw params.missing('amount');
  const currency = readCurrency(params);
  checkAmount(amount, currency);
  const id = newId('pi');
  const { automatic, allowed } = readMethodTypes(params);
  params.oneOf('confirmation_method', ['automatic'] as const);
  const { details } = readDetails(core, params, {
    ...BLANK_INTENT,
    id,
    client_secret: `${id}_secret_${randomText(25)}`,
    created: core.nowSeconds(),
    amount,
    currency,
    automatic_payment_methods: automatic,
    allowed_payment_method_types: allowed,
  });
  return details;
}

function readCurrency(params: Params): string {
  const currency = params.required('currency').toLowerCase();
  if (CURRENCIES.has(currency)) return currency;
  throw invalidParameter(`Invalid currency: ${currency}.`, 'currency');
}

function checkAmount(amount: number, currency: string): void {
  if (amount > MAX_AMOUNT) {
    const message = `Amount must be no more than ${MAX_AMOUNT}`;
    throw invalidParameter(message, 'amount', 'amount_too_large');
  }
  const minimum = MINIMUM[currency] ?? 1;
  if (amount >= minimum) return;
  const text = (minimum / 100).toFixed(2);
  throw invalidParameter(
    `Amount must be at least ${text} ${currency}`,
    'amount',
    'amount_too_small',
  );
}

type AutomaticMethods = { enabled: boolean; allow_redirects: 'always' | 'never' };

/**
 * Which ways to pay an intent takes. Since the version in use a caller can only narrow them down,
 * and redirects are among them unless the caller says otherwise.
 */
export function readMethodTypes(params: Params): {
  automatic: AutomaticMethods;
  allowed: 'card'[] | null;
} {
  refuseMethodTypes(params);
  const automatic = params.hash('automatic_payment_methods');
  const enabled = automatic?.boolean('enabled') ?? true;
  const redirects = automatic?.oneOf('allow_redirects', ['always', 'never'] as const) ?? 'always';
  return {
    automatic: { enabled, allow_redirects: redirects },
    allowed: params.list('allowed_payment_method_types')?.includes('card') ? ['card'] : null,
  };
}

/** The parameter that everybody knew is gone since 2026-09-30. */
export function refuseMethodTypes(params: Params): void {
  if (!params.has('payment_method_types')) return;
  throw invalidParameter(
    'The parameter payment_method_types is no longer supported. Use allowed_payment_method_types or excluded_payment_method_types instead.',
    'payment_method_types',
    'payment_method_types_no_longer_supported',
  );
}

/**
 * The intent with the request's details in it, and the names of those that only an intent which
 * is still open may change.
 */
export function readDetails(
  core: StripeCore,
  params: Params,
  current: Stripe.PaymentIntent,
): { details: Stripe.PaymentIntent; changed: string[] } {
  refuseMethodTypes(params);
  params.ignore(...UNUSED);
  params.list('allowed_payment_method_types');
  const amount = params.integer('amount', 1) ?? current.amount;
  const currency = params.has('currency') ? readCurrency(params) : current.currency;
  checkAmount(amount, currency);
  const customer = params.string('customer');
  if (customer !== undefined) requireCustomer(core, customer);
  const usage = params.oneOf('setup_future_usage', ['off_session', 'on_session'] as const);
  const captures = ['automatic', 'automatic_async', 'manual'] as const;
  const details: Stripe.PaymentIntent = {
    ...current,
    ...readTexts(params),
    amount,
    capture_method: params.oneOf('capture_method', captures) ?? current.capture_method,
    currency,
    customer: customer ?? current.customer,
    metadata: params.metadata(current.metadata),
    payment_method_options: readOptions(params, current.payment_method_options),
    setup_future_usage: usage ?? current.setup_future_usage,
  };
  const guarded = [
    'amount',
    'capture_method',
    'currency',
    'customer',
    'setup_future_usage',
  ] as const;
  return { details, changed: guarded.filter((name) => details[name] !== current[name]) };
}

const TEXTS = [
  'description',
  'receipt_email',
  'statement_descriptor',
  'statement_descriptor_suffix',
] as const;
type Texts = Pick<Stripe.PaymentIntent, (typeof TEXTS)[number]>;

function readTexts(params: Params): Partial<Texts> {
  const read = TEXTS.map((name) => [name, params.clearable(name)] as const);
  return Object.fromEntries(read.filter(([, value]) => value !== undefined));
}

function readOptions(
  params: Params,
  current: Stripe.PaymentIntent.PaymentMethodOptions | null,
): Stripe.PaymentIntent.PaymentMethodOptions | null {
  const card = params.hash('payment_method_options')?.hash('card');
  if (card === undefined) return current;
  const choices = ['automatic', 'any', 'challenge'] as const;
  const asked = card.oneOf('request_three_d_secure', choices);
  card.ignore('capture_method', 'cvc_token', 'moto', 'network', 'setup_future_usage');
  card.ignore('request_extended_authorization', 'request_multicapture', 'request_overcapture');
  card.ignore('statement_descriptor_suffix_kana', 'request_incremental_authorization');
  if (asked === undefined || !current?.card) return current;
  return { ...current, card: { ...current.card, request_three_d_secure: asked } };
}

/** What the request says about paying now; a test payment method becomes a real one here. */
export function readConfirmation(
  core: StripeCore,
  params: Params,
  intent: Stripe.PaymentIntent,
): Confirmation {
  const methodId = params.string('payment_method');
  const data = params.hash('payment_method_data');
  const offSession = params.oneOf('off_session', [
    'true',
    'false',
    'one_off',
    'recurring',
  ] as const);
  const mustNotAsk = params.boolean('error_on_requires_action') ?? false;
  const returnUrl = params.string('return_url') ?? null;
  if (offSession === 'true' && intent.setup_future_usage !== null) {
    throw invalidParameter(
      'You cannot set both `off_session` and `setup_future_usage` on a PaymentIntent.',
      'off_session',
    );
  }
  const away = offSession !== undefined && offSession !== 'false';
  return {
    method: methodGiven(core, methodId, data),
    offSession: away || mustNotAsk,
    returnUrl,
  };
}

function methodGiven(
  core: StripeCore,
  id: string | undefined,
  data: Params | undefined,
): Stripe.PaymentMethod | null {
  if (id !== undefined) return resolvePaymentMethod(core, id);
  return data === undefined ? null : paymentMethodFromData(core, data);
}
