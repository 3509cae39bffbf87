import {
  findPayment,
  findPaymentByRef,
  listPayments,
  subjectOfPayment,
} from '../../db/payments.ts';
import type { PaymentRow } from '../../db/payments.ts';
import { isUuid } from '../../domain/ids.ts';
import { holdsMoney, isOver } from '../../domain/payment.ts';
import { release } from './close.ts';
import { loadPayment } from './context.ts';
import type { Subject, SyncOutcome } from './contract.ts';
import type { MoneyDeps } from './deps.ts';
import { observeIntent, observeSetup } from './observe.ts';
import { refundOne } from './refund.ts';
import { syncRefunds } from './settle-refund.ts';

/**
 * Fetches the provider's truth about a payment into its row and says how the money stands.
 * News of an attempt that came to nothing must not hide a later one: then that one counts.
 * With `sessionId`, a payment that is not this session's is `unknown`: whoever reaches the
 * session's workflow can name any payment, and another session's money must not pay for this one.
 */
export async function syncPayment(
  deps: MoneyDeps,
  { paymentId, ...subject }: { readonly paymentId: string } & Partial<Subject>,
): Promise<SyncOutcome> {
  if (subject.sessionId !== undefined && !(await isOf(deps, paymentId, subject))) {
    return { kind: 'unknown' };
  }
  const { payment, session } = await loadPayment(deps.knex, paymentId);
  const fetched = await fetchTruth(deps, payment);
  if (holdsMoney(fetched.state)) await releaseExcess(deps, fetched, session.clinic_id);
  const attempts = await listPayments(deps.knex, subjectOfPayment(payment));
  const own = attempts.filter((each) => each.person_id === payment.person_id);
  return syncOutcomeOf(own.find((each) => holdsMoney(each.state)) ?? latestOf(own, fetched));
}

async function isOf(
  { knex }: MoneyDeps,
  paymentId: string,
  { sessionId, enrolmentId }: Partial<Subject>,
): Promise<boolean> {
  const payment = isUuid(paymentId) ? await findPayment(knex, paymentId) : null;
  return payment?.session_id === sessionId && payment?.enrolment_id === (enrolmentId ?? null);
}

/** The attempt itself unless it is over and others came after it. */
function latestOf(attempts: readonly PaymentRow[], payment: PaymentRow): PaymentRow {
  const [latest] = attempts;
  const isThroughWithIt = isOver(payment.state) || payment.state === 'failed';
  return isThroughWithIt && latest !== undefined ? latest : payment;
}

/**
 * The payment that a provider's object belongs to: by the object's name, or by the id that
 * we told the provider when our own record of the name got lost.
 */
export async function findPaymentOf(
  { knex }: Pick<MoneyDeps, 'knex'>,
  refs: readonly (string | null)[],
  paymentId: string | undefined,
): Promise<PaymentRow | null> {
  for (const ref of refs) {
    const payment = ref === null ? null : await findPaymentByRef(knex, ref);
    if (payment !== null) return payment;
  }
  return paymentId === undefined || !isUuid(paymentId) ? null : findPayment(knex, paymentId);
}

async function fetchTruth(deps: MoneyDeps, payment: PaymentRow): Promise<PaymentRow> {
  if (payment.method === 'credits') return payment;
  if (payment.provider_ref === null) {
    if (payment.setup_ref === null) return payment;
    return observeSetup(deps, payment.id, await deps.cards.retrieveSetup(payment.setup_ref));
  }
  const intent = await deps.cards.retrieveIntent(payment.provider_ref);
  const observed = await observeIntent(deps, payment.id, intent);
  return intent.status === 'succeeded' ? syncRefunds(deps, observed, intent.ref) : observed;
}

/**
 * Money of two attempts for one session is one too many: what was captured stays, else the
 * latest attempt, which is the one that the session is dealing with.
 */
async function releaseExcess(
  deps: MoneyDeps,
  payment: PaymentRow,
  clinicId: string,
): Promise<void> {
  const holding = (await listPayments(deps.knex, subjectOfPayment(payment))).filter(
    (each) => each.person_id === payment.person_id && holdsMoney(each.state),
  );
  const kept = holding.find((each) => each.state === 'captured') ?? holding[0];
  for (const excess of holding) {
    if (excess.id === kept?.id) continue;
    if (excess.state === 'authorised') await release(deps, excess, clinicId);
    else await refundAll(deps, excess, clinicId, 'duplicate');
  }
}

/** Gives back whatever of a payment was taken and has not gone back yet. */
export async function refundAll(
  deps: MoneyDeps,
  payment: PaymentRow,
  clinicId: string,
  reason: string,
): Promise<void> {
  const refundCents = payment.captured_cents;
  await refundOne(deps, payment, clinicId, { refundCents, reason, step: reason });
}

function syncOutcomeOf({ state, capture_before }: PaymentRow): SyncOutcome {
  if (state !== 'authorised') return { kind: state };
  return { kind: state, captureBeforeAt: capture_before?.getTime() ?? null };
}
