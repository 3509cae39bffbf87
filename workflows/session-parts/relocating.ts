import type { NoticeKind } from '../../activities/session/contract.ts';
import { answerDueAt } from '../../domain/plan.ts';
import type { RelocateRequest, StandingAnswer } from '../messages/session.ts';
import { unlessRefused } from './asking.ts';
import { type Course, apply, standingOf } from './course.ts';

/** Another time, perhaps with another therapist, because the one of the booking is away. */
export async function relocate(course: Course, request: RelocateRequest): Promise<StandingAnswer> {
  const { actor, startsAt, endsAt, revisionId, fromTherapistId, needsApproval } = request;
  const { proposal, startsAt: oldStartsAt } = course.state;
  // A time that somebody had proposed is none any more: both are moved to the chosen one.
  if (proposal !== null) await apply(course, { type: 'proposal_lapsed' }, { actor });
  const dueAt = answerDueAt(course.plan, Date.now(), startsAt);
  const applied = await apply(
    course,
    { type: 'relocate', startsAt, endsAt, needsApproval, answerDueAt: dueAt },
    {
      actor,
      name: 'relocated',
      data: {
        oldStartsAt,
        newStartsAt: startsAt,
        ...(fromTherapistId === null ? {} : { fromTherapistId }),
      },
      ...(revisionId === null ? {} : { revisionId }),
    },
  );
  unlessRefused(applied);
  for (const kind of noticesOf(request)) course.notices.push({ kind, version: course.version });
  return standingOf(course);
}

function noticesOf({ fromTherapistId, needsApproval }: RelocateRequest): NoticeKind[] {
  const moved = fromTherapistId === null ? 'rescheduled' : 'reassigned';
  const news = needsApproval ? 'requested' : moved;
  return fromTherapistId === null ? [news] : ['handed_over', news];
}
