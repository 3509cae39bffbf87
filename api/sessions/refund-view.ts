import type { Knex } from 'knex';
import type { SessionRow } from '../../db/sessions.ts';
import type { CancelAnswer } from '../../workflows/messages/session.ts';

export interface RefundView {
  readonly refund_method: 'mvt_tokens' | 'credit_card' | 'none';
  readonly refund_processing_time: string;
  readonly refund_transaction_id?: string;
}

/** Where a cancelled session's money goes and how long that takes. */
export async function refundOf(
  knex: Knex,
  session: Pick<SessionRow, 'id' | 'enrolment_id'>,
  answer: CancelAnswer,
): Promise<RefundView> {
  if (answer.refundCents === 0) return { refund_method: 'none', refund_processing_time: 'none' };
  const result = await knex.raw(
    `SELECT refunds.id, payments.method FROM refunds JOIN payments ON payments.id = refunds.payment_id
     WHERE payments.session_id = ? AND payments.enrolment_id IS NOT DISTINCT FROM ?::uuid
     ORDER BY refunds.created_at DESC LIMIT 1`,
    [session.id, session.enrolment_id ?? null],
  );
  const refund: { id: string; method: 'card' | 'credits' } | undefined = result.rows[0];
  const byCredits = refund?.method === 'credits';
  return {
    refund_method: byCredits ? 'mvt_tokens' : 'credit_card',
    refund_processing_time: processingTime(answer, byCredits),
    ...(refund === undefined ? {} : { refund_transaction_id: refund.id }),
  };
}

/** A refund that the provider refused is a task of the clinic's by now. */
function processingTime({ refund }: CancelAnswer, byCredits: boolean): string {
  if (refund === 'failed') return 'the clinic settles it by hand';
  return byCredits ? 'immediate' : '5 to 10 business days';
}
