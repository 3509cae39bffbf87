import {
  CancellationScope,
  allHandlersFinished,
  condition,
  makeContinueAsNewFunc,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { SessionActivities } from '../activities/session/contract.ts';
import { assertNever } from '../domain/assert-never.ts';
import { type Deadline, isEnded } from '../domain/session.ts';
import { LOCAL } from './activity-options.ts';
import { SESSION_WORKFLOW, type SessionInput, type SessionResult } from './messages/session.ts';
import { type Alarm, nameOf, nextAlarm } from './session-parts/alarms.ts';
import {
  type Course,
  SYSTEM,
  announce,
  apply,
  inputOf,
  openCourse,
  show,
} from './session-parts/course.ts';
import { installHandlers } from './session-parts/handlers.ts';
import { passHoldDeadline } from './session-parts/holding.ts';
import {
  capture,
  chargeSavedCard,
  handOverNews,
  owesCapture,
  passPaymentDeadline,
  readNews,
  settleMoney,
} from './session-parts/money.ts';
import { deliverNotices, followUp, keepReminding } from './session-parts/reminding.ts';

const { begin } = proxyLocalActivities<SessionActivities>(LOCAL);

/**
 * One therapy session, from the hold on its time to the follow-up. The claim on the
 * calendar comes before it, in PostgreSQL; everything after is decided here.
 */
export async function sessionWorkflow(input: SessionInput): Promise<SessionResult> {
  const course = openCourse(input);
  installHandlers(course);
  return CancellationScope.nonCancellable(() => live(course, input));
}

async function live(course: Course, input: SessionInput): Promise<SessionResult> {
  const beginning = await begin({ sessionId: course.sessionId });
  if (beginning.kind === 'ended') return { status: 'expired' };
  if (input.notices === undefined) announce(course);
  show(course, false);
  let isOver = false;
  const notices = deliverNotices(course, () => isOver);
  const reminders = keepReminding(course);
  await runItsCourse(course);
  await settleMoney(course);
  await followUp(course);
  isOver = true;
  await Promise.all([notices, reminders]);
  await condition(allHandlersFinished);
  await handOverNews(course);
  return { status: course.state.status };
}

/** Whatever comes first, a person's message or the session's own alarm, until it has ended. */
async function runItsCourse(course: Course): Promise<void> {
  while (!isEnded(course.state.status)) {
    if (course.isCancelRequested) await cancelByHand(course);
    else if (course.news.size > 0) await readNews(course);
    else if (owesCapture(course)) await capture(course);
    else await waitForNextStep(course);
    if (workflowInfo().continueAsNewSuggested) await goOnAsNew(course);
  }
}

async function waitForNextStep(course: Course): Promise<void> {
  const seen = course.version;
  const isStirred = (): boolean =>
    course.version !== seen || course.news.size > 0 || course.isCancelRequested;
  const alarm = nextAlarm(course.state, course.plan);
  if (alarm === null) return condition(isStirred);
  const waitMs = alarm.dueAt - Date.now();
  if (waitMs > 0 && (await condition(isStirred, waitMs, { summary: nameOf(alarm) }))) return;
  if (!isStirred()) await ring(course, alarm);
}

async function ring(course: Course, alarm: Alarm): Promise<void> {
  switch (alarm.kind) {
    case 'deadline':
      return passDeadline(course, alarm.deadline);
    case 'proposal_lapses':
      await apply(
        course,
        { type: 'proposal_lapsed' },
        { actor: SYSTEM, name: 'reschedule_lapsed', notice: 'reschedule_refused' },
      );
      return;
    case 'charge_saved_card':
      return chargeSavedCard(course);
    case 'start':
      await apply(course, { type: 'start' }, { actor: SYSTEM, name: 'started' });
      return;
    case 'end':
      await apply(course, { type: 'end' }, { actor: SYSTEM, name: 'completed' });
      return;
    default:
      assertNever(alarm);
  }
}

async function passDeadline(course: Course, deadline: Deadline): Promise<void> {
  if (deadline === 'payment') return passPaymentDeadline(course);
  if (deadline === 'hold') return passHoldDeadline(course);
  const event = { type: 'deadline_passed', deadline } as const;
  await apply(course, event, { actor: SYSTEM, name: 'expired', notice: 'expired' });
}

/** Somebody pressed "request cancellation" in Temporal UI: the clinic cancels, nobody pays a fee. */
async function cancelByHand(course: Course): Promise<void> {
  course.isCancelRequested = false;
  const event = { type: 'cancel', by: 'staff' } as const;
  const heard = course.state.status === 'held' ? {} : { notice: 'cancelled' as const };
  await apply(course, event, { actor: SYSTEM, name: 'cancelled', ...heard });
}

const continueSession = makeContinueAsNewFunc<(input: SessionInput) => Promise<SessionResult>>({
  workflowType: SESSION_WORKFLOW,
});

async function goOnAsNew(course: Course): Promise<void> {
  await condition(allHandlersFinished);
  // A request to cancel is known to this run alone.
  if (isEnded(course.state.status) || course.isCancelRequested) return;
  await continueSession(inputOf(course));
}
