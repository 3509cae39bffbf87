import { applyFacts, lockPayment } from '../../db/payments.ts';
import type { PaymentFacts, PaymentRow } from '../../db/payments.ts';
import type { PaymentState } from '../../domain/payment.ts';
import type { Intent, Setup } from '../gateways/card-gateway.ts';
import { asSystem } from './deps.ts';
import type { MoneyDeps } from './deps.ts';
import { giveUp } from './failures.ts';

/** Nobody has asked the bank yet: confirming it is still to come. */
export function isUnconfirmed(intent: Pick<Intent, 'status' | 'declineCode'>): boolean {
  if (intent.status === 'requires_confirmation') return true;
  return intent.status === 'requires_payment_method' && intent.declineCode === null;
}

/** What the provider's object says about a payment; null when it says nothing yet. */
export function factsOf(intent: Intent, before: PaymentState): PaymentFacts | null {
  const card = intent.methodRef === null ? {} : { savedCardRef: intent.methodRef };
  switch (intent.status) {
    case 'requires_action':
    case 'processing':
      return { state: intent.status };
    case 'requires_capture':
      return { state: 'authorised', captureBeforeAt: intent.captureBeforeAt, ...card };
    case 'succeeded':
      return { state: 'captured', capturedCents: intent.receivedCents, ...card };
    case 'canceled':
      return { state: intent.hasLapsed ? 'lapsed' : 'voided' };
    default:
      if (intent.declineCode === null) return null;
      // Money that was held and is not any more has lapsed, whatever the provider calls it.
      return {
        state: before === 'authorised' ? 'lapsed' : 'failed',
        errorCode: intent.declineCode,
      };
  }
}

export function setupFactsOf(setup: Setup): PaymentFacts | null {
  switch (setup.status) {
    case 'succeeded':
      return setup.methodRef === null
        ? { state: 'saved' }
        : { state: 'saved', savedCardRef: setup.methodRef };
    case 'requires_action':
    case 'processing':
      return { state: setup.status };
    case 'canceled':
      return { state: 'voided' };
    default:
      return setup.declineCode === null ? null : { state: 'failed', errorCode: setup.declineCode };
  }
}

/** Takes an intent's truth into the payment's row; the row as it stands afterwards. */
export async function observeIntent(
  deps: MoneyDeps,
  paymentId: string,
  intent: Intent,
): Promise<PaymentRow> {
  return record(deps, paymentId, (payment) => factsOf(intent, payment.state));
}

/** The same for a card that is being saved; once it is, only its charge has news. */
export async function observeSetup(
  deps: MoneyDeps,
  paymentId: string,
  setup: Setup,
): Promise<PaymentRow> {
  return record(deps, paymentId, (payment) => {
    const isPast = payment.provider_ref !== null || payment.state === 'saved';
    return isPast ? null : setupFactsOf(setup);
  });
}

/** Notes that an attempt is over for a reason of ours. */
export async function recordEnd(
  deps: MoneyDeps,
  paymentId: string,
  state: 'failed' | 'voided' | 'lapsed',
  errorCode: string,
): Promise<PaymentRow> {
  return record(deps, paymentId, () => ({ state, errorCode }));
}

async function record(
  deps: MoneyDeps,
  paymentId: string,
  decide: (payment: PaymentRow) => PaymentFacts | null,
): Promise<PaymentRow> {
  return asSystem(deps, async (trx, audit) => {
    const payment = await lockPayment(trx, paymentId);
    if (payment === null) throw giveUp('not_found');
    const facts = decide(payment);
    if (facts === null) return payment;
    const applied = await applyFacts(trx, payment, facts);
    if (applied.changed) {
      audit({
        action: 'payment.changed',
        objectType: 'payment',
        objectId: paymentId,
        subjectId: payment.person_id,
        changes: { state: { from: payment.state, to: applied.payment.state } },
      });
    }
    return applied.payment;
  });
}
