import {
  CancellationScope,
  makeContinueAsNewFunc,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { SeatActivities } from '../activities/groups/contract.ts';
import { LOCAL } from './activity-options.ts';
import { ENROLMENT_WORKFLOW } from './messages/enrolment.ts';
import type { SessionInput, SessionResult } from './messages/session.ts';
import { inputOf, openCourse, seatOf } from './session-parts/course.ts';
import { type Life, live } from './session-parts/life.ts';
import { installSeatHandlers } from './session-parts/seat-handlers.ts';

const { beginSeat } = proxyLocalActivities<SeatActivities>(LOCAL);

/**
 * One member's life in a group session: the payment of their seat, their reminders, whether
 * they came, what they get back when they leave or the session is called off. The seat is taken
 * before it, in PostgreSQL, under a lock on the session.
 */
export async function enrolmentWorkflow(input: SessionInput): Promise<SessionResult> {
  const course = openCourse(input);
  installSeatHandlers(course);
  return CancellationScope.nonCancellable(() => live(course, input, LIFE));
}

const continueSeat = makeContinueAsNewFunc<(input: SessionInput) => Promise<SessionResult>>({
  workflowType: ENROLMENT_WORKFLOW,
});

const LIFE: Life = {
  begin: (course) => beginSeat(seatOf(course)),
  goOnAsNew: (course) => continueSeat(inputOf(course)),
};
