import type { Knex } from 'knex';

export type PurchaseState = 'created' | 'requires_action' | 'processing' | 'paid' | 'failed';

/** Credits that a person buys by card. */
export interface CreditPurchaseRow {
  readonly id: string;
  readonly person_id: string;
  readonly amount_cents: number;
  readonly currency: string;
  readonly state: PurchaseState;
  readonly card_token: string | null;
  readonly saved_card_ref: string | null;
  readonly provider_ref: string | null;
  readonly error_code: string | null;
  readonly key_generation: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export interface NewCreditPurchase {
  readonly id: string;
  readonly personId: string;
  readonly amountCents: number;
  readonly currency: string;
  readonly cardToken: string;
}

/** Persists a wish to buy; repeating it with the same id changes nothing. */
export async function createCreditPurchase(
  knex: Knex,
  purchase: NewCreditPurchase,
): Promise<CreditPurchaseRow> {
  await knex('credit_purchases')
    .insert({
      id: purchase.id,
      person_id: purchase.personId,
      amount_cents: purchase.amountCents,
      currency: purchase.currency,
      card_token: purchase.cardToken,
      state: 'created',
    })
    .onConflict('id')
    .ignore();
  return knex('credit_purchases').where({ id: purchase.id }).first();
}

export async function findCreditPurchase(
  knex: Knex,
  id: string,
): Promise<CreditPurchaseRow | null> {
  return (await knex('credit_purchases').where({ id }).first()) ?? null;
}

export async function findCreditPurchaseByRef(
  knex: Knex,
  ref: string,
): Promise<CreditPurchaseRow | null> {
  return (await knex('credit_purchases').where({ provider_ref: ref }).first()) ?? null;
}

export async function lockCreditPurchase(
  trx: Knex.Transaction,
  id: string,
): Promise<CreditPurchaseRow | null> {
  return (await trx('credit_purchases').where({ id }).forUpdate().first()) ?? null;
}

export async function setPurchaseState(
  trx: Knex.Transaction,
  id: string,
  change: { readonly state: PurchaseState; readonly errorCode: string | null },
): Promise<void> {
  await trx('credit_purchases')
    .where({ id })
    .update({ state: change.state, error_code: change.errorCode, updated_at: trx.fn.now() });
}

/** Notes the provider's name for a purchase before anything is charged under it. */
export async function adoptPurchaseRef(knex: Knex, id: string, ref: string): Promise<boolean> {
  const updated = await knex('credit_purchases')
    .where({ id, state: 'created' })
    .where((query) => void query.whereNull('provider_ref').orWhere('provider_ref', ref))
    .update({ provider_ref: ref, updated_at: knex.fn.now() });
  return updated === 1;
}

export async function rememberPurchaseCard(knex: Knex, id: string, cardRef: string): Promise<void> {
  await knex('credit_purchases').where({ id }).update({ saved_card_ref: cardRef });
}

/** The next generation of idempotency keys, unless somebody else has begun it already. */
export async function renewPurchaseKeys(knex: Knex, purchase: CreditPurchaseRow): Promise<void> {
  await knex('credit_purchases')
    .where({ id: purchase.id, key_generation: purchase.key_generation })
    .update({ key_generation: purchase.key_generation + 1 });
}

export async function clinicOfPerson(knex: Knex, personId: string): Promise<string> {
  return (await knex('people').where({ id: personId }).first('clinic_id')).clinic_id;
}
