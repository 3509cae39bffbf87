import { getClientSecret } from '../../activities/money/client-secret.ts';
import {
  type PaymentRow,
  type PaymentSubject,
  createPayment,
  listPayments,
} from '../../db/payments.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { holdsMoney } from '../../domain/payment.ts';
import { isEnded } from '../../domain/session.ts';
import * as messages from '../../workflows/messages/session.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Call } from '../http/handler.ts';
import { actorOf } from './acts.ts';
import { askSession } from './messages.ts';

export interface PaymentWish {
  readonly method: 'card' | 'credits';
  /** With credits, the card that pays the whole where they do not suffice. */
  readonly cardToken: string | null;
  readonly consents: Readonly<Record<string, true>>;
}

export interface Paid {
  readonly standing: messages.StandingAnswer;
  /** Null where nothing was due. */
  readonly payment: PaymentRow | null;
}

/**
 * Pays for a session, or resumes the attempt that an earlier request began. Throws
 * `payment_failed`, `insufficient_tokens` or `payment_action_required` with what the client
 * needs to go on.
 */
export async function paySession(
  call: Call,
  session: SessionRow,
  wish: PaymentWish,
): Promise<Paid> {
  const { deps } = call;
  if (isEnded(session.status) || session.status === 'in_progress') {
    throw new HoldfastError('wrong_state', 'This session can no longer be paid for.');
  }
  const current = await recordAttempt(call, session, wish);
  if (session.payment !== 'due' || current === null) {
    return { standing: { status: session.status, payment: session.payment }, payment: current };
  }
  const request = { actor: actorOf(call, session), paymentId: current.id };
  const answer = await askSession(deps, session, messages.payUpdate, request, call.newId);
  await assertPaid(call, answer, current);
  const { status, payment: standing } = answer;
  return {
    standing: { status, payment: standing },
    payment: settledOf(await listPayments(deps.knex, subjectOf(session))) ?? current,
  };
}

function subjectOf({ id, enrolment_id }: SessionRow): PaymentSubject {
  return { sessionId: id, enrolmentId: enrolment_id };
}

const SETTLED: ReadonlySet<string> = new Set(['authorised', 'saved', 'captured']);
const UNDECIDED: ReadonlySet<string> = new Set(['created', 'requires_action', 'processing']);

function settledOf(attempts: readonly PaymentRow[]): PaymentRow | null {
  return attempts.find(({ state }) => SETTLED.has(state)) ?? null;
}

/** The attempt that this request repeats: not decided yet, or paid since the session was read. */
function isSameAttempt(attempt: PaymentRow, wish: PaymentWish): boolean {
  const { state, card_token, asked_method } = attempt;
  if (card_token !== wish.cardToken) return false;
  if (holdsMoney(state)) return true;
  return UNDECIDED.has(state) && (asked_method === null || asked_method === wish.method);
}

/**
 * Consents and, where one is needed, the attempt are on record before any provider is asked.
 * The lock on the session makes the same request twice one attempt.
 */
async function recordAttempt(
  call: Call,
  session: SessionRow,
  wish: PaymentWish,
): Promise<PaymentRow | null> {
  const { deps, principal, requestId, newId } = call;
  const context = auditContext(principal, requestId);
  return inTransaction(deps.knex, context, async (trx, audit) => {
    await trx('enrolments')
      .where({ session_id: session.id, person_id: principal.personId })
      .whereNotIn('state', ['left', 'cancelled'])
      .update({
        consents: trx.raw('consents || ?::jsonb', [JSON.stringify(wish.consents)]),
        updated_at: trx.fn.now(),
      });
    audit({
      action: 'session.consented',
      objectType: 'session',
      objectId: session.id,
      subjectId: principal.personId,
    });
    await trx('sessions').where({ id: session.id }).forNoKeyUpdate().first('id');
    const attempts = await listPayments(trx, subjectOf(session));
    if (session.payment !== 'due') return settledOf(attempts);
    const known = attempts.find((attempt) => isSameAttempt(attempt, wish));
    if (known !== undefined) return known;
    return createPayment(trx, {
      id: newId,
      sessionId: session.id,
      personId: principal.personId,
      enrolmentId: session.enrolment_id,
      method: wish.method,
      amountCents: session.due_cents,
      currency: session.currency,
      cardToken: wish.cardToken,
    });
  });
}

async function assertPaid(
  call: Call,
  { outcome }: messages.PayAnswer,
  payment: PaymentRow,
): Promise<void> {
  if (outcome.kind === 'action_required') {
    throw new HoldfastError(
      'payment_action_required',
      'The card holder has to confirm this payment; confirm it and send this request again.',
      { clientSecret: await getClientSecret(call.deps, payment.id) },
    );
  }
  if (outcome.kind !== 'failed') return;
  if (outcome.code === 'insufficient_tokens') {
    throw new HoldfastError(
      'insufficient_tokens',
      'Your credits do not suffice for this session.',
      {
        requiredCents: outcome.requiredCents ?? payment.amount_cents,
        balanceCents: outcome.balanceCents ?? 0,
      },
    );
  }
  throw new HoldfastError('payment_failed', 'The payment was refused; try another card.', {
    paymentError: outcome.providerCode ?? 'card_declined',
  });
}
