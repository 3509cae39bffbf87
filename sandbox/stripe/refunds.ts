import type { Stripe } from 'stripe';
import type { StripeCore } from './core.ts';
import { invalidParameter, noSuch, refusedOperation } from './errors.ts';
import { idOf, newId } from './ids.ts';
import { page } from './lists.ts';
import { bankOf } from './payment-method-bank.ts';
import type { Call, Route } from './routes.ts';

const REASONS = ['duplicate', 'fraudulent', 'requested_by_customer'] as const;

function chargeToRefund(core: StripeCore, call: Call): Stripe.Charge {
  const intentId = call.params.string('payment_intent');
  const chargeId = call.params.string('charge');
  if (intentId === undefined && chargeId === undefined) {
    throw invalidParameter(
      'One of the following params should be provided for this request: payment_intent or charge.',
    );
  }
  if (intentId === undefined) {
    const charge = core.store.get('charges', chargeId ?? '');
    if (charge === undefined) throw noSuch('charge', chargeId ?? '', 'charge', 'body');
    return charge;
  }
  const intent = core.store.get('payment_intents', intentId);
  if (intent === undefined) throw noSuch('payment_intent', intentId, 'payment_intent', 'body');
  const charge = core.store.get('charges', idOf(intent.latest_charge) ?? '');
  if (charge?.captured === true) return charge;
  throw refusedOperation(
    `This PaymentIntent (${intentId}) does not have a successful charge to refund.`,
    undefined,
    'payment_intent',
  );
}

function isChargedBack(core: StripeCore, charge: Stripe.Charge): boolean {
  if (!charge.disputed) return false;
  return core.store
    .all('disputes')
    .some((dispute) => dispute.charge === charge.id && !dispute.is_charge_refundable);
}

function checkRefundable(
  core: StripeCore,
  charge: Stripe.Charge,
  asked: number | undefined,
): number {
  const left = charge.amount_captured - charge.amount_refunded;
  if (!charge.captured) {
    throw refusedOperation(`Charge ${charge.id} has not been captured.`, undefined, 'charge');
  }
  if (isChargedBack(core, charge)) {
    const message = `Charge ${charge.id} has been charged back; cannot issue a refund.`;
    throw refusedOperation(message, 'charge_disputed');
  }
  if (left <= 0) {
    const message = `Charge ${charge.id} has already been refunded.`;
    throw refusedOperation(message, 'charge_already_refunded');
  }
  const amount = asked ?? left;
  if (amount <= left) return amount;
  throw refusedOperation(
    `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`,
    undefined,
    'amount',
  );
}

function create(core: StripeCore, call: Call): Stripe.Refund {
  const { params } = call;
  const charge = chargeToRefund(core, call);
  const asked = params.integer('amount', 1);
  const reason = params.oneOf('reason', REASONS) ?? null;
  const metadata = params.metadata({});
  params.ignore('instructions_email', 'refund_application_fee', 'reverse_transfer');
  params.finish();
  const amount = checkRefundable(core, charge, asked);
  const { card } = bankOf(core, charge.payment_method ?? '');
  const pending = card.refund === 'pending';
  const refund: Stripe.Refund = {
    ...newRefund(core, charge, amount),
    metadata,
    reason,
    ...(pending ? { status: 'pending', pending_reason: 'processing' } : { status: 'succeeded' }),
  };
  core.store.put('refunds', refund.id, refund);
  core.emit('refund.created', refund);
  changeRefunded(core, charge, amount);
  if (card.refund !== 'succeeds') {
    core.schedule('settle_refund', refund.id, core.nowMs() + core.settings().refundSettleMs);
  }
  return refund;
}

type Given = 'metadata' | 'reason' | 'status';

function newRefund(
  core: StripeCore,
  charge: Stripe.Charge,
  amount: number,
): Omit<Stripe.Refund, Given> {
  return {
    id: newId('re'),
    object: 'refund',
    amount,
    balance_transaction: newId('txn'),
    charge: charge.id,
    created: core.nowSeconds(),
    currency: charge.currency,
    customer: idOf(charge.customer),
    customer_account: null,
    destination_details: { card: { reference_status: 'pending', type: 'refund' }, type: 'card' },
    payment_intent: idOf(charge.payment_intent),
    payment_method: charge.payment_method,
    receipt_number: null,
    source_transfer_reversal: null,
    transfer_reversal: null,
  };
}

function changeRefunded(core: StripeCore, charge: Stripe.Charge, difference: number): void {
  const total = charge.amount_refunded + difference;
  const refunded = total >= charge.amount_captured;
  const updated: Stripe.Charge = { ...charge, amount_refunded: total, refunded };
  core.store.put('charges', charge.id, updated);
  if (difference > 0) core.emit('charge.refunded', updated, charge);
}

/** The bank's late word on a refund: a pending one has arrived, or a sent one came back. */
export function settleRefund(core: StripeCore, refundId: string): void {
  const refund = core.store.get('refunds', refundId);
  const charge = core.store.get('charges', idOf(refund?.charge) ?? '');
  if (refund === undefined || charge === undefined) return;
  const { card } = bankOf(core, charge.payment_method ?? '');
  const { pending_reason: _settled, ...rest } = refund;
  if (card.refund !== 'fails') {
    const settled: Stripe.Refund = { ...rest, status: 'succeeded' };
    core.store.put('refunds', refundId, settled);
    core.emit('refund.updated', settled, refund);
    core.emit('charge.refund.updated', settled, refund);
    return;
  }
  const failed: Stripe.Refund = {
    ...rest,
    status: 'failed',
    failure_reason: 'expired_or_canceled_card',
    failure_balance_transaction: newId('txn'),
  };
  core.store.put('refunds', refundId, failed);
  changeRefunded(core, charge, -refund.amount);
  core.emit('refund.updated', failed, refund);
  core.emit('refund.failed', failed);
  core.emit('charge.refund.updated', failed, refund);
}

function findRefund(core: StripeCore, call: Call): Stripe.Refund {
  const id = call.path('id');
  const refund = core.store.get('refunds', id);
  if (refund === undefined) throw noSuch('refund', id, 'id', 'path');
  return refund;
}

function update(core: StripeCore, call: Call): Stripe.Refund {
  const before = findRefund(core, call);
  const metadata = call.params.metadata(before.metadata ?? {});
  call.params.finish();
  const updated = { ...before, metadata };
  core.store.put('refunds', before.id, updated);
  core.emit('refund.updated', updated, before);
  return updated;
}

function list(core: StripeCore, call: Call): unknown {
  const intent = call.params.string('payment_intent');
  const charge = call.params.string('charge');
  const rows = core.store
    .all('refunds')
    .filter((refund) => intent === undefined || refund.payment_intent === intent)
    .filter((refund) => charge === undefined || refund.charge === charge);
  return page(call.params, rows, '/v1/refunds', 'refund');
}

/** The routes of `/v1/refunds`. */
export function refundRoutes(core: StripeCore): Route[] {
  return [
    { method: 'post', path: '/refunds', handle: (call) => create(core, call) },
    { method: 'get', path: '/refunds', handle: (call) => list(core, call) },
    { method: 'get', path: '/refunds/:id', handle: (call) => findRefund(core, call) },
    { method: 'post', path: '/refunds/:id', handle: (call) => update(core, call) },
  ];
}
