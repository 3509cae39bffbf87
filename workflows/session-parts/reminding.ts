import { ActivityFailure } from '@temporalio/common';
import { condition, proxyActivities, sleep } from '@temporalio/workflow';
import type {
  PlannedReminder,
  ReminderInput,
  SessionActivities,
} from '../../activities/session/contract.ts';
import { isEnded } from '../../domain/session.ts';
import { BACKGROUND } from '../activity-options.ts';
import type { OpenReminder, Reminding } from '../messages/session.ts';
import { type Course, subjectOf } from './course.ts';

const mails = proxyActivities<SessionActivities>(BACKGROUND);
const { notify, planReminders, settleReminder } = mails;

/** Long enough to find out what became of an attempt that died. */
const SHORTEST_TRIAL_MS = 60_000;

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

/** All reminders of one version, each by itself: none waits for another's provider. */
async function remindOf(course: Course, scheduleVersion: number): Promise<void> {
  const carried = course.reminding;
  const reminding =
    carried?.scheduleVersion === scheduleVersion ? carried : await plan(course, scheduleVersion);
  course.reminding = reminding;
  await Promise.all([...reminding.open].map((one) => remindOnce(course, reminding, one)));
  course.reminding = null;
}

async function plan(course: Course, scheduleVersion: number): Promise<Reminding> {
  const planned = await planReminders({ ...subjectOf(course), scheduleVersion });
  return { scheduleVersion, open: planned.map((reminder) => ({ reminder, settleAt: null })) };
}

/** One reminder's way: it is sent, and what a text's receipt does not confirm goes by e-mail. */
async function remindOnce(
  course: Course,
  { scheduleVersion, open }: Reminding,
  one: OpenReminder,
): Promise<void> {
  const isOff = (): boolean =>
    !isUpcoming(course) || course.state.scheduleVersion !== scheduleVersion;
  const inputOf = (reminder: PlannedReminder): ReminderInput => ({
    ...subjectOf(course),
    scheduleVersion,
    reminder,
  });
  let isPostponed = one.settleAt === null;
  while (isPostponed) {
    await waitUntil(one.reminder.dueAt, isOff, 'reminder');
    if (isOff()) return;
    const sent = await send(course, inputOf(one.reminder));
    isPostponed = sent.kind === 'postponed';
    if (sent.kind === 'postponed') one.reminder = { ...one.reminder, dueAt: sent.dueAt };
    else one.settleAt = sent.settleAt;
  }
  if (one.settleAt !== null) {
    const { reminder } = one;
    const hasFailed = (): boolean => course.undelivered.delete(reminder.key);
    await waitUntil(one.settleAt, () => isOff() || hasFailed(), 'delivery receipt');
    if (isOff()) return;
    await settleReminder(inputOf(reminder));
  }
  open.splice(open.indexOf(one), 1);
}

async function waitUntil(at: number, isStirred: () => boolean, summary: string): Promise<void> {
  const waitMs = at - Date.now();
  if (waitMs > 0) await condition(isStirred, waitMs, { summary });
}

/** When the send must be settled, epoch ms; null when nothing is left to settle. */
type Sent =
  | { readonly kind: 'sent'; readonly settleAt: number | null }
  | { readonly kind: 'postponed'; readonly dueAt: number };

/** At least so long, since clocks differ and the recipient is not to be asked about all the time. */
const SHORTEST_DELAY_MS = 60_000;

async function send(course: Course, input: ReminderInput): Promise<Sent> {
  const { receiptWindowMs } = course.plan;
  const isText = input.reminder.channel === 'sms';
  try {
    const sent = await (isText ? textsWithin(receiptWindowMs) : mails).sendReminder(input);
    if (sent.state === 'postponed') {
      return { kind: sent.state, dueAt: Math.max(sent.dueAt, Date.now() + SHORTEST_DELAY_MS) };
    }
    const isSettled = !isText || sent.state === 'skipped';
    return { kind: 'sent', settleAt: isSettled ? null : Date.now() + receiptWindowMs };
  } catch (error) {
    // The provider took no text in all this time.
    if (isText && error instanceof ActivityFailure) return { kind: 'sent', settleAt: Date.now() };
    throw error;
  }
}

/** Tries a text no longer than it waits for a receipt: then the e-mail must go out. */
function textsWithin(receiptWindowMs: number): Pick<SessionActivities, 'sendReminder'> {
  const scheduleToCloseTimeout = Math.max(receiptWindowMs, SHORTEST_TRIAL_MS);
  return proxyActivities<SessionActivities>({ ...BACKGROUND, scheduleToCloseTimeout });
}

/** Delivers notices one after another; the mail server may be down as long as it likes. */
export async function deliverNotices(course: Course, isOver: () => boolean): Promise<void> {
  while (true) {
    await condition(() => course.notices.length > 0 || isOver());
    const notice = course.notices[0];
    if (notice === undefined) return;
    await notify({ ...subjectOf(course), ...notice });
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
  const screening = plan.followUp.screening ?? null;
  if (screening === null) return;
  await sleep(screening.remindAfterMs, { summary: 'screening reminder' });
  course.notices.push({ kind: 'screening_reminder', version: course.version });
}
