import { cleared, kept, place } from './place.ts';

const OWN = 't.person_id = :person';
const BOOKS = 'The books are kept as long as tax law asks for';
const ACCOUNTS = '(SELECT id FROM credit_accounts WHERE person_id = :person)';

/** Payments and prepaid credits. Amounts stay; what leads to a card goes. */
export const MONEY = [
  place('payments', {
    section: 'payments',
    of: OWN,
    shown: `id session_id attempt method state amount_cents currency captured_cents refunded_cents
      error_code created_at updated_at captured_at provider_ref enrolment_id`,
    hidden: `person_id card_token saved_card_ref capture_before setup_ref key_generation
      asked_method`,
    fate: cleared('card_token saved_card_ref setup_ref'),
    order: 't.created_at, t.id',
  }),
  place('refunds', {
    section: 'refunds',
    of: 't.payment_id IN (SELECT id FROM payments WHERE person_id = :person)',
    shown: 'id payment_id amount_cents reason state provider_ref created_at updated_at',
    hidden: 'key key_generation',
    fate: kept(BOOKS),
  }),
  place('credit_accounts', {
    section: 'creditAccounts',
    of: OWN,
    shown: 'id kind balance_cents',
    hidden: 'clinic_id person_id',
    fate: kept(BOOKS),
  }),
  place('credit_entries', {
    section: 'creditEntries',
    of: `t.account_id IN ${ACCOUNTS}`,
    shown: 'id transfer_id account_id amount_cents created_at',
    fate: kept(BOOKS),
    order: 't.id',
  }),
  place('credit_transfers', {
    section: 'creditTransfers',
    of: `t.id IN (SELECT transfer_id FROM credit_entries WHERE account_id IN ${ACCOUNTS})`,
    shown: 'id kind session_id payment_id created_at',
    hidden: 'key provider_ref',
    fate: kept(BOOKS),
  }),
  place('credit_purchases', {
    section: 'creditPurchases',
    of: OWN,
    shown: 'id amount_cents currency state error_code provider_ref created_at updated_at',
    hidden: 'person_id card_token saved_card_ref key_generation',
    fate: cleared('card_token saved_card_ref'),
  }),
];
