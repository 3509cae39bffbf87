import type { Stripe } from 'stripe';
import { AUTHENTICATION_REQUIRED } from './cards.ts';
import type { Decline, TestCard } from './cards.ts';
import { captureBefore, chargeOutcome, createCharge, declineError } from './charges.ts';
import type { StripeCore } from './core.ts';
import { idOf, newId } from './ids.ts';
import { attachMethod, bankOf, markSetUp, markUsed } from './payment-method-bank.ts';
import { scheduleDispute } from './payment-intent-ends.ts';
import { challengeAction, challengeFailure } from './three-d-secure.ts';
import type { ChallengeOutcome } from './three-d-secure.ts';

export type Attempt = {
  offSession: boolean;
  /** The cardholder has just passed the bank's challenge. */
  authenticated: boolean;
  returnUrl: string | null;
  baseUrl: string;
};

type Subject = { intent: Stripe.PaymentIntent; method: Stripe.PaymentMethod; card: TestCard };

/**
 * Asks the bank for the money. Ends in `requires_action`, `processing`, `requires_capture`,
 * `succeeded`, or, declined, in `requires_payment_method` with `last_payment_error`.
 */
export function attemptPayment(
  core: StripeCore,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  attempt: Attempt,
): Stripe.PaymentIntent {
  const { card, setUp } = bankOf(core, method.id);
  const subject = { intent: { ...intent, payment_method: method.id }, method, card };
  if (!attempt.authenticated && wantsChallenge(subject, setUp, attempt.offSession)) {
    if (attempt.offSession) return decline(core, subject, AUTHENTICATION_REQUIRED);
    return requireAction(core, subject.intent, attempt);
  }
  if (card.processing) return startProcessing(core, subject, attempt.authenticated);
  const refusal = card.decline ?? (attempt.authenticated ? card.declineAfterAuthentication : null);
  if (refusal !== null) return decline(core, subject, refusal);
  const captured = intent.capture_method !== 'manual';
  const { authenticated } = attempt;
  const charge = createCharge(core, subject.intent, method, {
    kind: 'approved',
    captured,
    authenticated,
  });
  return approve(core, subject, charge);
}

function wantsChallenge({ card, intent }: Subject, setUp: boolean, offSession: boolean): boolean {
  switch (card.authentication) {
    case 'none':
      return false;
    case 'always':
      return true;
    case 'until_set_up':
      return !(offSession && setUp);
    case 'on_session':
      return !offSession;
    case 'optional': {
      const asked = intent.payment_method_options?.card?.request_three_d_secure;
      return asked === 'any' || asked === 'challenge';
    }
  }
}

function requireAction(
  core: StripeCore,
  intent: Stripe.PaymentIntent,
  attempt: Attempt,
): Stripe.PaymentIntent {
  const waiting: Stripe.PaymentIntent = {
    ...intent,
    status: 'requires_action',
    next_action: challengeAction(intent.id, attempt.baseUrl, attempt.returnUrl),
    last_payment_error: null,
  };
  core.store.put('payment_intents', waiting.id, waiting);
  core.emit('payment_intent.requires_action', waiting);
  return waiting;
}

function startProcessing(
  core: StripeCore,
  { intent, method }: Subject,
  authenticated: boolean,
): Stripe.PaymentIntent {
  const charge = createCharge(core, intent, method, { kind: 'pending', authenticated });
  const processing: Stripe.PaymentIntent = {
    ...intent,
    status: 'processing',
    processing: { type: 'card', card: {} },
    latest_charge: charge.id,
    next_action: null,
    last_payment_error: null,
  };
  core.store.put('payment_intents', processing.id, processing);
  core.emit('charge.pending', charge);
  core.emit('payment_intent.processing', processing);
  const dueMs = core.nowMs() + core.settings().delayedMs;
  core.schedule('finish_processing', processing.id, dueMs);
  return processing;
}

/** The bank's late answer to a payment in `processing`; nothing happens in any other state. */
export function finishProcessing(
  core: StripeCore,
  intentId: string,
  outcome?: 'succeed' | 'fail',
): Stripe.PaymentIntent | null {
  const intent = core.store.get('payment_intents', intentId);
  const method = core.store.get('payment_methods', idOf(intent?.payment_method) ?? '');
  const pending = core.store.get('charges', idOf(intent?.latest_charge) ?? '');
  if (intent?.status !== 'processing' || method === undefined || pending === undefined) return null;
  core.unschedule('finish_processing', intentId);
  const { card } = bankOf(core, method.id);
  const subject = { intent: { ...intent, processing: null }, method, card };
  const refusal = card.decline ?? genericDecline;
  if (outcome === 'fail' || (outcome === undefined && card.decline !== null)) {
    return decline(core, subject, refusal, pending);
  }
  const captured = intent.capture_method !== 'manual';
  const details = pending.payment_method_details?.card;
  if (!details) return null;
  const window = captured ? {} : { capture_before: captureBefore(core, card) };
  const charge: Stripe.Charge = {
    ...pending,
    status: 'succeeded',
    paid: true,
    captured,
    amount_captured: captured ? pending.amount : 0,
    balance_transaction: captured ? newId('txn') : null,
    payment_method_details: {
      type: 'card',
      card: { ...details, amount_authorized: pending.amount, ...window },
    },
  };
  core.store.put('charges', charge.id, charge);
  return approve(core, subject, charge);
}

const genericDecline: Decline = {
  code: 'card_declined',
  declineCode: 'generic_decline',
  message: 'Your card was declined.',
  networkCode: '05',
};

function approve(core: StripeCore, subject: Subject, charge: Stripe.Charge): Stripe.PaymentIntent {
  const { intent, method } = subject;
  const paid: Stripe.PaymentIntent = {
    ...intent,
    latest_charge: charge.id,
    next_action: null,
    last_payment_error: null,
    ...(charge.captured
      ? { status: 'succeeded', amount_received: charge.amount, amount_capturable: 0 }
      : { status: 'requires_capture', amount_received: 0, amount_capturable: charge.amount }),
  };
  core.store.put('payment_intents', paid.id, paid);
  core.emit('charge.succeeded', charge);
  core.emit(
    charge.captured ? 'payment_intent.succeeded' : 'payment_intent.amount_capturable_updated',
    paid,
  );
  const before = charge.payment_method_details?.card?.capture_before;
  if (!charge.captured && before !== undefined) {
    core.schedule('expire_authorization', paid.id, before * 1000);
  }
  saveForLater(core, paid, method);
  markUsed(core, method.id);
  if (charge.captured) scheduleDispute(core, subject.card, charge);
  return paid;
}

function saveForLater(
  core: StripeCore,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
): void {
  const customer = idOf(intent.customer);
  if (intent.setup_future_usage === null) return;
  if (customer !== null && method.customer === null) attachMethod(core, method, customer);
  if (intent.setup_future_usage === 'off_session') markSetUp(core, method.id);
}

function decline(
  core: StripeCore,
  { intent, method }: Subject,
  refusal: Decline,
  pending?: Stripe.Charge,
): Stripe.PaymentIntent {
  const outcome = { kind: 'declined', decline: refusal } as const;
  const charge =
    pending === undefined
      ? createCharge(core, intent, method, outcome)
      : failCharge(core, pending, refusal);
  const failed: Stripe.PaymentIntent = {
    ...intent,
    status: 'requires_payment_method',
    payment_method: null,
    latest_charge: charge.id,
    next_action: null,
    last_payment_error: declineError(refusal, charge.id, method),
  };
  core.store.put('payment_intents', failed.id, failed);
  core.emit('charge.failed', charge);
  core.emit('payment_intent.payment_failed', failed);
  return failed;
}

function failCharge(core: StripeCore, pending: Stripe.Charge, refusal: Decline): Stripe.Charge {
  const failed: Stripe.Charge = {
    ...pending,
    status: 'failed',
    paid: false,
    failure_code: refusal.code,
    failure_message: refusal.message,
    outcome: chargeOutcome({ kind: 'declined', decline: refusal }),
  };
  core.store.put('charges', failed.id, failed);
  return failed;
}

/** The cardholder's answer to the bank's challenge; null when none is open. */
export function answerChallenge(
  core: StripeCore,
  intent: Stripe.PaymentIntent,
  outcome: ChallengeOutcome,
): Stripe.PaymentIntent | null {
  const method = core.store.get('payment_methods', idOf(intent.payment_method) ?? '');
  if (intent.status !== 'requires_action' || method === undefined) return null;
  if (outcome === 'fail') {
    const failed: Stripe.PaymentIntent = {
      ...intent,
      status: 'requires_payment_method',
      payment_method: null,
      next_action: null,
      last_payment_error: challengeFailure(method, 'payment_intent_authentication_failure'),
    };
    core.store.put('payment_intents', failed.id, failed);
    core.emit('payment_intent.payment_failed', failed);
    return failed;
  }
  const attempt = { offSession: false, authenticated: true, returnUrl: null, baseUrl: '' };
  return attemptPayment(core, { ...intent, next_action: null }, method, attempt);
}
