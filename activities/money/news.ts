import { findCreditPurchase, findCreditPurchaseByRef } from '../../db/credit-purchases.ts';
import { listPayments, subjectOfPayment } from '../../db/payments.ts';
import type { PaymentRow, PaymentSubject } from '../../db/payments.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { isUuid } from '../../domain/ids.ts';
import { type PaymentState, holdsMoney } from '../../domain/payment.ts';
import { isEnded } from '../../domain/session.ts';
import type { CardEvent } from '../gateways/card-gateway.ts';
import { type PaymentContext, loadPayment } from './context.ts';
import type { MoneyDeps } from './deps.ts';
import { recordDispute } from './disputes.ts';
import { recordPurchaseRefunds } from './purchase-refunds.ts';
import { findPaymentOf, syncPayment } from './sync.ts';

/** Whom an event of the card provider concerns, once the database has its truth. */
export type CardNews =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'payment'; readonly paymentId: string } & PaymentSubject)
  | { readonly kind: 'purchase'; readonly purchaseId: string };

/** The card provider tells of everything on the account; most of it moves no money of ours. */
const RELEVANT =
  /^(payment_intent|setup_intent)\.(?!created$)|^refund\.|^charge\.(refund|expired|dispute)/;

const REFUND = /^refund\.|^charge\.refund/;

/** Whether anybody may have to hear of events of this type. */
export function isMoneyNews(type: string): boolean {
  return RELEVANT.test(type);
}

/**
 * Brings the database up to date on whatever an event is about, from the provider's objects
 * as they are now. The event itself is only a hint: it may be old, doubled or out of order.
 * `none` when nobody needs to hear of it.
 */
export async function takeCardEvent(deps: MoneyDeps, event: CardEvent): Promise<CardNews> {
  if (!isMoneyNews(event.type)) return { kind: 'none' };
  if (event.dispute !== null) {
    if (event.intentRef !== null) await recordDispute(deps, event.intentRef, event.dispute);
    return { kind: 'none' };
  }
  const { intentRef, setupRef, metadata } = event;
  const payment = await findPaymentOf(deps, [intentRef, setupRef], metadata['payment_id']);
  if (payment !== null) return newsOfPayment(deps, payment.id, event.type);
  const purchase =
    (intentRef === null ? null : await findCreditPurchaseByRef(deps.knex, intentRef)) ??
    (await purchaseNamed(deps, metadata['purchase_id']));
  if (purchase === null) return { kind: 'none' };
  if (REFUND.test(event.type)) await recordPurchaseRefunds(deps, purchase);
  return { kind: 'purchase', purchaseId: purchase.id };
}

function purchaseNamed(
  { knex }: MoneyDeps,
  purchaseId: string | undefined,
): ReturnType<typeof findCreditPurchase> {
  const isNamed = purchaseId !== undefined && isUuid(purchaseId);
  return isNamed ? findCreditPurchase(knex, purchaseId) : Promise.resolve(null);
}

async function newsOfPayment(deps: MoneyDeps, paymentId: string, type: string): Promise<CardNews> {
  const known = await standingOf(deps, paymentId);
  const { payment, session, attempts } = isEcho(type, known)
    ? known
    : await syncPayment(deps, { paymentId }).then(() => standingOf(deps, paymentId));
  if (isInAgreement(payment, session, attempts)) return { kind: 'none' };
  return { kind: 'payment', paymentId, ...subjectOfPayment(payment) };
}

interface Standing extends PaymentContext {
  readonly attempts: readonly PaymentRow[];
}

async function standingOf({ knex }: MoneyDeps, paymentId: string): Promise<Standing> {
  const context = await loadPayment(knex, paymentId);
  return { ...context, attempts: await listPayments(knex, subjectOfPayment(context.payment)) };
}

/** The states in which a payment has been where an event of the type says that it has come to. */
const REACHED: Readonly<Record<string, readonly PaymentState[]>> = {
  'payment_intent.amount_capturable_updated': ['authorised', 'captured', 'refunded'],
  'payment_intent.succeeded': ['captured', 'refunded'],
};

/**
 * Whether an event says nothing that our record lacks, so that the provider need not be asked:
 * whatever has come after it has an event of its own. Money of two attempts is always looked into.
 */
function isEcho(type: string, { payment, attempts }: Standing): boolean {
  if (attempts.filter(({ state }) => holdsMoney(state)).length > 1) return false;
  return REACHED[type]?.includes(payment.state) === true;
}

/**
 * Whether the session knows already: most events only echo what its own workflow has just
 * done. Comparing the rows, instead of remembering what was told, lets no crash in between
 * lose the news.
 */
function isInAgreement(
  payment: PaymentRow,
  session: SessionRow,
  attempts: readonly PaymentRow[],
): boolean {
  switch (payment.state) {
    case 'created':
    case 'requires_action':
    case 'processing':
    case 'refunded':
      return true;
    case 'saved':
      return session.payment !== 'due' || isEnded(session.status);
    case 'authorised':
    case 'captured':
      return session.payment === payment.state && !isEnded(session.status);
    default: {
      const isCovered = attempts.some(({ state }) => holdsMoney(state) || state === 'saved');
      return isCovered || session.payment === 'due' || session.payment === 'not_due';
    }
  }
}
