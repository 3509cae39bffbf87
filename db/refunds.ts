import type { Knex } from 'knex';
import { v7 } from 'uuid';
import type { PaymentRow, PaymentSubject } from './payments.ts';

export type RefundState = 'pending' | 'succeeded' | 'failed';

export interface RefundRow {
  readonly id: string;
  readonly payment_id: string;
  readonly key: string;
  readonly amount_cents: number;
  readonly reason: string;
  readonly state: RefundState;
  readonly provider_ref: string | null;
  readonly key_generation: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export interface NewRefund {
  /** Says which refund of the payment this is: the same key never refunds twice. */
  readonly key: string;
  readonly amountCents: number;
  /** A code, never text. */
  readonly reason: string;
  readonly state: RefundState;
  readonly providerRef?: string;
}

/** What of a payment has not gone back and is not on its way back. */
export function refundableCents(payment: PaymentRow): number {
  return payment.captured_cents - payment.refunded_cents;
}

export async function findRefundByKey(knex: Knex, key: string): Promise<RefundRow | null> {
  return ((await knex('refunds').where({ key }).first()) as RefundRow | undefined) ?? null;
}

export async function findRefundByRef(knex: Knex, ref: string): Promise<RefundRow | null> {
  const row = await knex('refunds').where({ provider_ref: ref }).first();
  return (row as RefundRow | undefined) ?? null;
}

export async function findRefund(knex: Knex, id: string): Promise<RefundRow | null> {
  return ((await knex('refunds').where({ id }).first()) as RefundRow | undefined) ?? null;
}

/** Every refund of a payment, oldest first. */
export async function listRefunds(knex: Knex, paymentId: string): Promise<RefundRow[]> {
  return knex('refunds').where({ payment_id: paymentId }).orderBy('id');
}

/** Writes a refund down; the caller holds the payment's lock and has compared the amounts. */
export async function insertRefund(
  trx: Knex.Transaction,
  payment: PaymentRow,
  refund: NewRefund,
): Promise<RefundRow> {
  const [row] = await trx('refunds').insert(
    {
      id: v7(),
      payment_id: payment.id,
      key: refund.key,
      amount_cents: refund.amountCents,
      reason: refund.reason,
      state: refund.state,
      provider_ref: refund.providerRef ?? null,
    },
    '*',
  );
  return row as RefundRow;
}

export async function updateRefund(
  trx: Knex.Transaction,
  id: string,
  change: { state: RefundState; providerRef?: string | null },
): Promise<void> {
  await trx('refunds')
    .where({ id })
    .update({
      state: change.state,
      updated_at: trx.fn.now(),
      ...(change.providerRef == null ? {} : { provider_ref: change.providerRef }),
    });
}

/** The next generation of idempotency keys, unless somebody else has begun it already. */
export async function renewRefundKeys(knex: Knex, refund: RefundRow): Promise<void> {
  await knex('refunds')
    .where({ id: refund.id, key_generation: refund.key_generation })
    .update({ key_generation: refund.key_generation + 1 });
}

/** What the cancellation on record gives back; null where it says nothing of it. */
export async function decidedRefundCents(
  knex: Knex,
  { sessionId, enrolmentId }: PaymentSubject,
): Promise<number | null> {
  const { rows } = await knex.raw<{ rows: { cents: number | null }[] }>(
    `SELECT (data->>'refundCents')::float8 AS cents FROM session_events
     WHERE session_id = ? AND enrolment_id IS NOT DISTINCT FROM ?::uuid AND kind = 'cancelled'
     ORDER BY id DESC LIMIT 1`,
    [sessionId, enrolmentId ?? null],
  );
  return rows[0]?.cents ?? null;
}
