import { ServiceError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { UpdateDefinition } from '@temporalio/common';
import { lifeOf, startSession } from '../../activities/session/starting.ts';
import { currentHoldOf } from '../../db/offers.ts';
import { findLife } from '../../db/seats.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { HoldfastError, isErrorCode } from '../../domain/errors.ts';
import { isEnded } from '../../domain/session.ts';
import type { ApiDeps } from '../context.ts';
import { openPlanned } from '../series/opening.ts';

/** How long a caller waits until a worker has taken the message; when none does, nobody will. */
const ACCEPTED_TIMEOUT_MS = 8_000;
/** How long a caller waits for the answer then: a provider may be slow, ms. */
const ANSWER_TIMEOUT_MS = 35_000;
/** Whatever is given up is tried for longer; what has failed by then, did so in answer to an earlier request. */
const KNOWN_WITHIN_MS = 5_000;
/** Requests that are repeated within this time are one message again. */
const ANEW_EVERY_MS = 30_000;

/**
 * Asks a session's workflow for something and waits for its answer. `requestId` makes the
 * same request one message. Throws what the session refuses with, and
 * `dependency_unavailable` when nobody answers.
 */
export async function askSession<Answer, Request>(
  deps: ApiDeps,
  session: SessionRow,
  update: UpdateDefinition<Answer, [Request]>,
  request: Request,
  requestId: string,
): Promise<Answer> {
  const ask = (): Promise<Answer> =>
    sendUpdate(deps, lifeOf(session).workflowId, update, request, requestId);
  try {
    return await ask().catch((error: unknown) => startFirst(deps, session, error, ask));
  } catch (error) {
    throw translate(error);
  }
}

/** The same for any other workflow. Throws `wrong_state` when there is none, or none any more. */
export async function askWorkflow<Answer, Request>(
  deps: ApiDeps,
  id: string,
  update: UpdateDefinition<Answer, [Request]>,
  request: Request,
  requestId: string,
): Promise<Answer> {
  try {
    return await sendUpdate(deps, id, update, request, requestId);
  } catch (error) {
    throw translate(error);
  }
}

/** What an earlier try was given up for is tried again, instead of being told the same for ever. */
async function sendUpdate<Answer, Request>(
  deps: ApiDeps,
  id: string,
  update: UpdateDefinition<Answer, [Request]>,
  request: Request,
  requestId: string,
): Promise<Answer> {
  const since = Date.now();
  try {
    return await sendOnce(deps, id, update, request, requestId);
  } catch (error) {
    if (!isGivenUp(error) || Date.now() - since >= KNOWN_WITHIN_MS) throw error;
    const anew = `${requestId}.${String(Math.floor(since / ANEW_EVERY_MS))}`;
    return sendOnce(deps, id, update, request, anew);
  }
}

/** The session itself has not refused: what it asked somebody else for was of no avail. */
function isGivenUp(error: unknown): boolean {
  return error instanceof WorkflowUpdateFailedError && !(error.cause instanceof ApplicationFailure);
}

async function sendOnce<Answer, Request>(
  deps: ApiDeps,
  id: string,
  update: UpdateDefinition<Answer, [Request]>,
  request: Request,
  updateId: string,
): Promise<Answer> {
  const handle = deps.temporal.workflow.getHandle(id);
  const within = <T>(ms: number, work: () => Promise<T>): Promise<T> =>
    deps.temporal.withDeadline(Date.now() + ms, work);
  const asked = await within(ACCEPTED_TIMEOUT_MS, () =>
    handle.startUpdate<Answer, [Request]>(update, {
      args: [request],
      updateId,
      waitForStage: 'ACCEPTED',
    }),
  );
  return within(ANSWER_TIMEOUT_MS, () => asked.result());
}

/** A session whose workflow a crash has kept from starting gets it now. */
async function startFirst<Answer>(
  deps: ApiDeps,
  session: SessionRow,
  error: unknown,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
  const current = await findLife(deps.knex, {
    sessionId: session.id,
    enrolmentId: session.enrolment_id,
  });
  if (current === null || isEnded(current.status)) {
    throw new HoldfastError('wrong_state', 'The session is over; this cannot be done any more.');
  }
  if ((await currentHoldOf(deps.knex, session.id)) !== null) {
    throw new HoldfastError('wrong_state', 'This time is being offered to somebody.');
  }
  if (current.status === 'planned') await openPlanned(deps, current.id);
  else await startSession(deps.temporal, current);
  return ask();
}

function translate(error: unknown): unknown {
  if (error instanceof WorkflowUpdateFailedError) return refusalOf(error);
  if (error instanceof WorkflowNotFoundError) {
    return new HoldfastError('wrong_state', 'The session is over; this cannot be done any more.');
  }
  if (error instanceof ServiceError || isTimeout(error)) return unavailable(error);
  return error;
}

function refusalOf(error: WorkflowUpdateFailedError): unknown {
  const { cause } = error;
  if (cause instanceof ApplicationFailure && isErrorCode(cause.type)) {
    return new HoldfastError(cause.type, cause.message);
  }
  // A provider's activity gave up while the caller was waiting.
  return unavailable(error);
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && /timeout|deadline/i.test(error.name + error.message);
}

export function unavailable(cause: unknown): HoldfastError {
  return new HoldfastError(
    'dependency_unavailable',
    'The service cannot answer right now; nothing was lost. Please try again shortly.',
    { retryAfterSeconds: 5 },
    cause,
  );
}
