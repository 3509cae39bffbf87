import { condition, proxyActivities, sleep } from '@temporalio/workflow';
import type { PlannedReminder, SessionActivities } from '../../activities/session/contract.ts';
import { isEnded } from '../../domain/session.ts';
import { BACKGROUND } from '../activity-options.ts';
import type { Course } from './course.ts';

const { notify, planReminders, sendReminder, settleReminder } =
  proxyActivities<SessionActivities>(BACKGROUND);

/** Reminds of every version of the schedule, from its confirmation to its start. */
export async function keepReminding(course: Course): Promise<void> {
  while (!isEnded(course.state.status)) {
    await condition(() => isUpcoming(course) || isEnded(course.state.status));
    if (isEnded(course.state.status)) return;
    const { scheduleVersion } = course.state;
    await remindOf(course, scheduleVersion);
    await condition(() => !isUpcoming(course) || course.state.scheduleVersion !== scheduleVersion);
  }
}

function isUpcoming({ state }: Course): boolean {
  return state.status === 'confirmed';
}

interface Errand {
  readonly kind: 'send' | 'settle';
  readonly at: number;
  readonly reminder: PlannedReminder;
}

/** Walks one version's sends in order; a text's receipt is looked after before the next timer. */
async function remindOf(course: Course, scheduleVersion: number): Promise<void> {
  const { sessionId } = course;
  const isCurrent = (): boolean =>
    isUpcoming(course) && course.state.scheduleVersion === scheduleVersion;
  const planned = await planReminders({ sessionId, scheduleVersion });
  const errands: Errand[] = planned.map((reminder) => ({
    kind: 'send',
    at: reminder.dueAt,
    reminder,
  }));
  while (errands.length > 0 && isCurrent()) {
    errands.sort((a, b) => a.at - b.at);
    const errand = errands[0]!;
    if (!(await isTimeFor(course, errand, isCurrent))) continue;
    if (!isCurrent()) return;
    errands.shift();
    const input = { sessionId, scheduleVersion, reminder: errand.reminder };
    if (errand.kind === 'settle') {
      await settleReminder(input);
      continue;
    }
    const { state } = await sendReminder(input);
    if (errand.reminder.channel === 'sms' && state !== 'skipped') {
      const at = Date.now() + course.plan.receiptWindowMs;
      errands.push({ kind: 'settle', at, reminder: errand.reminder });
    }
  }
}

/** True once the errand is due; false when the order of errands has changed meanwhile. */
async function isTimeFor(
  course: Course,
  errand: Errand,
  isCurrent: () => boolean,
): Promise<boolean> {
  const waitMs = errand.at - Date.now();
  if (waitMs <= 0) return true;
  const hasFailed = (): boolean =>
    errand.kind === 'settle' && course.undelivered.delete(errand.reminder.key);
  await condition(() => !isCurrent() || hasFailed(), waitMs, {
    summary: errand.kind === 'send' ? 'reminder' : 'delivery receipt',
  });
  return true;
}

/** Delivers notices one after another; the mail server may be down as long as it likes. */
export async function deliverNotices(course: Course, isOver: () => boolean): Promise<void> {
  while (true) {
    await condition(() => course.notices.length > 0 || isOver());
    const notice = course.notices[0];
    if (notice === undefined) return;
    await notify({ sessionId: course.sessionId, ...notice });
    course.notices.shift();
  }
}

/** The message after a session that took place. */
export async function followUp(course: Course): Promise<void> {
  const { plan, state } = course;
  if (state.status !== 'completed' || plan.followUp === null) return;
  const waitMs = state.endsAt + plan.followUp.afterEndMs - Date.now();
  if (waitMs > 0) await sleep(waitMs, { summary: 'follow-up' });
  course.notices.push({ kind: 'follow_up', version: course.version });
}
