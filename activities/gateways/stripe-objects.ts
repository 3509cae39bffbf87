import Stripe from 'stripe';
import { CardProviderError } from './card-gateway.ts';
import type {
  CardEvent,
  Dispute,
  Intent,
  IntentStatus,
  Metadata,
  ProviderRefund,
  Setup,
  SetupStatus,
} from './card-gateway.ts';

/** 401 and 403 are a wrong key: an operator mends that, and the money goes through afterwards. */
const COME_BACK_LATER = new Set([401, 403, 409, 429, 503]);

/** Sorts whatever the SDK throws by what may safely be done next. */
export function faultOf(error: unknown): CardProviderError {
  if (!(error instanceof Stripe.errors.StripeError)) {
    return new CardProviderError('unavailable', 'no_answer', null);
  }
  const { statusCode, type, param = null, requestId } = error;
  const code = error.decline_code ?? error.code ?? type;
  if (statusCode === undefined || COME_BACK_LATER.has(statusCode)) {
    return new CardProviderError('unavailable', code, param, requestId);
  }
  const isKept = statusCode >= 500 || type === 'StripeIdempotencyError';
  return new CardProviderError(isKept ? 'faulty' : 'refused', code, param, requestId);
}

const SETUP_STATUSES: readonly SetupStatus[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'succeeded',
  'canceled',
];
const INTENT_STATUSES: readonly IntentStatus[] = [...SETUP_STATUSES, 'requires_capture'];

/** A status from a later version of the provider's API counts as undecided. */
function statusOf<T extends string>(known: readonly T[], status: string): T | 'processing' {
  return known.find((candidate) => candidate === status) ?? 'processing';
}

export function intentOf(intent: Stripe.PaymentIntent): Intent {
  const error = intent.last_payment_error;
  const charge = typeof intent.latest_charge === 'object' ? intent.latest_charge : null;
  const captureBefore = charge?.payment_method_details?.card?.capture_before;
  const reason = intent.cancellation_reason;
  return {
    ref: intent.id,
    status: statusOf(INTENT_STATUSES, intent.status),
    declineCode: error === null ? null : (error.decline_code ?? error.code ?? error.type),
    receivedCents: intent.amount_received,
    captureBeforeAt: captureBefore === undefined ? null : captureBefore * 1000,
    methodRef: refOf(intent.payment_method),
    hasLapsed: reason === 'automatic' || reason === 'expired',
    clientSecret: intent.client_secret,
    metadata: intent.metadata,
  };
}

export function setupOf(setup: Stripe.SetupIntent): Setup {
  const error = setup.last_setup_error;
  return {
    ref: setup.id,
    status: statusOf(SETUP_STATUSES, setup.status),
    declineCode: error === null ? null : (error.decline_code ?? error.code ?? error.type),
    methodRef: refOf(setup.payment_method),
    clientSecret: setup.client_secret,
    metadata: setup.metadata ?? {},
  };
}

export function refundOf(refund: Stripe.Refund): ProviderRefund {
  const failed = refund.status === 'failed' || refund.status === 'canceled';
  return {
    ref: refund.id,
    status: failed ? 'failed' : refund.status === 'succeeded' ? 'succeeded' : 'pending',
    amountCents: refund.amount,
    metadata: refund.metadata ?? {},
  };
}

export function eventOf(event: Stripe.Event): CardEvent {
  const subject = event.data.object as unknown as Readonly<Record<string, unknown>>;
  const kind = subject['object'];
  const metadata = subject['metadata'];
  const ownRef = refOf(subject['id']);
  return {
    id: event.id,
    type: event.type,
    intentRef: kind === 'payment_intent' ? ownRef : refOf(subject['payment_intent']),
    setupRef: kind === 'setup_intent' ? ownRef : null,
    metadata: typeof metadata === 'object' && metadata !== null ? (metadata as Metadata) : {},
    dispute: kind === 'dispute' ? disputeOf(event.data.object as Stripe.Dispute) : null,
  };
}

function disputeOf({ id, amount, reason, status }: Stripe.Dispute): Dispute {
  return { ref: id, amountCents: amount, reason, status };
}

/** An id that Stripe gives either bare or with its object around it. */
function refOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return null;
  const id: unknown = Reflect.get(value, 'id');
  return typeof id === 'string' ? id : null;
}
