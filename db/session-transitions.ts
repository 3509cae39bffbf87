import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';
import { assertNever } from '../domain/assert-never.ts';
import type { SessionState } from '../domain/session.ts';
import { isEnded, nextDeadline } from '../domain/session.ts';
import {
  type ClaimWish,
  extendClaims,
  promoteProposedClaims,
  releaseClaims,
  tryClaim,
} from './claims.ts';
import { columnsOf } from './sessions.ts';

/** What a transition does to the session's claims. `wishes` include buffers. */
export type ClaimsChange =
  | { readonly kind: 'keep' }
  | { readonly kind: 'release' }
  | { readonly kind: 'propose'; readonly wishes: readonly ClaimWish[] }
  | { readonly kind: 'move'; readonly wishes: readonly ClaimWish[] }
  | { readonly kind: 'reclaim'; readonly wishes: readonly ClaimWish[] }
  | { readonly kind: 'accept_proposal' }
  | { readonly kind: 'drop_proposal' };

export interface Transition {
  readonly sessionId: string;
  /** The version that the session has after this transition. */
  readonly version: number;
  readonly state: SessionState;
  readonly claims: ClaimsChange;
  readonly event: string;
  readonly actorId: string | null;
  /** Codes and instants for the timeline; never text that a person typed. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export type TransitionOutcome = 'recorded' | 'claims_lost' | 'slot_taken';

/** Whose session it is, for the audit. */
export interface SessionOwner {
  readonly clinic_id: string;
  readonly client_id: string | null;
}

class Refused extends Error {
  readonly outcome: Exclude<TransitionOutcome, 'recorded'>;
  constructor(outcome: Exclude<TransitionOutcome, 'recorded'>) {
    super(outcome);
    this.outcome = outcome;
  }
}

/**
 * Writes one step of a session's life: its row, claims, timeline and outgoing event, all or
 * nothing. Repeating a recorded step changes nothing. Throws Refused inside the transaction
 * so that it rolls back; callers see the outcome through {@link outcomeOf}. Resolves to the
 * people concerned, or to null when the step was recorded before.
 */
export async function recordTransition(
  trx: Knex.Transaction,
  step: Transition,
): Promise<SessionOwner | null> {
  const updated = await trx('sessions')
    .where({ id: step.sessionId, version: step.version - 1 })
    .update({ ...columnsOf(step.state), version: step.version, updated_at: trx.fn.now() })
    .returning<SessionOwner[]>(['clinic_id', 'client_id']);
  const owner = updated[0];
  if (owner === undefined) return assertAlreadyRecorded(trx, step);
  await changeClaims(trx, step);
  await settleEnrolments(trx, step);
  await trx.raw(
    `WITH event AS (
       INSERT INTO session_events (session_id, kind, actor_id, data) VALUES (?, ?, ?, ?))
     INSERT INTO outbox (topic, clinic_id, payload)
       VALUES ('session.changed', ?, ?)`,
    [
      step.sessionId,
      step.event,
      step.actorId,
      JSON.stringify(step.data ?? {}),
      owner.clinic_id,
      JSON.stringify({
        sessionId: step.sessionId,
        status: step.state.status,
        event: step.event,
        version: step.version,
        actorId: step.actorId,
        startsAt: step.state.startsAt,
        endsAt: step.state.endsAt,
      }),
    ],
  );
  return owner;
}

/** The outcome that a refused transition stands for; anything else is thrown on. */
export function outcomeOf(error: unknown): TransitionOutcome {
  if (error instanceof Refused) return error.outcome;
  throw error;
}

async function assertAlreadyRecorded(trx: Knex.Transaction, step: Transition): Promise<null> {
  const row = await trx('sessions').where({ id: step.sessionId }).first('version');
  if (row === undefined) throw new HoldfastError('not_found', 'No such session.');
  if (row.version >= step.version) return null;
  throw new HoldfastError('version_conflict', 'The session has missed a step of its own.');
}

async function changeClaims(trx: Knex.Transaction, step: Transition): Promise<void> {
  const { sessionId, state, claims } = step;
  const expiresAtMs = nextDeadline(state)?.dueAt ?? null;
  switch (claims.kind) {
    case 'keep': {
      const isHeld = await extendClaims(trx, sessionId, expiresAtMs);
      // What is taking place takes place, whatever became of its claim.
      return state.status === 'in_progress' ? undefined : assertHeld(isHeld);
    }
    case 'release':
      return releaseClaims(trx, sessionId, 'all');
    case 'propose':
      return assertFree(
        await tryClaim(trx, sessionId, claims.wishes, {
          slot: 'proposed',
          expiresAtMs: state.proposal?.answerDueAt ?? null,
        }),
      );
    case 'reclaim':
    case 'move':
      // The new stretches are claimed before the old ones go: a session never collides with itself.
      return replaceClaims(trx, sessionId, claims.wishes, expiresAtMs);
    case 'accept_proposal':
      return assertHeld(await promoteProposedClaims(trx, sessionId, expiresAtMs));
    case 'drop_proposal':
      return releaseClaims(trx, sessionId, 'proposed');
    default:
      return assertNever(claims);
  }
}

async function replaceClaims(
  trx: Knex.Transaction,
  sessionId: string,
  wishes: readonly ClaimWish[],
  expiresAtMs: number | null,
): Promise<void> {
  assertFree(await tryClaim(trx, sessionId, wishes, { slot: 'proposed', expiresAtMs: null }));
  assertHeld(await promoteProposedClaims(trx, sessionId, expiresAtMs));
}

function assertHeld(isHeld: boolean): void {
  if (!isHeld) throw new Refused('claims_lost');
}

function assertFree(isFree: boolean): void {
  if (!isFree) throw new Refused('slot_taken');
}

/** Individual sessions carry their one enrolment along; groups settle members one by one. */
async function settleEnrolments(trx: Knex.Transaction, step: Transition): Promise<void> {
  const next = enrolmentStateOf(step.state);
  if (next === null) return;
  await trx.raw(
    `UPDATE enrolments SET state = ?, updated_at = now()
     WHERE session_id = ? AND state IN ('invited', 'reserved', 'confirmed') AND state <> ?`,
    [next, step.sessionId, next],
  );
  if (step.state.status === 'completed') {
    await trx.raw(
      `UPDATE therapist_profiles SET completed_sessions = completed_sessions + 1
       WHERE person_id = (SELECT therapist_id FROM sessions WHERE id = ?)`,
      [step.sessionId],
    );
  }
}

function enrolmentStateOf(state: SessionState): string | null {
  if (state.status === 'confirmed') return 'confirmed';
  if (state.status === 'completed') return 'attended';
  if (state.status === 'no_show') return 'absent';
  return isEnded(state.status) ? 'cancelled' : null;
}
