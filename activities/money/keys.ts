import type { PaymentRow } from '../../db/payments.ts';
import type { RefundRow } from '../../db/refunds.ts';
import type { Metadata } from '../gateways/card-gateway.ts';

/** Session, step and the client's attempt, and whose attempt it is; opaque ids only. */
export function stepKey(payment: PaymentRow, step: string): string {
  const { session_id: session, person_id: person, attempt, key_generation } = payment;
  return withGeneration(`${session}/${person}/${attempt}/${step}`, key_generation);
}

export function refundKey(payment: PaymentRow, refund: RefundRow): string {
  return withGeneration(stepKey(payment, `refund/${refund.id}`), refund.key_generation);
}

export function withGeneration(key: string, generation: number): string {
  return generation === 0 ? key : `${key}/${generation}`;
}

/** All that the provider is told about what is paid for. */
export function metadataOf(payment: PaymentRow): Metadata {
  return { session_id: payment.session_id, payment_id: payment.id };
}
