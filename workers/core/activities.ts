import { type CalendarDeps, createCalendarActivities } from '../../activities/calendars/index.ts';
import { withFailures } from '../../activities/failures.ts';
import { createSeatActivities } from '../../activities/groups/seats.ts';
import { createMoneyActivities, type MoneyActivityDeps } from '../../activities/money/index.ts';
import { createRoomActivities } from '../../activities/rooms/schedule.ts';
import { createSeriesActivities } from '../../activities/series/index.ts';
import { createOfferActivities } from '../../activities/offers/index.ts';
import { createNoticeActivities } from '../../activities/session/notices.ts';
import {
  createReminderActivities,
  type MessagingDeps,
} from '../../activities/session/reminders.ts';
import { reviveSession } from '../../activities/session/reviving.ts';
import { createTransitionActivities } from '../../activities/session/transitions.ts';
import { createSupportActivities } from '../../activities/support/index.ts';
import { createSweepActivities, type SweepDeps } from '../../activities/sweep/index.ts';
import { createTranscriptActivities } from '../../activities/transcripts/keeping.ts';

export type CoreActivityDeps = MessagingDeps & MoneyActivityDeps & SweepDeps & CalendarDeps;

/** Every activity of the core task queue, over what this process reaches outside with. */
export function createCoreActivities(deps: CoreActivityDeps) {
  return withFailures({
    ...createTransitionActivities(deps),
    ...createReminderActivities(deps),
    ...createNoticeActivities(deps),
    ...createMoneyActivities({
      ...deps,
      reviveSession: (input) => reviveSession(deps, input),
    }),
    ...createSeatActivities(deps),
    ...createOfferActivities(deps),
    ...createSweepActivities(deps),
    ...createCalendarActivities(deps),
    ...createSeriesActivities(deps),
    ...createSupportActivities(deps),
    ...createRoomActivities(deps),
    ...createTranscriptActivities(deps),
  });
}
