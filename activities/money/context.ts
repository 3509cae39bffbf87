import type { Knex } from 'knex';
import { findPayment, subjectOfPayment } from '../../db/payments.ts';
import type { PaymentRow, PaymentSubject } from '../../db/payments.ts';
import { findLife } from '../../db/seats.ts';
import type { SessionRow } from '../../db/sessions.ts';
import type { CreditPayment } from '../../db/credits.ts';
import { giveUp } from './failures.ts';

export interface PaymentContext {
  readonly payment: PaymentRow;
  readonly session: SessionRow;
}

/** A payment and the session, or the member's seat, that it pays for; both are persisted before any activity hears of them. */
export async function loadPayment(knex: Knex, paymentId: string): Promise<PaymentContext> {
  const payment = await findPayment(knex, paymentId);
  if (payment === null) throw giveUp('not_found');
  return { payment, session: await loadSession(knex, subjectOfPayment(payment)) };
}

export async function loadSession(knex: Knex, subject: PaymentSubject): Promise<SessionRow> {
  const session = await findLife(knex, subject);
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
