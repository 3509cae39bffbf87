import type { Answer, Call } from '../http/handler.ts';
import * as acts from '../sessions/acts.ts';
import { answerMeeting, openMeeting } from './open-meeting.ts';

/** DELETE /booking/meetings/{id}/cancel */
export async function cancelMeeting(
  call: Call<{ readonly reason?: string } | undefined>,
): Promise<Answer> {
  const meeting = await openMeeting(call, 'cancel');
  await acts.cancelFor(call, meeting, call.body?.reason, { wantsRefund: true, fee: 'standard' });
  return answerMeeting(call, meeting.id);
}
