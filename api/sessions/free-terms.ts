import type { SessionRow } from '../../db/sessions.ts';
import type { FreeTerms } from '../../domain/cancellation.ts';

/** What decides until when the client of a session cancels it for nothing. */
export function freeTermsOf(session: SessionRow): FreeTerms {
  return {
    policy: session.plan.cancellation,
    startsAt: session.starts_at.getTime(),
    bookedAt: session.created_at.getTime(),
    movedByOthersAt: session.moved_by_others_at?.getTime(),
  };
}
