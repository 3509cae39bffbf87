import type { Knex } from 'knex';
import { findPayment } from '../../db/payments.ts';
import type { PaymentRow } from '../../db/payments.ts';
import { findSession } from '../../db/sessions.ts';
import type { SessionRow } from '../../db/sessions.ts';
import type { CreditPayment } from '../../db/credits.ts';
import { giveUp } from './failures.ts';

export interface PaymentContext {
  readonly payment: PaymentRow;
  readonly session: SessionRow;
}

/** A payment and its session; both are persisted before any activity hears of them. */
export async function loadPayment(knex: Knex, paymentId: string): Promise<PaymentContext> {
  const payment = await findPayment(knex, paymentId);
  if (payment === null) throw giveUp('not_found');
  return { payment, session: await loadSession(knex, payment.session_id) };
}

export async function loadSession(knex: Knex, sessionId: string): Promise<SessionRow> {
  const session = await findSession(knex, sessionId);
  if (session === null) throw giveUp('not_found');
  return session;
}

/** A payment as the ledger sees it. */
export function creditPaymentOf(payment: PaymentRow, clinicId: string): CreditPayment {
  return {
    paymentId: payment.id,
    sessionId: payment.session_id,
    personId: payment.person_id,
    clinicId,
    amountCents: payment.amount_cents,
  };
}
