import { clinicOfPerson, findCreditPurchaseByRef } from '../../db/credit-purchases.ts';
import { findPaymentByRef } from '../../db/payments.ts';
import { findSession } from '../../db/sessions.ts';
import { openTask } from '../../db/tasks.ts';
import type { Dispute } from '../gateways/card-gateway.ts';
import type { MoneyDeps } from './deps.ts';

/** A disputed charge becomes one task for a human, whatever is heard of it and how often. */
export async function recordDispute(
  { knex }: Pick<MoneyDeps, 'knex'>,
  intentRef: string,
  dispute: Dispute,
): Promise<void> {
  const subject = await subjectOf({ knex }, intentRef);
  if (subject === null) return;
  await openTask(knex, {
    ...subject,
    key: `dispute/${dispute.ref}`,
    kind: 'dispute',
    data: {
      dispute: dispute.ref,
      amountCents: dispute.amountCents,
      reason: dispute.reason,
      status: dispute.status,
    },
  });
}

async function subjectOf(
  { knex }: Pick<MoneyDeps, 'knex'>,
  intentRef: string,
): Promise<{ clinicId: string; sessionId?: string; paymentId?: string } | null> {
  const payment = await findPaymentByRef(knex, intentRef);
  if (payment !== null) {
    const session = await findSession(knex, payment.session_id);
    const ids = { sessionId: payment.session_id, paymentId: payment.id };
    return session === null ? null : { clinicId: session.clinic_id, ...ids };
  }
  const purchase = await findCreditPurchaseByRef(knex, intentRef);
  return purchase === null ? null : { clinicId: await clinicOfPerson(knex, purchase.person_id) };
}
