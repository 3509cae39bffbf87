import type { Stripe } from 'stripe';
import type { TestCard } from './cards.ts';
import type { StripeCore } from './core.ts';
import { noSuch, refusedOperation } from './errors.ts';
import { idOf, newId } from './ids.ts';
import { page } from './lists.ts';
import { bankOf } from './payment-method-bank.ts';
import type { Call, Route } from './routes.ts';

const EVIDENCE_DUE_SECONDS = 9 * 86_400;

const NO_EVIDENCE: Stripe.Dispute.Evidence = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};

const NO_SUBMISSION = {
  enhanced_eligibility: {},
  has_evidence: false,
  past_due: false,
  submission_count: 0,
  submission_method: 'not_submitted',
} as const;

/** The cardholder disputes a captured charge, once. */
export function raiseDispute(core: StripeCore, chargeId: string): void {
  const charge = core.store.get('charges', chargeId);
  if (charge === undefined || !charge.captured || charge.disputed) return;
  const { card } = bankOf(core, charge.payment_method ?? '');
  const dispute = newDispute(charge, card, core.nowSeconds());
  const disputed = { ...charge, disputed: true };
  core.store.put('charges', charge.id, disputed);
  core.store.put('disputes', dispute.id, dispute);
  core.emit('charge.dispute.created', dispute);
  if (!dispute.is_charge_refundable) core.emit('charge.dispute.funds_withdrawn', dispute);
}

function newDispute(charge: Stripe.Charge, card: TestCard, created: number): Stripe.Dispute {
  const { reason, status } = card.dispute ?? {
    reason: 'fraudulent',
    status: 'needs_response' as const,
  };
  const inquiry = status === 'warning_needs_response';
  return {
    id: newId('du'),
    object: 'dispute',
    amount: charge.amount_captured,
    balance_transactions: [],
    charge: charge.id,
    created,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: NO_EVIDENCE,
    evidence_details: { ...NO_SUBMISSION, due_by: created + EVIDENCE_DUE_SECONDS },
    intended_submission_method: null,
    is_charge_refundable: inquiry,
    livemode: false,
    metadata: {},
    payment_intent: idOf(charge.payment_intent),
    payment_method_details: {
      card: {
        brand: card.brand,
        case_type: inquiry ? 'inquiry' : 'chargeback',
        network: card.brand,
        network_reason_code: '10.4',
      },
      type: 'card',
    },
    reason,
    status,
  };
}

function findDispute(core: StripeCore, call: Call): Stripe.Dispute {
  const id = call.path('id');
  const dispute = core.store.get('disputes', id);
  if (dispute === undefined) throw noSuch('dispute', id, 'dispute', 'path');
  return dispute;
}

/** Gives the dispute up: it counts as lost. */
function close(core: StripeCore, call: Call): Stripe.Dispute {
  const dispute = findDispute(core, call);
  call.params.finish();
  if (dispute.status === 'lost') throw refusedOperation('This dispute is already closed.');
  const closed: Stripe.Dispute = { ...dispute, status: 'lost' };
  core.store.put('disputes', dispute.id, closed);
  core.emit('charge.dispute.closed', closed, dispute);
  return closed;
}

function list(core: StripeCore, call: Call): unknown {
  const intent = call.params.string('payment_intent');
  const charge = call.params.string('charge');
  const rows = core.store
    .all('disputes')
    .filter((dispute) => intent === undefined || dispute.payment_intent === intent)
    .filter((dispute) => charge === undefined || dispute.charge === charge);
  return page(call.params, rows, '/v1/disputes', 'dispute');
}

/** The routes of `/v1/disputes`. */
export function disputeRoutes(core: StripeCore): Route[] {
  return [
    { method: 'get', path: '/disputes', handle: (call) => list(core, call) },
    { method: 'get', path: '/disputes/:id', handle: (call) => findDispute(core, call) },
    { method: 'post', path: '/disputes/:id/close', handle: (call) => close(core, call) },
  ];
}
