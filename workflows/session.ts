import {
  CancellationScope,
  makeContinueAsNewFunc,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { SessionActivities } from '../activities/session/contract.ts';
import { LOCAL } from './activity-options.ts';
import { SESSION_WORKFLOW, type SessionInput, type SessionResult } from './messages/session.ts';
import { inputOf, openCourse } from './session-parts/course.ts';
import { installHandlers } from './session-parts/handlers.ts';
import { type Life, live } from './session-parts/life.ts';

const { begin } = proxyLocalActivities<SessionActivities>(LOCAL);

/**
 * One therapy session, from the hold on its time to the follow-up. The claim on the
 * calendar comes before it, in PostgreSQL; everything after is decided here.
 */
export async function sessionWorkflow(input: SessionInput): Promise<SessionResult> {
  const course = openCourse(input);
  installHandlers(course);
  return CancellationScope.nonCancellable(() => live(course, input, LIFE));
}

const continueSession = makeContinueAsNewFunc<(input: SessionInput) => Promise<SessionResult>>({
  workflowType: SESSION_WORKFLOW,
});

const LIFE: Life = {
  begin: ({ sessionId }) => begin({ sessionId }),
  goOnAsNew: (course) => continueSession(inputOf(course)),
};
