import type { Knex } from 'knex';
import type { PaymentState } from '../domain/payment.ts';
import { isNews, stateAfterRefunds } from '../domain/payment.ts';

/** One attempt of one person to pay for one session. Amounts are minor units. */
export interface PaymentRow {
  readonly id: string;
  readonly session_id: string;
  readonly person_id: string;
  /** The member's seat that it pays for, in a group. */
  readonly enrolment_id: string | null;
  readonly attempt: number;
  readonly method: 'card' | 'credits';
  /** What was asked for, whatever pays in the end; null for attempts of long ago. */
  readonly asked_method: 'card' | 'credits' | null;
  readonly state: PaymentState;
  readonly amount_cents: number;
  readonly currency: string;
  /** The card as the client named it. With `credits` it is the backup that pays the whole. */
  readonly card_token: string | null;
  /** The provider's PaymentIntent. */
  readonly provider_ref: string | null;
  /** The provider's SetupIntent, where the card is saved first. */
  readonly setup_ref: string | null;
  /** The provider's PaymentMethod. */
  readonly saved_card_ref: string | null;
  readonly capture_before: Date | null;
  readonly captured_cents: number;
  /** When the money was first known to be taken, by the database's clock. */
  readonly captured_at: Date | null;
  readonly refunded_cents: number;
  readonly error_code: string | null;
  readonly key_generation: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** By name, so that a connection may prepare the statements: see `prepared-statements.ts`. */
const COLUMNS = {
  id: true,
  session_id: true,
  person_id: true,
  enrolment_id: true,
  attempt: true,
  method: true,
  asked_method: true,
  state: true,
  amount_cents: true,
  currency: true,
  card_token: true,
  provider_ref: true,
  setup_ref: true,
  saved_card_ref: true,
  capture_before: true,
  captured_cents: true,
  captured_at: true,
  refunded_cents: true,
  error_code: true,
  key_generation: true,
  created_at: true,
  updated_at: true,
} as const satisfies Record<keyof PaymentRow, true>;

const FIND = `SELECT ${Object.keys(COLUMNS).join(', ')} FROM payments WHERE`;

export interface NewPayment {
  readonly id: string;
  readonly sessionId: string;
  readonly personId: string;
  /** The member's seat that it pays for, in a group. */
  readonly enrolmentId?: string | undefined;
  readonly method: 'card' | 'credits';
  readonly amountCents: number;
  readonly currency: string;
  readonly cardToken: string | null;
}

/** What is known of a payment after asking the provider. */
export interface PaymentFacts {
  readonly state: PaymentState;
  readonly capturedCents?: number;
  /** Epoch milliseconds. */
  readonly captureBeforeAt?: number | null;
  readonly savedCardRef?: string | null;
  readonly errorCode?: string | null;
}

/**
 * Persists the next attempt to pay; repeating it with the same id changes nothing. The lock
 * on the session keeps two attempts from taking the same number.
 */
export async function createPayment(
  trx: Knex.Transaction,
  payment: NewPayment,
): Promise<PaymentRow> {
  const { id, sessionId, personId, method, amountCents, currency, cardToken } = payment;
  const enrolmentId = payment.enrolmentId ?? null;
  await trx('sessions').where({ id: sessionId }).forNoKeyUpdate().first('id');
  await trx.raw(
    `INSERT INTO payments
       (id, session_id, person_id, enrolment_id, attempt, method, state, amount_cents, currency,
        card_token, asked_method)
     SELECT ?::uuid, ?::uuid, ?::uuid, ?::uuid, coalesce(max(attempt), 0) + 1, ?, 'created', ?, ?, ?,
       ?
       FROM payments WHERE session_id = ? AND person_id = ?
     ON CONFLICT (id) DO NOTHING`,
    [
      id,
      sessionId,
      personId,
      enrolmentId,
      method,
      amountCents,
      currency,
      cardToken,
      method,
      sessionId,
      personId,
    ],
  );
  return (await findPayment(trx, id))!;
}

export async function findPayment(knex: Knex, id: string): Promise<PaymentRow | null> {
  return firstOf(await knex.raw(`${FIND} id = ?`, [id]));
}

/** By the provider's name for its PaymentIntent or SetupIntent. */
export async function findPaymentByRef(knex: Knex, ref: string): Promise<PaymentRow | null> {
  return firstOf(await knex.raw(`${FIND} provider_ref = :ref OR setup_ref = :ref`, { ref }));
}

/** What is paid for: a session, or one member's seat in a group session. */
export interface PaymentSubject {
  readonly sessionId: string;
  readonly enrolmentId?: string | undefined;
}

/** The attempts to pay for it, latest first; of a group's members each has their own. */
export async function listPayments(
  knex: Knex,
  { sessionId, enrolmentId }: PaymentSubject,
): Promise<PaymentRow[]> {
  const { rows } = await knex.raw<Found>(
    `${FIND} session_id = ? AND enrolment_id IS NOT DISTINCT FROM ?::uuid
     ORDER BY attempt DESC, id`,
    [sessionId, enrolmentId ?? null],
  );
  return [...rows];
}

/** What an attempt pays for. */
export function subjectOfPayment({ session_id, enrolment_id }: PaymentRow): PaymentSubject {
  return { sessionId: session_id, enrolmentId: enrolment_id ?? undefined };
}

/** Reads a payment and keeps everybody else from changing it until the transaction ends. */
export async function lockPayment(trx: Knex.Transaction, id: string): Promise<PaymentRow | null> {
  return firstOf(await trx.raw(`${FIND} id = ? FOR UPDATE`, [id]));
}

interface Found {
  readonly rows: readonly PaymentRow[];
}

function firstOf({ rows }: Found): PaymentRow | null {
  return rows[0] ?? null;
}

/**
 * Takes the provider's facts into a locked row where they are news, and gives the row as it
 * stands afterwards.
 */
export async function applyFacts(
  trx: Knex.Transaction,
  payment: PaymentRow,
  facts: PaymentFacts,
): Promise<{ readonly payment: PaymentRow; readonly changed: boolean }> {
  if (!isNews(payment.state, facts.state)) return { payment, changed: false };
  const { state, capturedCents, captureBeforeAt, savedCardRef, errorCode } = facts;
  const columns = {
    state,
    updated_at: trx.fn.now(),
    ...(capturedCents === undefined
      ? {}
      : { captured_cents: capturedCents, captured_at: trx.fn.now() }),
    ...(savedCardRef === undefined ? {} : { saved_card_ref: savedCardRef }),
    ...(errorCode === undefined ? {} : { error_code: errorCode }),
    ...(captureBeforeAt === undefined
      ? {}
      : { capture_before: captureBeforeAt === null ? null : new Date(captureBeforeAt) }),
  };
  const [updated] = await trx('payments').where({ id: payment.id }).update(columns, '*');
  return { payment: updated as PaymentRow, changed: true };
}

/** Recomputes what has gone back from the refunds that succeeded or may still succeed. */
export async function recountRefunds(
  trx: Knex.Transaction,
  payment: PaymentRow,
): Promise<PaymentRow> {
  const { rows } = await trx.raw(
    `SELECT coalesce(sum(amount_cents), 0)::int AS cents FROM refunds
     WHERE payment_id = ? AND state <> 'failed'`,
    [payment.id],
  );
  const refundedCents: number = rows[0].cents;
  const [updated] = await trx('payments')
    .where({ id: payment.id })
    .update(
      {
        refunded_cents: refundedCents,
        state: stateAfterRefunds(payment.captured_cents, refundedCents),
        updated_at: trx.fn.now(),
      },
      '*',
    );
  return updated as PaymentRow;
}

/**
 * Notes the provider's name for an attempt, before anything can be charged under it. False
 * when the attempt was closed meanwhile or goes by another name already.
 */
export async function adoptRef(
  knex: Knex,
  paymentId: string,
  column: 'provider_ref' | 'setup_ref',
  ref: string,
): Promise<boolean> {
  const updated = await knex('payments')
    .where({ id: paymentId })
    .whereIn('state', ['created', 'saved'])
    .where((query) => void query.whereNull(column).orWhere(column, ref))
    .update({ [column]: ref, updated_at: knex.fn.now() });
  return updated === 1;
}

/**
 * Closes an attempt that the provider has never heard of, also one that was to be charged to a card
 * of another attempt. False when it has meanwhile.
 */
export async function closeUnknown(
  knex: Knex,
  paymentId: string,
  errorCode: string,
): Promise<boolean> {
  const updated = await knex('payments')
    .where({ id: paymentId, provider_ref: null, setup_ref: null })
    .whereIn('state', ['created', 'failed', 'saved'])
    .update({
      state: 'voided',
      error_code: knex.raw('coalesce(error_code, ?)', [errorCode]),
      updated_at: knex.fn.now(),
    });
  return updated === 1;
}

export async function rememberCard(knex: Knex, paymentId: string, cardRef: string): Promise<void> {
  await knex('payments').where({ id: paymentId }).update({ saved_card_ref: cardRef });
}

/** Credits did not suffice: the backup card pays the whole under the same attempt. */
export async function switchToCard(trx: Knex.Transaction, paymentId: string): Promise<void> {
  await trx('payments')
    .where({ id: paymentId, method: 'credits', state: 'created' })
    .update({ method: 'card', updated_at: trx.fn.now() });
}

/** The next generation of idempotency keys, unless somebody else has begun it already. */
export async function renewPaymentKeys(knex: Knex, payment: PaymentRow): Promise<void> {
  await knex('payments')
    .where({ id: payment.id, key_generation: payment.key_generation })
    .update({ key_generation: payment.key_generation + 1 });
}

export async function findCustomerRef(knex: Knex, personId: string): Promise<string | null> {
  const row = await knex('people').where({ id: personId }).first('stripe_customer_id');
  return row?.stripe_customer_id ?? null;
}

/** Keeps the first customer that was stored for a person and says which that is. */
export async function rememberCustomer(
  knex: Knex,
  personId: string,
  customerRef: string,
): Promise<string> {
  await knex('people')
    .where({ id: personId, stripe_customer_id: null })
    .update({ stripe_customer_id: customerRef });
  return (await findCustomerRef(knex, personId)) ?? customerRef;
}

/** The provider has deleted a customer: the next payment makes a new one. */
export async function forgetCustomer(knex: Knex, personId: string, ref: string): Promise<void> {
  await knex('people')
    .where({ id: personId, stripe_customer_id: ref })
    .update({ stripe_customer_id: null });
}
