import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { UpdateDefinition } from '@temporalio/common';
import type { Knex } from 'knex';
import { v5 as nameBasedId } from 'uuid';
import { bookingRules, findCalendar } from '../../db/availability.ts';
import type { Offer } from '../../db/offers.ts';
import { keepRevision } from '../../db/revisions.ts';
import { type SessionRow, findSession, stateOf } from '../../db/sessions.ts';
import type { AbsenceChoice } from '../../domain/absence.ts';
import { HoldfastError, errorCodeOf } from '../../domain/errors.ts';
import { workflowId } from '../../domain/ids.ts';
import { answerDueAt } from '../../domain/plan.ts';
import { type SessionEvent, decide, isEnded } from '../../domain/session.ts';
import { cancelUpdate, declineUpdate, relocateUpdate } from '../../workflows/messages/session.ts';
import type { TransitionInput, TransitionOutcome } from '../session/contract.ts';
import { startSession } from '../session/starting.ts';
import { recordStep } from '../session/transitions.ts';

interface Deps {
  readonly knex: Knex;
  readonly temporal: Client;
}

type Asked = 'done' | 'taken' | 'over';

export interface Move {
  readonly offer: Offer;
  readonly session: SessionRow;
  readonly choice: Exclude<AbsenceChoice, { kind: 'refund' }>;
  readonly needsApproval: boolean;
}

/** The session goes on at the chosen time; what was paid stays with it. */
export async function moveTo(
  deps: Deps,
  { offer, session, choice, needsApproval }: Move,
): Promise<Asked> {
  const { startsAt, endsAt } = choice;
  const actor = { personId: offer.clientId, party: 'client' as const };
  const isSame = choice.therapistId === session.therapist_id;
  const fromTherapistId = isSame ? null : session.therapist_id;
  const revisionId = isSame ? null : await keepHandover(deps.knex, { offer, session, choice });
  if (isWithoutWorkflow(session)) {
    const dueAt = answerDueAt(session.plan, Date.now(), startsAt);
    const event = {
      type: 'relocate',
      startsAt,
      endsAt,
      needsApproval,
      answerDueAt: dueAt,
    } as const;
    const by = { actorId: offer.clientId, revisionId, fromTherapistId };
    return record(deps, session, event, 'relocated', by);
  }
  const request = { actor, startsAt, endsAt, revisionId, fromTherapistId, needsApproval };
  return ask(deps, session, relocateUpdate, request, `${offer.id}-${choice.id}`);
}

/** Puts on record who takes the session over, under the same id however often it is tried. */
async function keepHandover(
  knex: Knex,
  { offer, session, choice }: Omit<Move, 'needsApproval'>,
): Promise<string> {
  const { therapistId, startsAt, endsAt } = choice;
  const calendar = await findCalendar(knex, {
    clinicId: session.clinic_id,
    therapistId,
    door: session.door,
    sessionType: session.session_type,
    window: { startMs: startsAt, endMs: endsAt },
  });
  const id = nameBasedId(choice.id, offer.id);
  await keepRevision(knex, {
    id,
    sessionId: session.id,
    askedBy: offer.clientId,
    details: null,
    reason: null,
    format: null,
    therapistId,
    buffers: calendar === null ? null : bookingRules(calendar, Date.now()).buffers,
  });
  return id;
}

/** Cancels in the therapist's name: all money goes back, and both are told. */
export async function callOff(deps: Deps, session: SessionRow, offer: Offer): Promise<Asked> {
  const actor = { personId: offer.therapistId, party: 'therapist' as const };
  if (isWithoutWorkflow(session)) {
    const event = { type: 'cancel', by: 'therapist' } as const;
    return record(deps, session, event, 'cancelled', { actorId: offer.therapistId });
  }
  const request = { actor, wantsRefund: true, fee: 'standard' as const };
  return ask(deps, session, cancelUpdate, request, `${offer.id}-cancel`);
}

/** A time that was proposed lies in the time off: the session stays where it is. */
export async function refuseProposal(deps: Deps, session: SessionRow, offer: Offer): Promise<void> {
  if (session.proposed_starts_at === null) return;
  const actor = { personId: offer.therapistId, party: 'therapist' as const };
  await ask(deps, session, declineUpdate, { actor }, `${offer.id}-refuse`);
}

/** A planned occurrence gets its workflow ahead of its time; until then its row is all there is. */
function isWithoutWorkflow(session: SessionRow): boolean {
  return session.status === 'planned' && session.workflow_started_at === null;
}

async function record(
  { knex }: Deps,
  session: SessionRow,
  event: SessionEvent,
  name: string,
  by: {
    readonly actorId: string | null;
    readonly revisionId?: string | null;
    readonly fromTherapistId?: string | null;
  },
): Promise<Asked> {
  const { actorId, revisionId = null, fromTherapistId = null } = by;
  const decision = decide(stateOf(session), event, Date.now());
  if (decision.kind !== 'moved') return 'over';
  const outcome = await recordOrRetry(knex, {
    sessionId: session.id,
    version: session.version + 1,
    state: decision.state,
    claims: event.type === 'cancel' ? 'release' : 'move',
    event: name,
    actorId,
    data: {
      by: event.type === 'cancel' ? 'therapist' : 'client',
      ...(fromTherapistId === null ? {} : { fromTherapistId }),
    },
    ...(revisionId === null ? {} : { revisionId }),
  });
  return outcome === 'recorded' ? 'done' : 'taken';
}

/** Somebody else's step came first: the next attempt looks at the session anew. */
async function recordOrRetry(knex: Knex, step: TransitionInput): Promise<TransitionOutcome> {
  try {
    return await recordStep(knex, step);
  } catch (error) {
    if (errorCodeOf(error) !== 'version_conflict') throw error;
    throw new HoldfastError('dependency_unavailable', 'The session has just changed.', {}, error);
  }
}

/** Asks the session's workflow; the same id again is the same message. */
async function ask<Answer, Request>(
  deps: Deps,
  session: SessionRow,
  update: UpdateDefinition<Answer, [Request]>,
  request: Request,
  updateId: string,
): Promise<Asked> {
  const handle = deps.temporal.workflow.getHandle(workflowId('session', session.id));
  const send = (): Promise<Answer> =>
    handle.executeUpdate<Answer, [Request]>(update, { args: [request], updateId });
  try {
    await send().catch((error: unknown) => startFirst(deps, session, error, send));
    return 'done';
  } catch (error) {
    return outcomeOf(error);
  }
}

/** A session whose workflow a crash has kept from starting gets it now. */
async function startFirst<Answer>(
  { knex, temporal }: Deps,
  { id }: SessionRow,
  error: unknown,
  send: () => Promise<Answer>,
): Promise<Answer> {
  const current = error instanceof WorkflowNotFoundError ? await findSession(knex, id) : null;
  if (current === null || isEnded(current.status)) throw error;
  await startSession(temporal, current);
  return send();
}

function outcomeOf(error: unknown): Asked {
  if (error instanceof WorkflowNotFoundError) return 'over';
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure)) throw error;
  if (cause.type === 'slot_unavailable' || cause.type === 'time_in_past') return 'taken';
  if (cause.type === 'wrong_state') return 'over';
  throw new HoldfastError('dependency_unavailable', 'The session did not take the message.');
}
