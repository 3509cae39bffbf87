import { ServiceError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { type OccurrenceRow, type Wanted, findOccurrence, settleWanted } from '../../db/series.ts';
import { HoldfastError, isErrorCode } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import { workflowId } from '../../domain/ids.ts';
import { isEnded } from '../../domain/session.ts';
import { cancelUpdate, rescheduleUpdate } from '../../workflows/messages/session.ts';
import { startSession } from '../session/starting.ts';
import type { OpeningDeps } from './opening.ts';

/** How long a workflow may take to answer before the next run asks again, ms. */
const ANSWER_TIMEOUT_MS = 20_000;

/** `proposed`: the therapist has yet to agree to the new time. */
export type WantedOutcome =
  | { readonly kind: 'done' | 'proposed' | 'nothing' }
  | { readonly kind: 'refused'; readonly code: ErrorCode };

export interface RefusedWish {
  readonly occurrence: OccurrenceRow;
  readonly wanted: Wanted;
  readonly code: ErrorCode;
}

/**
 * Asks an occurrence's running workflow for what an edit of its series has decided. The request
 * has the edit's own id, so that asking again is the same request. Throws where nobody answers:
 * the next run asks again. A refusal is given to `onRefused` before the wish is forgotten.
 */
export async function applyWanted(
  deps: OpeningDeps,
  sessionId: string,
  onRefused: (refused: RefusedWish) => Promise<unknown> = () => Promise.resolve(),
): Promise<WantedOutcome> {
  const occurrence = await findOccurrence(deps.knex, sessionId);
  if (occurrence === null || occurrence.wanted === null) return { kind: 'nothing' };
  const { wanted } = occurrence;
  const outcome = await ask(deps, occurrence, wanted);
  if (outcome.kind === 'refused') await onRefused({ occurrence, wanted, code: outcome.code });
  await settleWanted(deps.knex, sessionId, wanted);
  return outcome;
}

async function ask(
  deps: OpeningDeps,
  occurrence: OccurrenceRow,
  wanted: Wanted,
): Promise<WantedOutcome> {
  if (isEnded(occurrence.status)) return refusedEnd(wanted);
  try {
    return await send(deps, occurrence, wanted);
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) return refusalOf(error);
    if (error instanceof WorkflowNotFoundError) {
      // Between its record and its workflow a crash came: it gets one now, and is asked again.
      await startSession(deps.temporal, occurrence);
      throw busy(error);
    }
    if (error instanceof ServiceError) throw busy(error);
    throw error;
  }
}

async function send(
  { temporal }: OpeningDeps,
  { id }: OccurrenceRow,
  wanted: Wanted,
): Promise<WantedOutcome> {
  const handle = temporal.workflow.getHandle(workflowId('session', id));
  const { actor, requestId: updateId } = wanted;
  return temporal.withDeadline(Date.now() + ANSWER_TIMEOUT_MS, async () => {
    if (wanted.kind === 'cancel') {
      const request = { actor, wantsRefund: true, fee: 'standard' } as const;
      await handle.executeUpdate(cancelUpdate, { args: [request], updateId });
      return { kind: 'done' };
    }
    const { startsAt, endsAt } = wanted;
    const args = [{ actor, startsAt, endsAt }] as const;
    const answer = await handle.executeUpdate(rescheduleUpdate, { args: [...args], updateId });
    return { kind: answer.answerDueAt === null ? 'done' : 'proposed' };
  });
}

/** What has ended needs no cancelling, and can't be moved. */
function refusedEnd({ kind }: Wanted): WantedOutcome {
  return kind === 'cancel' ? { kind: 'done' } : { kind: 'refused', code: 'wrong_state' };
}

function refusalOf(error: WorkflowUpdateFailedError): WantedOutcome {
  const { cause } = error;
  if (cause instanceof ApplicationFailure && isErrorCode(cause.type)) {
    return { kind: 'refused', code: cause.type };
  }
  throw busy(error);
}

function busy(cause: unknown): HoldfastError {
  return new HoldfastError(
    'dependency_unavailable',
    'The session does not answer right now; it is asked again.',
    { retryAfterSeconds: 5 },
    cause,
  );
}
