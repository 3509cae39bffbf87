import type { Stripe } from 'stripe';
import type { Decline } from './cards.ts';
import type { StripeCore } from './core.ts';
import { invalidParameter, StripeProblem, unexpectedSetupState } from './errors.ts';
import { idOf, newId } from './ids.ts';
import { attachMethod, bankOf, markSetUp } from './payment-method-bank.ts';
import type { Call } from './routes.ts';
import { challengeAction, challengeFailure } from './three-d-secure.ts';
import type { ChallengeOutcome } from './three-d-secure.ts';

/** Asks the bank whether the card may be saved: `succeeded`, `requires_action`, or a 402. */
export function confirmSetup(
  core: StripeCore,
  call: Call,
  setup: Stripe.SetupIntent,
  returnUrl: string | null,
): Stripe.SetupIntent {
  const method = core.store.get('payment_methods', idOf(setup.payment_method) ?? '');
  if (method === undefined) {
    throw unexpectedSetupState(
      setup,
      "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a payment method and then confirm it again.",
    );
  }
  if (setup.automatic_payment_methods?.allow_redirects === 'always' && returnUrl === null) {
    throw invalidParameter(
      'This SetupIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`.',
    );
  }
  const { card } = bankOf(core, method.id);
  if (card.authentication !== 'none' && card.authentication !== 'optional') {
    const waiting: Stripe.SetupIntent = {
      ...setup,
      status: 'requires_action',
      next_action: setupAction(setup.id, call.baseUrl, returnUrl),
    };
    core.store.put('setup_intents', setup.id, waiting);
    core.emit('setup_intent.requires_action', waiting);
    return waiting;
  }
  if (card.decline !== null && !card.savesDespiteDecline && !card.processing) {
    throw refuse(core, setup, method, card.decline);
  }
  return succeed(core, setup, method);
}

function setupAction(
  id: string,
  baseUrl: string,
  returnUrl: string | null,
): Stripe.SetupIntent.NextAction {
  const { type, redirect_to_url, use_stripe_sdk } = challengeAction(id, baseUrl, returnUrl);
  return {
    type,
    ...(redirect_to_url === undefined ? {} : { redirect_to_url }),
    ...(use_stripe_sdk === undefined ? {} : { use_stripe_sdk }),
  };
}

function succeed(
  core: StripeCore,
  setup: Stripe.SetupIntent,
  method: Stripe.PaymentMethod,
): Stripe.SetupIntent {
  const done: Stripe.SetupIntent = {
    ...setup,
    status: 'succeeded',
    next_action: null,
    last_setup_error: null,
    latest_attempt: newId('setatt'),
  };
  core.store.put('setup_intents', done.id, done);
  const customer = idOf(setup.customer);
  if (customer !== null) attachMethod(core, method, customer);
  if (setup.usage === 'off_session') markSetUp(core, method.id);
  core.emit('setup_intent.succeeded', done);
  return done;
}

function fail(
  core: StripeCore,
  setup: Stripe.SetupIntent,
  error: Stripe.SetupIntent.LastSetupError,
): Stripe.SetupIntent {
  const failed: Stripe.SetupIntent = {
    ...setup,
    status: 'requires_payment_method',
    payment_method: null,
    next_action: null,
    last_setup_error: error,
    latest_attempt: newId('setatt'),
  };
  core.store.put('setup_intents', failed.id, failed);
  core.emit('setup_intent.setup_failed', failed);
  return failed;
}

function refuse(
  core: StripeCore,
  setup: Stripe.SetupIntent,
  method: Stripe.PaymentMethod,
  decline: Decline,
): StripeProblem {
  const { code, declineCode, message } = decline;
  const common = { decline_code: declineCode, message, payment_method: method } as const;
  const failed = fail(core, setup, {
    ...common,
    code: code as Stripe.SetupIntent.LastSetupError.Code,
    type: 'card_error',
  });
  const body = { ...common, code, type: 'card_error', setup_intent: failed } as const;
  return new StripeProblem(402, body, 'performed');
}

/** The cardholder's answer to the bank's challenge; null when none is open. */
export function answerSetupChallenge(
  core: StripeCore,
  setup: Stripe.SetupIntent,
  outcome: ChallengeOutcome,
): Stripe.SetupIntent | null {
  const method = core.store.get('payment_methods', idOf(setup.payment_method) ?? '');
  if (setup.status !== 'requires_action' || method === undefined) return null;
  if (outcome === 'succeed') return succeed(core, setup, method);
  return fail(core, setup, challengeFailure(method, 'setup_intent_authentication_failure'));
}
