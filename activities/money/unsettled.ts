import type { Knex } from 'knex';
import { type PaymentRow, listPayments, subjectOfPayment } from '../../db/payments.ts';
import { decidedRefundCents, listRefunds, refundableCents } from '../../db/refunds.ts';
import type { SessionRow } from '../../db/sessions.ts';

/** The payments of an ended session, or seat, whose money is not where its end has put it. */
export async function unsettledPayments(knex: Knex, session: SessionRow): Promise<string[]> {
  if (hasTakenPlace(session)) return [];
  const subject = { sessionId: session.id, enrolmentId: session.enrolment_id };
  const unsettled: string[] = [];
  for (const payment of await listPayments(knex, subject)) {
    if (await isUnsettled(knex, payment, session)) unsettled.push(payment.id);
  }
  return unsettled;
}

async function isUnsettled(knex: Knex, payment: PaymentRow, session: SessionRow): Promise<boolean> {
  if (payment.state === 'authorised') return true;
  const refunds = await listRefunds(knex, payment.id);
  if (refunds.some(({ state, provider_ref }) => state === 'pending' && provider_ref === null)) {
    return true;
  }
  return payment.state === 'captured' && (await owedAtEnd(knex, payment, session)) > 0;
}

/**
 * What the end of a session owes of a captured payment and nobody has begun to give back, minor
 * units. Its own refund decides; one that has failed is a human's task already.
 */
export async function owedAtEnd(
  knex: Knex,
  payment: PaymentRow,
  session: SessionRow,
): Promise<number> {
  if (hasTakenPlace(session)) return 0;
  const refunds = await listRefunds(knex, payment.id);
  const isBegun = refunds.some(({ key, state }) => key.endsWith('/end') || state === 'failed');
  if (isBegun) return 0;
  // What was only authorised when it ended, or came later, goes back whole.
  const decided =
    session.status === 'cancelled' && session.payment === 'captured'
      ? await decidedRefundCents(knex, subjectOfPayment(payment))
      : null;
  const dueCents = decided ?? payment.captured_cents;
  return Math.max(0, Math.min(dueCents - payment.refunded_cents, refundableCents(payment)));
}

function hasTakenPlace({ status }: SessionRow): boolean {
  return status === 'completed' || status === 'no_show';
}
