import type { Knex } from 'knex';
import { lockPayment, recountRefunds } from '../../db/payments.ts';
import type { PaymentRow } from '../../db/payments.ts';
import { findRefund, findRefundByRef, insertRefund, updateRefund } from '../../db/refunds.ts';
import type { RefundRow, RefundState } from '../../db/refunds.ts';
import { findSession } from '../../db/sessions.ts';
import { openTask } from '../../db/tasks.ts';
import { isUuid } from '../../domain/ids.ts';
import type { ProviderRefund } from '../gateways/card-gateway.ts';
import { asSystem } from './deps.ts';
import type { MoneyDeps } from './deps.ts';
import { giveUp } from './failures.ts';

/** What the provider has made of a refund; without a ref it has refused it. */
export interface RefundNews {
  readonly status: RefundState;
  readonly ref: string | null;
}

/** Takes the provider's word on one of our refunds into its row and the payment's sums. */
export async function settleRefund(
  deps: MoneyDeps,
  paymentId: string,
  refundId: string,
  news: RefundNews,
): Promise<RefundRow> {
  return asSystem(deps, async (trx) => {
    const payment = await lockPayment(trx, paymentId);
    if (payment === null) throw giveUp('not_found');
    await takeNews(trx, payment, await knownRefund(trx, refundId), news);
    await recountRefunds(trx, payment);
    return knownRefund(trx, refundId);
  });
}

async function knownRefund(trx: Knex.Transaction, refundId: string): Promise<RefundRow> {
  const refund = await findRefund(trx, refundId);
  if (refund === null) throw giveUp('not_found');
  return refund;
}

/** Brings every refund that the provider knows of a payment up to date, others' included. */
export async function syncRefunds(
  deps: MoneyDeps,
  payment: PaymentRow,
  intentRef: string,
): Promise<PaymentRow> {
  const refunds = await deps.cards.listRefunds(intentRef);
  if (refunds.length === 0) return payment;
  return asSystem(deps, async (trx) => {
    const locked = await lockPayment(trx, payment.id);
    if (locked === null) throw giveUp('not_found');
    for (const refund of refunds) await syncRefund(trx, locked, refund);
    return recountRefunds(trx, locked);
  });
}

async function syncRefund(
  trx: Knex.Transaction,
  payment: PaymentRow,
  refund: ProviderRefund,
): Promise<void> {
  const ownId = refund.metadata['refund_id'];
  const own =
    (await findRefundByRef(trx, refund.ref)) ??
    (ownId === undefined || !isUuid(ownId) ? null : await findRefund(trx, ownId));
  if (own !== null) return takeNews(trx, payment, own, refund);
  // Somebody has refunded it in the provider's dashboard.
  const added = await insertRefund(trx, payment, {
    key: `${payment.id}/outside/${refund.ref}`,
    amountCents: refund.amountCents,
    reason: 'outside',
    state: refund.status,
    providerRef: refund.ref,
  });
  if (added.state === 'failed') await openFailureTask(trx, payment, added);
}

/** A refund can fail after it had succeeded, but nothing comes after a failure. */
async function takeNews(
  trx: Knex.Transaction,
  payment: PaymentRow,
  refund: RefundRow,
  { status, ref }: RefundNews,
): Promise<void> {
  const isNews =
    refund.state === 'pending' || (refund.state === 'succeeded' && status === 'failed');
  if (!isNews) return;
  await updateRefund(trx, refund.id, { state: status, providerRef: ref });
  if (status === 'failed') await openFailureTask(trx, payment, refund);
}

async function openFailureTask(
  trx: Knex.Transaction,
  payment: PaymentRow,
  refund: RefundRow,
): Promise<void> {
  const session = await findSession(trx, payment.session_id);
  if (session === null) throw giveUp('not_found');
  await openTask(trx, {
    clinicId: session.clinic_id,
    key: `refund_failed/${refund.id}`,
    kind: 'refund_failed',
    sessionId: payment.session_id,
    paymentId: payment.id,
    data: {
      amountCents: refund.amount_cents,
      currency: payment.currency,
      reason: refund.reason,
      personId: payment.person_id,
    },
  });
}
