import type { Knex } from 'knex';
import { v7 } from 'uuid';

/**
 * Prepaid credits as a double-entry ledger: every transfer takes from one account what it
 * gives to others, and has a key under which it happens once. `balance` and `reserved`
 * belong to a person and never go below zero; `sold` and `earned` belong to the clinic.
 */
type AccountKind = 'balance' | 'reserved' | 'sold' | 'earned';
type TransferKind = 'purchase' | 'reserve' | 'capture' | 'void' | 'refund';

export interface CreditOwner {
  readonly personId: string;
  readonly clinicId: string;
}

interface Transfer {
  readonly key: string;
  readonly kind: TransferKind;
  readonly sessionId?: string;
  readonly paymentId?: string;
  readonly providerRef?: string;
  /** Adds up to zero; accounts that neither gain nor lose may be listed with zero. */
  readonly moves: Readonly<Partial<Record<AccountKind, number>>>;
}

interface AccountRow {
  readonly id: string;
  readonly kind: AccountKind;
  readonly balance_cents: string;
}

export type TransferOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'repeated' }
  | { readonly kind: 'insufficient'; readonly balanceCents: number };

export interface CreditPayment extends CreditOwner {
  readonly paymentId: string;
  readonly sessionId: string;
  readonly amountCents: number;
}

/** Sets credits aside for a payment, or says how much there is when it does not suffice. */
export function reserveCredits(
  trx: Knex.Transaction,
  payment: CreditPayment,
): Promise<TransferOutcome> {
  const { paymentId, sessionId, amountCents } = payment;
  return transfer(trx, payment, {
    key: `reserve/${paymentId}`,
    kind: 'reserve',
    sessionId,
    paymentId,
    moves: { balance: -amountCents, reserved: amountCents },
  });
}

/**
 * Ends a reservation: `keepCents` are earned, the rest goes back. Capturing and voiding
 * share one key, so that a reservation can end in one way only.
 */
export function settleCredits(
  trx: Knex.Transaction,
  payment: CreditPayment,
  keepCents: number,
): Promise<TransferOutcome> {
  const { paymentId, sessionId, amountCents } = payment;
  return transfer(trx, payment, {
    key: `settle/${paymentId}`,
    kind: keepCents > 0 ? 'capture' : 'void',
    sessionId,
    paymentId,
    moves: { reserved: -amountCents, earned: keepCents, balance: amountCents - keepCents },
  });
}

/** Gives captured credits back; the caller has checked that they were captured. */
export function refundCredits(
  trx: Knex.Transaction,
  payment: CreditPayment,
  refund: { readonly key: string; readonly amountCents: number },
): Promise<TransferOutcome> {
  return transfer(trx, payment, {
    key: `refund/${refund.key}`,
    kind: 'refund',
    sessionId: payment.sessionId,
    paymentId: payment.paymentId,
    moves: { earned: -refund.amountCents, balance: refund.amountCents },
  });
}

/** Credits that were paid for by card. */
export function addPurchasedCredits(
  trx: Knex.Transaction,
  purchase: CreditOwner & {
    readonly purchaseId: string;
    readonly amountCents: number;
    readonly providerRef: string;
  },
): Promise<TransferOutcome> {
  return transfer(trx, purchase, {
    key: `purchase/${purchase.purchaseId}`,
    kind: 'purchase',
    providerRef: purchase.providerRef,
    moves: { sold: -purchase.amountCents, balance: purchase.amountCents },
  });
}

/** All transfers of one key touch the same accounts, so their locks put repetitions in a row. */
async function transfer(
  trx: Knex.Transaction,
  owner: CreditOwner,
  wish: Transfer,
): Promise<TransferOutcome> {
  const moves = Object.entries(wish.moves).filter(([, cents]) => cents !== 0) as [
    AccountKind,
    number,
  ][];
  const accounts = await lockAccounts(trx, owner, Object.keys(wish.moves) as AccountKind[]);
  if (await trx('credit_transfers').where({ key: wish.key }).first('id')) {
    return { kind: 'repeated' };
  }
  const short = accounts.find((account) => isShort(account, wish.moves[account.kind] ?? 0));
  if (short !== undefined) {
    return { kind: 'insufficient', balanceCents: Number(short.balance_cents) };
  }
  const transferId = v7();
  await trx('credit_transfers').insert({
    id: transferId,
    key: wish.key,
    kind: wish.kind,
    session_id: wish.sessionId ?? null,
    payment_id: wish.paymentId ?? null,
    provider_ref: wish.providerRef ?? null,
  });
  await trx('credit_entries').insert(
    moves.map(([kind, cents]) => ({
      transfer_id: transferId,
      account_id: accounts.find((account) => account.kind === kind)?.id,
      amount_cents: cents,
    })),
  );
  return { kind: 'done' };
}

function isShort(account: AccountRow, cents: number): boolean {
  const isPersonal = account.kind === 'balance' || account.kind === 'reserved';
  return isPersonal && Number(account.balance_cents) + cents < 0;
}

/** Locks accounts in the order of their ids, so that transfers never wait for each other in a ring. */
async function lockAccounts(
  trx: Knex.Transaction,
  { personId, clinicId }: CreditOwner,
  kinds: readonly AccountKind[],
): Promise<AccountRow[]> {
  const select = `SELECT id, kind, balance_cents FROM credit_accounts
    WHERE kind = ANY(?) AND (person_id = ? OR (person_id IS NULL AND clinic_id = ?))
    ORDER BY id FOR UPDATE`;
  const bindings = [[...kinds], personId, clinicId];
  const found = await trx.raw(select, bindings);
  if (found.rows.length === kinds.length) return found.rows;
  await createAccounts(trx, { personId, clinicId });
  return (await trx.raw(select, bindings)).rows;
}

async function createAccounts(
  trx: Knex.Transaction,
  { personId, clinicId }: CreditOwner,
): Promise<void> {
  for (const kind of ['balance', 'reserved', 'sold', 'earned'] as const) {
    const isPersonal = kind === 'balance' || kind === 'reserved';
    await trx.raw(
      `INSERT INTO credit_accounts (id, clinic_id, person_id, kind) VALUES (?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      [v7(), clinicId, isPersonal ? personId : null, kind],
    );
  }
}

export interface CreditBalance {
  readonly balanceCents: number;
  readonly reservedCents: number;
}

export async function creditBalance(knex: Knex, personId: string): Promise<CreditBalance> {
  const rows: AccountRow[] = await knex('credit_accounts').where({ person_id: personId });
  const centsOf = (kind: AccountKind): number =>
    Number(rows.find((row) => row.kind === kind)?.balance_cents ?? 0);
  return { balanceCents: centsOf('balance'), reservedCents: centsOf('reserved') };
}

/** One movement of a person's spendable balance. */
export interface CreditEntry {
  readonly id: string;
  readonly kind: TransferKind;
  readonly sessionId: string | null;
  /** Negative where credits left the balance. */
  readonly amountCents: number;
  readonly createdAt: Date;
}

/** A person's movements, newest first; `before` is the id of the last one of the page before. */
export async function listCreditEntries(
  knex: Knex,
  personId: string,
  page: { readonly before?: string; readonly limit: number },
): Promise<CreditEntry[]> {
  const query = knex('credit_entries as entry')
    .join('credit_accounts as account', 'account.id', 'entry.account_id')
    .join('credit_transfers as transfer', 'transfer.id', 'entry.transfer_id')
    .where({ 'account.person_id': personId, 'account.kind': 'balance' });
  if (page.before !== undefined) void query.where('entry.id', '<', page.before);
  const rows = await query
    .orderBy('entry.id', 'desc')
    .limit(page.limit)
    .select(
      'entry.id',
      'transfer.kind',
      'transfer.session_id',
      'entry.amount_cents',
      'entry.created_at',
    );
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    sessionId: row.session_id,
    amountCents: Number(row.amount_cents),
    createdAt: row.created_at,
  }));
}
