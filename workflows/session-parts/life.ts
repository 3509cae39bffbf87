import { allHandlersFinished, condition, workflowInfo } from '@temporalio/workflow';
import type { BeginOutcome } from '../../activities/session/contract.ts';
import { assertNever } from '../../domain/assert-never.ts';
import { type Deadline, isEnded } from '../../domain/session.ts';
import type { SessionInput, SessionResult } from '../messages/session.ts';
import { type Alarm, nameOf, nextAlarm } from './alarms.ts';
import { type Course, SYSTEM, announce, apply, show } from './course.ts';
import { callOff, callOffSeats, decideWhether } from './group.ts';
import { passHoldDeadline } from './holding.ts';
import { capture, owesCapture, passPaymentDeadline, readNews, settleMoney } from './money.ts';
import { chargeSavedCard } from './saved-card.ts';
import { handOverAsItComes, handOverNews } from './late-news.ts';
import { deliverNotices, followUp, keepReminding } from './reminding.ts';

/** How one kind of life differs from another. */
export interface Life {
  /** Notes that a workflow looks after it; `ended` when there is nothing left to look after. */
  begin(course: Course): Promise<BeginOutcome>;
  /** Goes on in a new run; never comes back. */
  goOnAsNew(course: Course): Promise<unknown>;
}

/** Lives from the booking to the follow-up, a whole session's life or one member's in a group. */
export async function live(
  course: Course,
  input: SessionInput,
  life: Life,
): Promise<SessionResult> {
  const beginning = await life.begin(course);
  if (beginning.kind === 'ended') return { status: 'expired' };
  if (input.notices === undefined) announce(course);
  show(course, false);
  let isOver = false;
  const notices = deliverNotices(course, () => isOver);
  const reminders = keepReminding(course);
  await runItsCourse(course, life);
  await settleMoney(course);
  let isThrough = false;
  const news = handOverAsItComes(course, () => isThrough);
  if (course.group !== null) await callOffSeats(course);
  await followUp(course);
  isOver = true;
  await Promise.all([notices, reminders]);
  await condition(allHandlersFinished);
  isThrough = true;
  await news;
  await handOverNews(course);
  return { status: course.state.status };
}

/** Whatever comes first, a person's message or the session's own alarm, until it has ended. */
async function runItsCourse(course: Course, life: Life): Promise<void> {
  while (!isEnded(course.state.status)) {
    if (course.isCancelRequested) await cancelByHand(course);
    else if (course.isCalledOff) await callOff(course);
    else if (course.news.size > 0) await readNews(course);
    else if (owesCapture(course)) await capture(course);
    else await waitForNextStep(course);
    if (workflowInfo().continueAsNewSuggested) await goOn(course, life);
  }
}

async function waitForNextStep(course: Course): Promise<void> {
  const seen = course.version;
  const seenPresence = course.presence;
  const isStirred = (): boolean =>
    course.version !== seen ||
    course.presence !== seenPresence ||
    course.news.size > 0 ||
    course.isCancelRequested ||
    course.isCalledOff;
  const alarm = nextAlarm(course.state, course.plan, course.group, course.presence);
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
    case 'no_show':
      await apply(
        course,
        { type: 'mark_attendance', attendance: 'absent' },
        { actor: SYSTEM, name: 'marked_absent' },
      );
      return;
    case 'therapist_missed':
      await apply(
        course,
        { type: 'therapist_missed' },
        { actor: SYSTEM, name: 'therapist_missed', notice: 'cancelled' },
      );
      return;
    case 'decide':
      return decideWhether(course);
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

async function goOn(course: Course, life: Life): Promise<void> {
  await condition(allHandlersFinished);
  // What was asked of this run by a request to cancel is known to it alone.
  if (isEnded(course.state.status) || course.isCancelRequested) return;
  await life.goOnAsNew(course);
}
