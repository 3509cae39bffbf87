import {
  CancellationScope,
  condition,
  log,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type { MoneyActivities } from '../../activities/money/contract.ts';
import { isUuid } from '../../domain/ids.ts';
import { answerDueAt } from '../../domain/plan.ts';
import { isEnded } from '../../domain/session.ts';
import { PROVIDER_WHILE_CALLER_WAITS } from '../activity-options.ts';
import * as messages from '../messages/session.ts';
import {
  CALLER_WAITS_MS,
  must,
  noticeOfApproval,
  refusedBecause,
  untilCaptured,
} from './asking.ts';
import { refusal, textField } from '../arguments.ts';
import { cancel } from './cancelling.ts';
import { type Course, exclusively, standingOf } from './course.ts';
import { receive } from './money.ts';
import { submit } from './holding.ts';
import { relocate } from './relocating.ts';
import { revise } from './revising.ts';
import { presenceIn, validated } from './validators.ts';

const money = proxyActivities<MoneyActivities>(PROVIDER_WHILE_CALLER_WAITS);

/** A signal sent in Temporal UI: whoever may open it there is not known here. */
const BY_HAND: messages.Actor = { personId: null, party: 'staff' };

/** Installs what others may say to a session. Must run before the first await. */
export function installHandlers(course: Course): void {
  setHandler(messages.approveUpdate, ({ actor }) => approve(course, actor), validated.answer);
  setHandler(messages.declineUpdate, ({ actor }) => decline(course, actor), validated.answer);
  setHandler(messages.confirmUpdate, ({ actor }) => confirm(course, actor), validated.answer);
  setHandler(
    messages.rescheduleUpdate,
    (request) => reschedule(course, request),
    validated.reschedule,
  );
  setHandler(messages.reviseUpdate, (request) => revise(course, request), validated.revise);
  setHandler(messages.beginUpdate, ({ actor }) => begin(course, actor), validated.answer);
  setHandler(messages.relocateUpdate, (request) => relocate(course, request), validated.relocate);
  setHandler(messages.approveSignal, () => byHand(() => approve(course, BY_HAND)));
  setHandler(messages.declineSignal, () => byHand(() => decline(course, BY_HAND)));
  installCommonHandlers(course);
}

/** What a session hears as a whole, and in a group each member's life for itself. */
export function installCommonHandlers(course: Course): void {
  setHandler(messages.payUpdate, (request) => pay(course, request), validated.pay);
  setHandler(messages.cancelUpdate, (request) => cancel(course, request), validated.cancel);
  setHandler(
    messages.attendanceUpdate,
    (request) => markAttendance(course, request),
    validated.attendance,
  );
  setHandler(messages.standingQuery, () => standingOf(course));
  setHandler(messages.paymentNewsSignal, (news: unknown) => {
    const paymentId = textField(news, 'paymentId');
    if (paymentId !== null && isUuid(paymentId)) course.news.add(paymentId);
  });
  setHandler(messages.sendSettledSignal, (settled: unknown) => {
    const key = textField(settled, 'key');
    if (key !== null && textField(settled, 'state') === 'failed') course.undelivered.add(key);
  });
  setHandler(messages.presenceSignal, (told: unknown) => {
    const presence = presenceIn(told);
    const isNewer = presence !== null && presence.sequence > (course.presence?.sequence ?? 0);
    if (isNewer) course.presence = presence;
  });
  void CancellationScope.current().cancelRequested.catch(() => {
    course.isCancelRequested = true;
  });
}

async function byHand(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    log.warn('a signal changed nothing', {
      reason: error instanceof Error ? error.message : 'unknown',
    });
  }
}

async function approve(course: Course, actor: messages.Actor): Promise<messages.StandingAnswer> {
  const isProposal = course.state.proposal !== null;
  const notice = isProposal ? 'rescheduled' : noticeOfApproval(course.state.payment);
  await must(
    course,
    { type: 'approve' },
    {
      actor,
      name: isProposal ? 'rescheduled' : 'approved',
      ...(notice === null ? {} : { notice }),
    },
  );
  await untilCaptured(course);
  return standingOf(course);
}

/** Confirms a hold; once more, where its own alarm was faster, changes nothing. */
async function confirm(course: Course, actor: messages.Actor): Promise<messages.StandingAnswer> {
  await submit(course, actor);
  if (isEnded(course.state.status)) throw refusedBecause('wrong_state');
  return standingOf(course);
}

/** The session's own alarm may have been faster: then there is nothing left to begin. */
async function begin(course: Course, actor: messages.Actor): Promise<messages.StandingAnswer> {
  const { state, plan } = course;
  if (state.status === 'in_progress') return standingOf(course);
  const opensAt = state.startsAt - (plan.room?.opensBeforeStartMs ?? 0);
  if (Date.now() < opensAt) throw refusedBecause('wrong_state');
  await must(course, { type: 'start' }, { actor, name: 'started' });
  return standingOf(course);
}

async function decline(course: Course, actor: messages.Actor): Promise<messages.StandingAnswer> {
  const isProposal = course.state.proposal !== null;
  await must(
    course,
    { type: 'decline' },
    isProposal
      ? { actor, name: 'reschedule_refused', notice: 'reschedule_refused' }
      : { actor, name: 'declined', notice: 'declined' },
  );
  return standingOf(course);
}

/** One attempt after another: two at once would close each other's. */
function pay(course: Course, request: messages.PayRequest): Promise<messages.PayAnswer> {
  return exclusively(course.payments, () => payInTurn(course, request));
}

async function payInTurn(
  course: Course,
  request: messages.PayRequest,
): Promise<messages.PayAnswer> {
  const { status, payment } = course.state;
  if (isEnded(status)) throw refusedBecause('wrong_state');
  if (payment !== 'due') {
    const kind = payment === 'saved' ? payment : 'authorised';
    return { ...standingOf(course), outcome: { kind } };
  }
  const { paymentId, actor } = request;
  const outcome = await money.authorisePayment({ paymentId });
  await receive(course, outcome, actor);
  await untilCaptured(course);
  if (isEnded(course.state.status)) {
    throw refusal('slot_unavailable', 'The session ended before the payment; nothing was charged.');
  }
  const isGone = outcome.kind === 'authorised' && course.state.payment === 'due';
  return { ...standingOf(course), outcome: isGone ? NOT_KEPT : callerView(outcome) };
}

/** The provider had the money for a moment only: it asks for another payment. */
const NOT_KEPT = { kind: 'failed', code: 'payment_failed', providerCode: 'lapsed' } as const;

function callerView(
  outcome: Awaited<ReturnType<MoneyActivities['authorisePayment']>>,
): messages.PayAnswer['outcome'] {
  return outcome.kind === 'failed' ? outcome : { kind: outcome.kind };
}

async function reschedule(
  course: Course,
  request: messages.RescheduleRequest,
): Promise<messages.RescheduleAnswer> {
  const { actor, startsAt, endsAt } = request;
  const { state, plan } = course;
  const oldStartsAt = state.startsAt;
  const needsApproval = state.approval !== 'not_needed' && actor.party === 'client';
  const dueAt = answerDueAt(plan, Date.now(), Math.min(startsAt, oldStartsAt));
  const name =
    needsApproval && state.status !== 'requested' ? 'reschedule_proposed' : 'rescheduled';
  await must(
    course,
    {
      type: 'reschedule',
      proposal: { startsAt, endsAt, answerDueAt: dueAt },
      needsApproval,
      by: actor.party,
    },
    { actor, name, notice: name, data: { oldStartsAt, newStartsAt: startsAt } },
  );
  const proposal = course.state.proposal;
  return { ...standingOf(course), oldStartsAt, answerDueAt: proposal?.answerDueAt ?? null };
}

/** A message comes before a timer that is due as well: after a crash at the start, both are there. */
async function untilStarted(course: Course): Promise<void> {
  const isDue = (): boolean =>
    course.state.status === 'confirmed' && Date.now() >= course.state.startsAt;
  if (isDue()) await condition(() => !isDue(), CALLER_WAITS_MS);
}

async function markAttendance(
  course: Course,
  { actor, attendance }: messages.AttendanceRequest,
): Promise<messages.StandingAnswer> {
  await untilStarted(course);
  await must(
    course,
    { type: 'mark_attendance', attendance },
    { actor, name: `marked_${attendance}` },
  );
  return standingOf(course);
}
