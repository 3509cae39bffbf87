import { findSession } from '../../db/sessions.ts';
import type { CancellationOverride } from '../../domain/cancellation.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { decimalFromCents } from '../../domain/pricing.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayCancelUnder, maySchedule } from '../access/scheduling-access.ts';
import { recordDenial } from '../access/denials.ts';
import type { Answer, Call } from '../http/handler.ts';
import type { SessionRow } from '../../db/sessions.ts';
import * as acts from '../sessions/acts.ts';
import { statusWord } from './words.ts';

interface CancelBody {
  readonly session_id: string;
  readonly reason?: string;
  readonly notes?: string;
  readonly cancellation_policy?: CancellationOverride;
}

/** POST /sessions/cancel */
export async function cancelScheduledSession(call: Call<CancelBody>): Promise<Answer> {
  const { body } = call;
  const fee = body.cancellation_policy ?? 'standard';
  await enforce(call, mayCancelUnder(call.principal, fee), targetOf(body.session_id));
  const session = await openOwn(call, body.session_id);
  const texts = [body.reason, body.notes].filter((text) => text !== undefined && text !== '');
  const answer = await acts.cancelFor(call, session, texts.join('\n\n'), {
    wantsRefund: true,
    fee,
  });
  return {
    status: 200,
    body: {
      success: true,
      session_id: session.id,
      status: statusWord(answer.status),
      cancellation_fee: decimalFromCents(answer.feeCents),
      refund_amount: decimalFromCents(answer.refundCents),
      currency: session.currency,
    },
  };
}

function targetOf(sessionId: string): { action: string; objectType: string; objectId: string } {
  return { action: 'session.cancel', objectType: 'session', objectId: sessionId };
}

/** A session of the caller's own calendar, or of the clinic that they run; others are unknown. */
async function openOwn(call: Call, id: string): Promise<SessionRow> {
  const session = await findSession(call.deps.knex, id);
  const isTheirs =
    session?.clinic_id === call.principal.clinicId &&
    maySchedule(call.principal, [session.therapist_id]) === 'allowed';
  if (session !== null && isTheirs) return session;
  await recordDenial(call, targetOf(id));
  throw new HoldfastError('not_found', 'There is no such session.');
}
