import { condition, patched } from '@temporalio/workflow';
import { type CancellationQuote, quote } from '../../domain/cancellation.ts';
import type { CancelAnswer, CancelRequest } from '../messages/session.ts';
import { CALLER_WAITS_MS, must, refusedBecause } from './asking.ts';
import type { Course } from './course.ts';

/** Ends the session for whoever may, and tells what becomes of the money. */
export async function cancel(course: Course, request: CancelRequest): Promise<CancelAnswer> {
  const { actor } = request;
  const isCaptured = course.state.payment === 'captured';
  const terms = termsOf(course, request, isCaptured ? course.dueCents : 0);
  const refundCents = leavesMoney(request) ? 0 : terms.refundCents;
  // Nobody has heard of a time that is only held.
  const isKnown = course.state.status !== 'held';
  await must(
    course,
    { type: 'cancel', by: actor.party },
    {
      actor,
      name: 'cancelled',
      ...(isKnown ? { notice: 'cancelled' as const } : {}),
      data: { feeCents: terms.feeCents, refundCents },
      ...(request.revisionId === undefined ? {} : { revisionId: request.revisionId }),
      // What was only authorised is voided whole.
      refundCents: isCaptured ? refundCents : course.dueCents,
    },
  );
  await condition(() => course.refund !== 'unsettled', CALLER_WAITS_MS);
  const refund = course.refund === 'unsettled' ? 'pending' : course.refund;
  return {
    status: course.state.status,
    feeCents: terms.feeCents,
    // What was being captured just then has gone back whole.
    refundCents: isCaptured ? refundCents : course.givenBackCents,
    refund,
  };
}

function termsOf(
  course: Course,
  { actor, fee }: CancelRequest,
  paidCents: number,
): CancellationQuote {
  const terms = quote({
    policy: course.plan.cancellation,
    bookedAt: course.bookedAt,
    startsAt: course.state.startsAt,
    movedByOthersAt: movedByOthersAt(course),
    now: Date.now(),
    dueCents: course.dueCents,
    paidCents,
    by: actor.party,
    override: fee,
  });
  if (terms.kind === 'refused') throw refusedBecause(terms.code);
  return terms;
}

/** Before, the plan's rule held for any time. */
const TIME_TO_RECONSIDER = 'time-to-reconsider';

function movedByOthersAt({ state }: Course): number | undefined {
  const at = state.movedByOthersAt;
  return at !== undefined && patched(TIME_TO_RECONSIDER) ? at : undefined;
}

/** Before, whoever cancelled could have the client's money left with the clinic. */
const ONLY_CLIENTS_LEAVE_MONEY = 'only-clients-leave-money';

/** The money is the client's: nobody else may leave it with the clinic. */
function leavesMoney({ actor, wantsRefund }: CancelRequest): boolean {
  if (wantsRefund) return false;
  return actor.party === 'client' || !patched(ONLY_CLIENTS_LEAVE_MONEY);
}
