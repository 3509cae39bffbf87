import type { Answer, Call } from '../http/handler.ts';
import * as acts from '../sessions/acts.ts';
import { keepReason } from '../sessions/reason.ts';
import { answerMeeting, openMeeting } from './open-meeting.ts';

/** DELETE /booking/meetings/{id}/cancel */
export async function cancelMeeting(
  call: Call<{ readonly reason?: string } | undefined>,
): Promise<Answer> {
  const meeting = await openMeeting(call, 'cancel');
  await acts.cancel(call, meeting, { wantsRefund: true, fee: 'standard' });
  await keepReason(call, meeting.id, call.body?.reason);
  return answerMeeting(call, meeting.id);
}
