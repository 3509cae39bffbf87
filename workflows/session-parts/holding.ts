import { proxyLocalActivities } from '@temporalio/workflow';
import type { SessionActivities } from '../../activities/session/contract.ts';
import { LOCAL } from '../activity-options.ts';
import type { Actor } from '../messages/session.ts';
import { type Course, SYSTEM, announce, apply } from './course.ts';

const { settleHold } = proxyLocalActivities<SessionActivities>(LOCAL);

/** Goes on with a held session; what its people hear depends on what it waits for next. */
export async function submit(course: Course, actor: Actor): Promise<void> {
  const applied = await apply(course, { type: 'submit' }, { actor, name: 'hold_confirmed' });
  if (applied.kind === 'moved') announce(course);
}

/**
 * The hold's time is up. The record knows whether its key was used in time: then the session goes
 * on, even where whoever confirmed it has not come back to say so.
 */
export async function passHoldDeadline(course: Course): Promise<void> {
  const { standing } = await settleHold({ sessionId: course.sessionId });
  if (standing === 'confirmed') return submit(course, SYSTEM);
  const event = { type: 'deadline_passed', deadline: 'hold' } as const;
  await apply(course, event, { actor: SYSTEM, name: 'expired' });
}
