import type { Knex } from 'knex';
import { refundCredits } from '../../db/credits.ts';
import { listPayments, lockPayment, recountRefunds } from '../../db/payments.ts';
import type { PaymentRow } from '../../db/payments.ts';
import {
  findRefundByKey,
  insertRefund,
  listRefunds,
  refundableCents,
  renewRefundKeys,
} from '../../db/refunds.ts';
import type { RefundRow, RefundState } from '../../db/refunds.ts';
import type { ProviderRefund } from '../gateways/card-gateway.ts';
import { creditPaymentOf, loadSession } from './context.ts';
import { asSystem } from './deps.ts';
import type { MoneyDeps } from './deps.ts';
import { giveUp, isRefusal } from './failures.ts';
import { performOnce } from './keyed-step.ts';
import { refundKey } from './keys.ts';
import { settleRefund } from './settle-refund.ts';

export interface RefundRequest {
  readonly sessionId: string;
  readonly enrolmentId?: string;
  /** What goes back in all, minor units; never more than what is left. */
  readonly refundCents: number;
  /** A code, never text. */
  readonly reason: string;
  /** Tells one refund of a session from another: the same step never refunds twice. */
  readonly step: string;
}

export type RefundOutcome = { readonly kind: 'refunded' | 'pending' | 'failed' | 'nothing' };

/** Gives captured money back the way it came. What fails becomes a task for a human. */
export async function refundPayment(
  deps: MoneyDeps,
  request: RefundRequest,
): Promise<RefundOutcome> {
  const { clinic_id } = await loadSession(deps.knex, request);
  const states: RefundState[] = [];
  let leftCents = request.refundCents;
  for (const payment of await listPayments(deps.knex, request)) {
    if (leftCents <= 0) break;
    const refund = await refundOne(deps, payment, clinic_id, {
      ...request,
      refundCents: leftCents,
    });
    if (refund === null) continue;
    leftCents -= refund.amount_cents;
    states.push(refund.state);
  }
  if (states.includes('failed')) return { kind: 'failed' };
  if (states.includes('pending')) return { kind: 'pending' };
  return { kind: states.length > 0 ? 'refunded' : 'nothing' };
}

/** Sends what was written down and of which no provider is known to have heard. */
export async function resumeRefunds(deps: MoneyDeps, payment: PaymentRow): Promise<boolean> {
  if (payment.method === 'credits') return false;
  const unsent = (await listRefunds(deps.knex, payment.id)).filter(
    ({ state, provider_ref }) => state === 'pending' && provider_ref === null,
  );
  for (const refund of unsent) {
    await settleRefund(deps, payment.id, refund.id, await send(deps, payment, refund, false));
  }
  return unsent.length > 0;
}

/** Refunds one payment; null when nothing of it is left to refund. */
export async function refundOne(
  deps: MoneyDeps,
  payment: PaymentRow,
  clinicId: string,
  wish: Omit<RefundRequest, 'sessionId'>,
): Promise<RefundRow | null> {
  const prepared = await prepare(deps, payment.id, clinicId, wish);
  if (prepared === null) return null;
  const { refund, isNew } = prepared;
  if (payment.method === 'credits' || refund.state !== 'pending') return refund;
  const sent = await send(deps, payment, refund, isNew);
  return settleRefund(deps, payment.id, refund.id, sent);
}

/** Writes the refund down before anybody is asked for it, so that a retry finds it. */
async function prepare(
  deps: MoneyDeps,
  paymentId: string,
  clinicId: string,
  { refundCents, reason, step }: Omit<RefundRequest, 'sessionId'>,
): Promise<{ readonly refund: RefundRow; readonly isNew: boolean } | null> {
  const key = `${paymentId}/${step}`;
  return asSystem(deps, async (trx, audit) => {
    const payment = await lockPayment(trx, paymentId);
    if (payment === null) throw giveUp('not_found');
    const known = await findRefundByKey(trx, key);
    if (known !== null) return { refund: known, isNew: false };
    const amountCents = Math.min(refundCents, refundableCents(payment));
    if (amountCents <= 0) return null;
    const isCredits = payment.method === 'credits';
    const state = isCredits ? 'succeeded' : 'pending';
    const refund = await insertRefund(trx, payment, { key, amountCents, reason, state });
    if (isCredits) await returnCredits(trx, payment, clinicId, refund);
    await recountRefunds(trx, payment);
    audit({
      action: 'payment.refunded',
      objectType: 'payment',
      objectId: paymentId,
      subjectId: payment.person_id,
      clinicId,
      changes: { refundId: refund.id, amountCents, reason },
    });
    return { refund, isNew: true };
  });
}

async function returnCredits(
  trx: Knex.Transaction,
  payment: PaymentRow,
  clinicId: string,
  refund: RefundRow,
): Promise<void> {
  const { id: key, amount_cents: amountCents } = refund;
  await refundCredits(trx, creditPaymentOf(payment, clinicId), { key, amountCents });
}

/** Once at the provider: an earlier request that nobody heard the answer of is found by its id. */
async function send(
  deps: MoneyDeps,
  payment: PaymentRow,
  refund: RefundRow,
  isNew: boolean,
): Promise<Pick<ProviderRefund, 'status'> & { readonly ref: string | null }> {
  const intentRef = payment.provider_ref;
  if (intentRef === null) throw giveUp('payment_without_provider_ref');
  const metadata = { payment_id: payment.id, refund_id: refund.id };
  try {
    return await performOnce({
      act: () =>
        deps.cards.createRefund(
          { intentRef, amountCents: refund.amount_cents, metadata },
          refundKey(payment, refund),
        ),
      lookUp: async () => {
        const refunds = await deps.cards.listRefunds(intentRef);
        return refunds.find((each) => each.metadata['refund_id'] === refund.id) ?? null;
      },
      isStale: !isNew,
      renewKey: () => renewRefundKeys(deps.knex, refund),
    });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { status: 'failed', ref: null };
  }
}
