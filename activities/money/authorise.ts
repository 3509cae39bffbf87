import { reserveCredits } from '../../db/credits.ts';
import {
  applyFacts,
  listPayments,
  lockPayment,
  subjectOfPayment,
  switchToCard,
} from '../../db/payments.ts';
import type { PaymentRow } from '../../db/payments.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { assertNever } from '../../domain/assert-never.ts';
import { ensureMethod } from './card-customer.ts';
import { chargeOfPayment } from './charge.ts';
import { closePayment } from './close.ts';
import { creditPaymentOf, loadPayment } from './context.ts';
import type { PaymentContext } from './context.ts';
import type { AuthoriseOutcome, Subject } from './contract.ts';
import { asSystem } from './deps.ts';
import type { MoneyDeps } from './deps.ts';
import { giveUp, isRefusal } from './failures.ts';
import { confirmOnce, ensureIntent } from './intent-steps.ts';
import { observeIntent, recordEnd } from './observe.ts';
import { saveCard } from './save-card.ts';

/**
 * Gets hold of the money of one attempt: credits are reserved, a card is authorised, or saved
 * where the plan charges near the date. Earlier attempts of the same person are closed first,
 * and where one of them turns out to hold the money, that is the answer.
 */
export async function authorisePayment(
  deps: MoneyDeps,
  { paymentId }: { readonly paymentId: string },
): Promise<AuthoriseOutcome> {
  const context = await loadPayment(deps.knex, paymentId);
  const { payment } = context;
  if (!isUndecided(payment)) return outcomeOf(payment);
  const earlier = await closeEarlier(deps, context);
  if (earlier !== null) return earlier;
  if (payment.method === 'card') return payByCard(deps, context);
  const reserved = await reserve(deps, context);
  if (reserved !== null) return reserved;
  return payByCard(deps, await loadPayment(deps.knex, paymentId));
}

function isUndecided({ state }: PaymentRow): boolean {
  return state === 'created' || state === 'requires_action' || state === 'processing';
}

/** Authorises the card that was saved for a session; its holder is not there to confirm anything. */
export async function chargeSavedCard(
  deps: MoneyDeps,
  subject: Subject,
): Promise<AuthoriseOutcome> {
  const payments = await listPayments(deps.knex, subject);
  const payment = payments.find(isForSavedCard);
  if (payment === undefined) {
    return { kind: 'failed', code: 'payment_failed', providerCode: 'no_saved_card' };
  }
  const isUnderWay = payment.provider_ref !== null && isUndecided(payment);
  if (payment.state !== 'saved' && !isUnderWay) return outcomeOf(payment);
  return orRefused(deps, payment, () => chargeCard(deps, payment, 'charge'));
}

/** Its card was saved for it, or comes from another occurrence of its series. */
function isForSavedCard({ setup_ref, card_token, saved_card_ref }: PaymentRow): boolean {
  return setup_ref !== null || (card_token === null && saved_card_ref !== null);
}

async function payByCard(
  deps: MoneyDeps,
  { payment, session }: PaymentContext,
): Promise<AuthoriseOutcome> {
  return orRefused(deps, payment, () => {
    const isSaving = payment.setup_ref !== null || isChargedLater(session, deps.now());
    const saves = isSaving && payment.provider_ref === null;
    return saves ? saveCard(deps, payment) : chargeCard(deps, payment, 'authorise');
  });
}

function isChargedLater({ plan, starts_at }: SessionRow, now: number): boolean {
  const { timing, nearSessionMs } = plan.payment;
  return timing === 'near_session' && starts_at.getTime() - now > nearSessionMs;
}

async function chargeCard(
  deps: MoneyDeps,
  payment: PaymentRow,
  step: 'authorise' | 'charge',
): Promise<PaymentRow> {
  const offSession = step === 'charge';
  const charge = chargeOfPayment(deps, payment);
  const methodRef = await ensureMethod(deps, charge);
  const intent = await ensureIntent(deps, charge, { step, saveCard: !offSession });
  if (intent === null) return recordEnd(deps, payment.id, 'voided', 'closed');
  const asked = await confirmOnce(deps, charge, intent, { step, methodRef, offSession });
  return observeIntent(deps, payment.id, asked);
}

/** A refusal of the request itself, such as an unknown card, ends the attempt like a decline. */
async function orRefused(
  deps: MoneyDeps,
  payment: PaymentRow,
  pay: () => Promise<PaymentRow>,
): Promise<AuthoriseOutcome> {
  try {
    return outcomeOf(await pay());
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return outcomeOf(await recordEnd(deps, payment.id, 'failed', error.code));
  }
}

/** Null when the credits do not suffice and a backup card is to pay the whole. */
async function reserve(
  deps: MoneyDeps,
  { payment, session }: PaymentContext,
): Promise<AuthoriseOutcome | null> {
  return asSystem(deps, async (trx) => {
    const locked = await lockPayment(trx, payment.id);
    if (locked === null) throw giveUp('not_found');
    if (locked.method === 'card') return null;
    if (locked.state !== 'created') return outcomeOf(locked);
    const reserved = await reserveCredits(trx, creditPaymentOf(locked, session.clinic_id));
    if (reserved.kind !== 'insufficient') {
      const { payment: paid } = await applyFacts(trx, locked, { state: 'authorised' });
      return outcomeOf(paid);
    }
    if (locked.card_token !== null) {
      await switchToCard(trx, locked.id);
      return null;
    }
    await applyFacts(trx, locked, { state: 'failed', errorCode: 'insufficient_tokens' });
    return {
      kind: 'failed',
      code: 'insufficient_tokens',
      requiredCents: locked.amount_cents,
      balanceCents: reserved.balanceCents,
    };
  });
}

/** Two attempts must never both hold money: what went before is closed before more is asked for. */
async function closeEarlier(
  deps: MoneyDeps,
  { payment, session }: PaymentContext,
): Promise<AuthoriseOutcome | null> {
  const attempts = await listPayments(deps.knex, subjectOfPayment(payment));
  const earlier = attempts.filter(
    (other) => other.person_id === payment.person_id && other.attempt < payment.attempt,
  );
  for (const other of earlier) {
    const closed = await closePayment(deps, other, session.clinic_id, 'superseded');
    if (closed.kind === 'closed') continue;
    if (closed.kind === 'processing') return { kind: 'processing' };
    await recordEnd(deps, payment.id, 'voided', 'superseded');
    return outcomeOf(closed.payment);
  }
  return null;
}

/** What the caller hears about a payment in this state. */
export function outcomeOf(payment: PaymentRow): AuthoriseOutcome {
  const { state } = payment;
  switch (state) {
    case 'authorised':
      return { kind: 'authorised', captureBeforeAt: payment.capture_before?.getTime() ?? null };
    case 'captured':
    case 'refunded':
      return { kind: 'authorised', captureBeforeAt: null };
    case 'saved':
    case 'processing':
      return { kind: state };
    case 'requires_action':
      return { kind: 'action_required' };
    case 'created':
    case 'failed':
    case 'lapsed':
    case 'voided':
      return failedOutcome(payment);
    default:
      return assertNever(state);
  }
}

function failedOutcome({ error_code, state }: PaymentRow): AuthoriseOutcome {
  if (error_code === 'insufficient_tokens') return { kind: 'failed', code: error_code };
  return { kind: 'failed', code: 'payment_failed', providerCode: error_code ?? state };
}
