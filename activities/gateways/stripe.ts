import Stripe from 'stripe';
import type { CardGateway, NewIntent } from './card-gateway.ts';
import { eventOf, faultOf, intentOf, refundOf, setupOf } from './stripe-objects.ts';

/** Talks to Stripe through its SDK and nowhere else; knows nothing of sessions. */
export interface CardGatewaySettings {
  readonly secretKey: string;
  readonly webhookSecret: string;
  /** Base address of a stand-in; absent or null for the real Stripe. */
  readonly apiUrl?: string | null;
  /** Hard limit for one request, ms. */
  readonly timeoutMs?: number;
}

const API_VERSION = '2026-10-28.endive';
const DEFAULT_TIMEOUT_MS = 8_000;
const EXPAND = { expand: ['latest_charge'] };
const LIST_LIMIT = 300;
/** Only what is confirmed without leaving the page: cards, 3-D Secure included. */
const WITHOUT_REDIRECTS = { enabled: true, allow_redirects: 'never' } as const;

/** The gateway to Stripe. Requests are not repeated here: whoever asks knows what is safe. */
export function createCardGateway(settings: CardGatewaySettings): CardGateway {
  const stripe = new Stripe(settings.secretKey, {
    apiVersion: API_VERSION,
    maxNetworkRetries: 0,
    timeout: settings.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    telemetry: false,
    ...addressOf(settings.apiUrl ?? null),
  });
  return {
    ...customerCalls(stripe),
    ...intentCalls(stripe),
    ...setupCalls(stripe),
    ...refundCalls(stripe),
    readEvent(rawBody, signature) {
      return eventOf(
        stripe.webhooks.constructEvent(rawBody, signature ?? '', settings.webhookSecret),
      );
    },
  };
}

function addressOf(apiUrl: string | null): Pick<Stripe.StripeConfig, 'host' | 'port' | 'protocol'> {
  if (apiUrl === null) return {};
  const { hostname, port, protocol } = new URL(apiUrl);
  const scheme = protocol === 'http:' ? 'http' : 'https';
  return {
    host: hostname,
    port: port === '' ? (scheme === 'http' ? 80 : 443) : port,
    protocol: scheme,
  };
}

type Calls<K extends keyof CardGateway> = Pick<CardGateway, K>;

function customerCalls(stripe: Stripe): Calls<'createCustomer' | 'createMethod'> {
  return {
    async createCustomer(key) {
      return (await call(() => stripe.customers.create({}, { idempotencyKey: key }))).id;
    },
    async createMethod(token, key) {
      const params: Stripe.PaymentMethodCreateParams = { type: 'card', card: { token } };
      return (await call(() => stripe.paymentMethods.create(params, { idempotencyKey: key }))).id;
    },
  };
}

function intentCalls(
  stripe: Stripe,
): Calls<
  | 'createIntent'
  | 'confirmIntent'
  | 'retrieveIntent'
  | 'captureIntent'
  | 'cancelIntent'
  | 'listIntents'
> {
  const intents = stripe.paymentIntents;
  return {
    async createIntent(wish, key) {
      const params = intentParams(wish);
      return intentOf(await call(() => intents.create(params, { idempotencyKey: key })));
    },
    async confirmIntent(ref, { methodRef, offSession }, key) {
      const params: Stripe.PaymentIntentConfirmParams = {
        payment_method: methodRef,
        ...EXPAND,
        ...(offSession ? { off_session: true } : { use_stripe_sdk: true }),
      };
      return intentOf(
        await declinable(
          () => intents.confirm(ref, params, { idempotencyKey: key }),
          (error) => error.payment_intent,
        ),
      );
    },
    async retrieveIntent(ref) {
      return intentOf(await call(() => intents.retrieve(ref, EXPAND)));
    },
    async captureIntent(ref, amountCents, key) {
      const params = { amount_to_capture: amountCents, ...EXPAND };
      return intentOf(await call(() => intents.capture(ref, params, { idempotencyKey: key })));
    },
    async cancelIntent(ref, key) {
      return intentOf(await call(() => intents.cancel(ref, EXPAND, { idempotencyKey: key })));
    },
    async listIntents(customerRef, sinceMs) {
      const created = { gte: Math.floor(sinceMs / 1000) };
      const list = intents.list({ customer: customerRef, created, limit: 100 });
      return (await call(() => list.autoPagingToArray({ limit: LIST_LIMIT }))).map(intentOf);
    },
  };
}

function intentParams(wish: NewIntent): Stripe.PaymentIntentCreateParams {
  return {
    amount: wish.amountCents,
    currency: wish.currency.toLowerCase(),
    customer: wish.customerRef,
    capture_method: wish.capture,
    automatic_payment_methods: WITHOUT_REDIRECTS,
    metadata: { ...wish.metadata },
    ...(wish.saveCard ? { setup_future_usage: 'off_session' } : {}),
  };
}

function setupCalls(
  stripe: Stripe,
): Calls<'createSetup' | 'confirmSetup' | 'retrieveSetup' | 'cancelSetup'> {
  const setups = stripe.setupIntents;
  return {
    async createSetup(customerRef, metadata, key) {
      const params: Stripe.SetupIntentCreateParams = {
        customer: customerRef,
        automatic_payment_methods: WITHOUT_REDIRECTS,
        usage: 'off_session',
        metadata: { ...metadata },
      };
      return setupOf(await call(() => setups.create(params, { idempotencyKey: key })));
    },
    async confirmSetup(ref, methodRef, key) {
      const params = { payment_method: methodRef, use_stripe_sdk: true };
      return setupOf(
        await declinable(
          () => setups.confirm(ref, params, { idempotencyKey: key }),
          (error) => error.setup_intent,
        ),
      );
    },
    async retrieveSetup(ref) {
      return setupOf(await call(() => setups.retrieve(ref)));
    },
    async cancelSetup(ref, key) {
      return setupOf(await call(() => setups.cancel(ref, {}, { idempotencyKey: key })));
    },
  };
}

function refundCalls(stripe: Stripe): Calls<'createRefund' | 'listRefunds'> {
  return {
    async createRefund({ intentRef, amountCents, metadata }, key) {
      const params: Stripe.RefundCreateParams = {
        payment_intent: intentRef,
        amount: amountCents,
        metadata: { ...metadata },
      };
      return refundOf(await call(() => stripe.refunds.create(params, { idempotencyKey: key })));
    },
    async listRefunds(intentRef) {
      const list = stripe.refunds.list({ payment_intent: intentRef, limit: 100 });
      return (await call(() => list.autoPagingToArray({ limit: LIST_LIMIT }))).map(refundOf);
    },
  };
}

async function call<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw faultOf(error);
  }
}

/** A declined card comes as an error that carries the intent: here it is simply the intent. */
async function declinable<T>(
  request: () => Promise<T>,
  subjectOf: (error: Stripe.errors.StripeError) => T | undefined,
): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const subject = error instanceof Stripe.errors.StripeCardError ? subjectOf(error) : undefined;
    if (subject === undefined) throw faultOf(error);
    return subject;
  }
}
