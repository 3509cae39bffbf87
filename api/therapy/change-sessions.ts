import { type SessionRow, findSession } from '../../db/sessions.ts';
import { viewSession } from '../../db/session-views.ts';
import { decimalFromCents } from '../../domain/pricing.ts';
import { parseInstant } from '../../domain/time-text.ts';
import type { Answer, Call } from '../http/handler.ts';
import * as acts from '../sessions/acts.ts';
import { openSession } from '../sessions/open-session.ts';
import { keepReason } from '../sessions/reason.ts';
import { refundOf } from '../sessions/refund-view.ts';
import { rescheduleSession } from '../sessions/reschedule.ts';
import { readZone, writeInstant } from './local-window.ts';
import { paymentWord, statusWord } from './present-session.ts';
import { ok } from './answers.ts';

/** POST /api/therapy/sessions/{id}/approve */
export async function approveTherapySession(call: Call): Promise<Answer> {
  const session = await openSession(call, 'approve');
  const standing = await acts.approve(call, session);
  return ok(await standingData(call, session.id, standing.status));
}

/** POST /api/therapy/sessions/{id}/decline */
export async function declineTherapySession(
  call: Call<{ reason?: string } | undefined>,
): Promise<Answer> {
  const session = await openSession(call, 'approve');
  const standing = await acts.decline(call, session);
  await keepReason(call, session, call.body?.reason);
  return ok(await standingData(call, session.id, standing.status));
}

async function standingData(
  call: Call,
  id: string,
  status: SessionRow['status'],
): Promise<Record<string, unknown>> {
  const current = (await viewSession(call.deps.knex, id))!;
  return {
    session_id: id,
    status: statusWord(status),
    payment_status: paymentWord(current),
    scheduled_at: writeInstant(current.starts_at.getTime()),
  };
}

/** PUT /api/therapy/sessions/{id}/reschedule */
export async function rescheduleTherapySession(
  call: Call<{ new_scheduled_at: string; timezone?: string; reason?: string }>,
): Promise<Answer> {
  const session = await openSession(call, 'reschedule');
  const zone =
    call.body.timezone === undefined ? session.time_zone : readZone('timezone', call.body.timezone);
  const startsAt = parseInstant(call.body.new_scheduled_at, zone);
  const answer = await rescheduleSession(call, session, startsAt);
  await keepReason(call, session, call.body.reason);
  const waits = answer.answerDueAt !== null || answer.status === 'requested';
  const current = (await findSession(call.deps.knex, session.id))!;
  const dueAt = answer.answerDueAt ?? current.answer_due_at?.getTime() ?? null;
  return ok({
    session_id: session.id,
    old_scheduled_at: writeInstant(answer.oldStartsAt),
    new_scheduled_at: writeInstant(startsAt),
    status: 'rescheduled',
    therapist_confirmation_required: waits,
    ...(waits && dueAt !== null ? { confirmation_deadline: writeInstant(dueAt) } : {}),
  });
}

/** DELETE /api/therapy/sessions/{id} */
export async function cancelTherapySession(
  call: Call<{ reason?: string; request_refund?: boolean } | undefined>,
): Promise<Answer> {
  const session = await openSession(call, 'cancel');
  const wantsRefund = call.body?.request_refund ?? true;
  const answer = await acts.cancelFor(call, session, call.body?.reason, {
    wantsRefund,
    fee: 'standard',
  });
  return ok({
    session_id: session.id,
    status: statusWord(answer.status),
    cancellation_fee: decimalFromCents(answer.feeCents),
    refund_amount: decimalFromCents(answer.refundCents),
    ...(await refundOf(call.deps.knex, session, answer)),
  });
}
