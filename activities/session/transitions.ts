import type { Knex } from 'knex';
import { type ClaimWish, releaseExpiredInTheWay } from '../../db/claims.ts';
import { type RevisionInForce, findRevision } from '../../db/revisions.ts';
import { type SessionRow, findSession } from '../../db/sessions.ts';
import { releaseUnconfirmed } from '../../db/holds.ts';
import {
  type ClaimsChange,
  type TransitionOutcome,
  recordTransition,
} from '../../db/session-transitions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { claimWishes } from '../../domain/session-claims.ts';
import { ENDED_STATUSES, type SessionState } from '../../domain/session.ts';
import type { BeginOutcome, SessionActivities, TransitionInput } from './contract.ts';

type TransitionActivities = Pick<SessionActivities, 'begin' | 'recordTransition' | 'settleHold'>;

/** The steps that the workflow writes into the record. */
export function createTransitionActivities({ knex }: { knex: Knex }): TransitionActivities {
  return {
    begin: (input) => begin(knex, input.sessionId),
    settleHold: async ({ sessionId }) => ({ standing: await releaseUnconfirmed(knex, sessionId) }),
    recordTransition: async (input) => ({ outcome: await recordStep(knex, input) }),
  };
}

/** Notes that a workflow looks after the session. `ended` when its hold was released before. */
async function begin(knex: Knex, sessionId: string): Promise<BeginOutcome> {
  const result = await knex.raw(
    `UPDATE sessions SET workflow_started_at = coalesce(workflow_started_at, now())
     WHERE id = ? RETURNING status = ANY(?) AS has_ended`,
    [sessionId, [...ENDED_STATUSES]],
  );
  const row: { has_ended: boolean } | undefined = result.rows[0];
  return { kind: row === undefined || row.has_ended ? 'ended' : 'begun' };
}

/** Records one step; lapsed holds that are in the way of its new time go first. */
export async function recordStep(knex: Knex, input: TransitionInput): Promise<TransitionOutcome> {
  const revision =
    input.revisionId === undefined ? null : await findRevision(knex, input.revisionId);
  const claims = await claimsOf(knex, input, revision);
  const attempt = (): Promise<TransitionOutcome> => attemptStep(knex, input, claims, revision);
  const outcome = await attempt();
  if (outcome !== 'slot_taken' || !('wishes' in claims)) return outcome;
  const released = await releaseExpiredInTheWay(knex, claims.wishes);
  return released > 0 ? attempt() : outcome;
}

async function attemptStep(
  knex: Knex,
  input: TransitionInput,
  claims: ClaimsChange,
  revision: RevisionInForce | null,
): Promise<TransitionOutcome> {
  const by = input.data?.by;
  const role = typeof by === 'string' ? by : 'system';
  const actor = { id: input.actorId, role, clinicId: null };
  const context = { actor, requestId: null };
  const step = { ...input, claims, ...(revision === null ? {} : { revision }) };
  return recordTransition(knex, step, context);
}

/** Names the stretches of time where the change needs new ones. */
async function claimsOf(
  knex: Knex,
  { claims, state, sessionId }: TransitionInput,
  revision: RevisionInForce | null,
): Promise<ClaimsChange> {
  if (claims === 'propose') {
    const time = state.proposal ?? state;
    return { kind: claims, wishes: await wishesFor(knex, sessionId, time, revision) };
  }
  if (claims === 'move' || claims === 'reclaim') {
    return { kind: claims, wishes: await wishesFor(knex, sessionId, state, revision) };
  }
  return { kind: claims };
}

async function wishesFor(
  knex: Knex,
  sessionId: string,
  time: Pick<SessionState, 'startsAt' | 'endsAt'>,
  revision: RevisionInForce | null,
): Promise<ClaimWish[]> {
  const session: SessionRow | null = await findSession(knex, sessionId);
  if (session === null) throw new HoldfastError('not_found', 'No such session.');
  return claimWishes({
    door: session.door,
    therapistId: revision?.therapistId ?? session.therapist_id,
    clientId: session.client_id,
    startsAt: time.startsAt,
    endsAt: time.endsAt,
    buffers: revision?.buffers ?? session.plan.buffers,
  });
}
