import type { NoticeKind } from '../../activities/session/contract.ts';
import { answerDueAt } from '../../domain/plan.ts';
import type { SessionEvent } from '../../domain/session.ts';
import type { ReviseRequest, StandingAnswer } from '../messages/session.ts';
import { noticeOfApproval, unlessRefused, untilCaptured } from './asking.ts';
import { type Course, applyTogether, standingOf } from './course.ts';

/** Another therapist, another time and the approval, as one step with the texts that go with it. */
export async function revise(course: Course, request: ReviseRequest): Promise<StandingAnswer> {
  const { actor, revisionId, time, fromTherapistId } = request;
  const { startsAt: oldStartsAt, proposal } = course.state;
  const applied = await applyTogether(course, eventsOf(course, request), {
    actor,
    name: nameOf(course, request),
    revisionId,
    data: {
      ...(time === null ? {} : { oldStartsAt, newStartsAt: time.startsAt }),
      ...(fromTherapistId === null ? {} : { fromTherapistId }),
    },
  });
  unlessRefused(applied);
  if (applied.kind === 'moved') announce(course, request, proposal !== null);
  if (request.approves) await untilCaptured(course);
  return standingOf(course);
}

function eventsOf(course: Course, request: ReviseRequest): SessionEvent[] {
  const { time, fromTherapistId, approves } = request;
  const events: SessionEvent[] = [];
  if (fromTherapistId !== null) events.push({ type: 'reassign' });
  if (time !== null) {
    const earlier = Math.min(time.startsAt, course.state.startsAt);
    events.push({
      type: 'reschedule',
      proposal: { ...time, answerDueAt: answerDueAt(course.plan, Date.now(), earlier) },
      needsApproval: needsApproval(course, request),
      by: request.actor.party,
    });
  }
  if (approves) events.push({ type: 'approve' });
  return events;
}

/** A client's wish for another time is the therapist's to grant. */
function needsApproval({ state }: Course, { actor }: ReviseRequest): boolean {
  return state.approval !== 'not_needed' && actor.party === 'client';
}

function nameOf(course: Course, request: ReviseRequest): string {
  const { time, fromTherapistId } = request;
  if (time !== null) {
    const isProposed = needsApproval(course, request) && course.state.status !== 'requested';
    return isProposed ? 'reschedule_proposed' : 'rescheduled';
  }
  if (fromTherapistId !== null) return 'reassigned';
  return course.state.proposal === null ? 'approved' : 'rescheduled';
}

/** Everybody hears of it once, by what matters most to them. */
function announce(course: Course, request: ReviseRequest, wasProposed: boolean): void {
  const { state, version } = course;
  const tell = (kind: NoticeKind | null): void => {
    if (kind !== null) course.notices.push({ kind, version });
  };
  if (request.fromTherapistId !== null) {
    tell('handed_over');
    tell('reassigned');
    if (state.status === 'requested') tell('requested');
  } else if (request.time !== null) {
    tell(state.proposal === null ? 'rescheduled' : 'reschedule_proposed');
  }
  if (!request.approves) return;
  const isMoved = request.time !== null && state.status === 'confirmed';
  if (wasProposed) tell('rescheduled');
  else if (!isMoved) tell(noticeOfApproval(state.payment));
}
