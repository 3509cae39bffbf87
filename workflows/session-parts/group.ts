import { proxyActivities } from '@temporalio/workflow';
import type { SeatActivities } from '../../activities/groups/contract.ts';
import { BACKGROUND } from '../activity-options.ts';
import { type Course, SYSTEM, apply, seatOf } from './course.ts';

const seats = proxyActivities<SeatActivities>(BACKGROUND);

/** With too few members the session does not take place, and everybody is told in time. */
export async function decideWhether(course: Course): Promise<void> {
  const { group, sessionId } = course;
  if (group === null) return;
  const { confirmed } = await seats.countMembers({ sessionId });
  if (confirmed < group.minMembers) {
    const event = { type: 'cancel', by: 'system' } as const;
    const data = { reason: 'too_few_members' };
    await apply(course, event, { actor: SYSTEM, name: 'cancelled', notice: 'cancelled', data });
  }
  course.group = { ...group, isDecided: true };
}

/** What a group session comes to nothing for ends every member's part in it, all money back. */
export async function callOffSeats({ sessionId, state }: Course): Promise<void> {
  if (state.status !== 'completed') await seats.callOffSeats({ sessionId });
}

/** The session is off: the member's seat ends with it, and costs them nothing. */
export async function callOff(course: Course): Promise<void> {
  course.isCalledOff = false;
  const { isOff } = await seats.isCalledOff(seatOf(course));
  if (!isOff) return;
  const cause = { actor: SYSTEM, name: 'called_off', notice: 'cancelled' } as const;
  await apply(course, { type: 'call_off' }, cause);
}
