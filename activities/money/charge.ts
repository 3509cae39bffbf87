import {
  adoptPurchaseRef,
  findCreditPurchase,
  rememberPurchaseCard,
  renewPurchaseKeys,
} from '../../db/credit-purchases.ts';
import type { CreditPurchaseRow } from '../../db/credit-purchases.ts';
import { adoptRef, findPayment, rememberCard, renewPaymentKeys } from '../../db/payments.ts';
import type { PaymentRow } from '../../db/payments.ts';
import type { Metadata } from '../gateways/card-gateway.ts';
import type { MoneyDeps } from './deps.ts';
import { giveUp } from './failures.ts';
import { metadataOf, stepKey, withGeneration } from './keys.ts';

/** What the steps at the card provider need to know of a payment, whatever it pays for. */
export interface Charge {
  readonly personId: string;
  readonly keyGeneration: number;
  readonly intentRef: string | null;
  readonly cardToken: string | null;
  readonly savedCardRef: string | null;
  readonly amountCents: number;
  readonly currency: string;
  readonly capture: 'manual' | 'automatic';
  readonly createdAt: Date;
  /** All that the provider is told about what is paid for: opaque ids. */
  readonly metadata: Metadata;
  keyOf(step: string): string;
  /**
   * Stores the intent's name before anything is charged under it. Gives the name that counts,
   * or null when the payment was closed meanwhile.
   */
  adopt(intentRef: string): Promise<string | null>;
  rememberCard(methodRef: string): Promise<void>;
  renewKeys(): Promise<void>;
}

export function chargeOfPayment({ knex }: MoneyDeps, payment: PaymentRow): Charge {
  return {
    personId: payment.person_id,
    keyGeneration: payment.key_generation,
    intentRef: payment.provider_ref,
    cardToken: payment.card_token,
    savedCardRef: payment.saved_card_ref,
    amountCents: payment.amount_cents,
    currency: payment.currency,
    capture: 'manual',
    createdAt: payment.created_at,
    metadata: metadataOf(payment),
    keyOf: (step) => stepKey(payment, step),
    async adopt(ref) {
      if (await adoptRef(knex, payment.id, 'provider_ref', ref)) return ref;
      const current = await findPayment(knex, payment.id);
      if (current === null) throw giveUp('not_found');
      return current.provider_ref;
    },
    rememberCard: (methodRef) => rememberCard(knex, payment.id, methodRef),
    renewKeys: () => renewPaymentKeys(knex, payment),
  };
}

export function chargeOfPurchase({ knex }: MoneyDeps, purchase: CreditPurchaseRow): Charge {
  return {
    personId: purchase.person_id,
    keyGeneration: purchase.key_generation,
    intentRef: purchase.provider_ref,
    cardToken: purchase.card_token,
    savedCardRef: purchase.saved_card_ref,
    amountCents: purchase.amount_cents,
    currency: purchase.currency,
    capture: 'automatic',
    createdAt: purchase.created_at,
    metadata: { purchase_id: purchase.id },
    keyOf: (step) => withGeneration(`purchase/${purchase.id}/${step}`, purchase.key_generation),
    async adopt(ref) {
      if (await adoptPurchaseRef(knex, purchase.id, ref)) return ref;
      const current = await findCreditPurchase(knex, purchase.id);
      if (current === null) throw giveUp('not_found');
      return current.provider_ref;
    },
    rememberCard: (methodRef) => rememberPurchaseCard(knex, purchase.id, methodRef),
    renewKeys: () => renewPurchaseKeys(knex, purchase),
  };
}
