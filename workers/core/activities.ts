import { createNoticeActivities } from '../../activities/session/notices.ts';
import {
  type MessagingDeps,
  createReminderActivities,
} from '../../activities/session/reminders.ts';
import { createTransitionActivities } from '../../activities/session/transitions.ts';
import { withFailures } from '../../activities/failures.ts';

export type CoreActivityDeps = MessagingDeps;

/** Every activity of the core task queue, over what this process reaches outside with. */
export function createCoreActivities(deps: CoreActivityDeps) {
  return withFailures({
    ...createTransitionActivities(deps),
    ...createReminderActivities(deps),
    ...createNoticeActivities(deps),
  });
}
