import { settleCredits } from '../../db/credits.ts';
import { applyFacts, listPayments, lockPayment } from '../../db/payments.ts';
import type { PaymentRow } from '../../db/payments.ts';
import type { Intent } from '../gateways/card-gateway.ts';
import { chargeOfPayment } from './charge.ts';
import { release } from './close.ts';
import { creditPaymentOf, loadSession } from './context.ts';
import type { CaptureOutcome, Subject } from './contract.ts';
import { asSystem } from './deps.ts';
import type { MoneyDeps } from './deps.ts';
import { giveUp, isRefusal } from './failures.ts';
import { areKeysStale } from './intent-steps.ts';
import { performOnce } from './keyed-step.ts';
import { observeIntent, recordEnd } from './observe.ts';

/** The provider's words for an authorisation that the bank has let go. */
const LAPSED_CODES = new Set([
  'charge_expired_for_capture',
  'capture_charge_authorization_expired',
]);

/** Takes what a session holds. Money that was taken before counts as captured now. */
export async function capturePayment(deps: MoneyDeps, subject: Subject): Promise<CaptureOutcome> {
  const { clinic_id } = await loadSession(deps.knex, subject);
  const payments = await listPayments(deps.knex, subject);
  const held = payments.find((payment) => payment.state === 'authorised');
  if (held === undefined) return outcomeWithoutHeld(payments);
  const payment = await capture(deps, held, clinic_id);
  switch (payment.state) {
    case 'captured':
    case 'refunded':
      return { kind: 'captured' };
    case 'lapsed':
    case 'voided':
      return { kind: 'lapsed' };
    default:
      return { kind: 'failed', code: 'payment_failed' };
  }
}

function outcomeWithoutHeld(payments: readonly PaymentRow[]): CaptureOutcome {
  const isTaken = ({ state }: PaymentRow): boolean => state === 'captured' || state === 'refunded';
  if (payments.some(isTaken)) return { kind: 'captured' };
  return { kind: payments[0]?.state === 'lapsed' ? 'lapsed' : 'nothing' };
}

function capture(deps: MoneyDeps, payment: PaymentRow, clinicId: string): Promise<PaymentRow> {
  return payment.method === 'credits'
    ? captureCredits(deps, payment.id, clinicId)
    : captureCard(deps, payment, clinicId);
}

async function captureCard(
  deps: MoneyDeps,
  payment: PaymentRow,
  clinicId: string,
): Promise<PaymentRow> {
  const charge = chargeOfPayment(deps, payment);
  const ref = payment.provider_ref;
  if (ref === null) throw giveUp('payment_without_provider_ref');
  const lookUp = async (): Promise<Intent | null> => {
    const intent = await deps.cards.retrieveIntent(ref);
    return intent.status === 'requires_capture' ? null : intent;
  };
  try {
    const intent = await performOnce({
      act: () => deps.cards.captureIntent(ref, payment.amount_cents, charge.keyOf('capture')),
      lookUp,
      isStale: areKeysStale(deps, payment.updated_at),
      renewKey: () => charge.renewKeys(),
    });
    return await observeIntent(deps, payment.id, intent);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (LAPSED_CODES.has(error.code)) return recordEnd(deps, payment.id, 'lapsed', error.code);
    return letGo(deps, payment, clinicId);
  }
}

/** What can't be captured must not stay reserved on somebody's card while they pay once more. */
async function letGo(deps: MoneyDeps, payment: PaymentRow, clinicId: string): Promise<PaymentRow> {
  const released = await release(deps, payment, clinicId);
  return released.state === 'voided' ? { ...released, state: 'failed' } : released;
}

async function captureCredits(
  deps: MoneyDeps,
  paymentId: string,
  clinicId: string,
): Promise<PaymentRow> {
  return asSystem(deps, async (trx, audit) => {
    const payment = await lockPayment(trx, paymentId);
    if (payment === null) throw giveUp('not_found');
    if (payment.state !== 'authorised') return payment;
    await settleCredits(trx, creditPaymentOf(payment, clinicId), payment.amount_cents);
    audit({
      action: 'payment.changed',
      objectType: 'payment',
      objectId: paymentId,
      subjectId: payment.person_id,
      clinicId,
      changes: { state: { from: payment.state, to: 'captured' } },
    });
    const facts = { state: 'captured', capturedCents: payment.amount_cents } as const;
    return (await applyFacts(trx, payment, facts)).payment;
  });
}
