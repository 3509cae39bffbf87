import type { Knex } from 'knex';
import { HoldfastError, errorCodeOf } from '../domain/errors.ts';
import { assertNever } from '../domain/assert-never.ts';
import type { SessionState } from '../domain/session.ts';
import { isEnded, nextDeadline } from '../domain/session.ts';
import { type AuditContext, toInsert } from './audit/entry.ts';
import { type ClaimWish, promoteProposedClaims, releaseClaims, tryClaim } from './claims.ts';
import { type RevisionInForce, applyRevision } from './revisions.ts';
import { columnsOf } from './sessions.ts';
import { inTransaction, untilWon } from './transaction.ts';

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
  /** What comes into force with this step. */
  readonly revision?: RevisionInForce;
}

export type TransitionOutcome = 'recorded' | 'claims_lost' | 'slot_taken';

class Refused extends Error {
  readonly outcome: Exclude<TransitionOutcome, 'recorded'>;
  constructor(outcome: Exclude<TransitionOutcome, 'recorded'>) {
    super(outcome);
    this.outcome = outcome;
  }
}

/**
 * Writes one step of a session's life: its row, claims, enrolments, timeline, outgoing event and
 * audit row, all or nothing. Repeating a recorded step changes nothing. An ordinary step is one
 * statement; one that needs other claims is a transaction. Throws `version_conflict` when the
 * step before is missing, `not_found` without such a session.
 */
export async function recordTransition(
  knex: Knex,
  step: Transition,
  context: AuditContext,
): Promise<TransitionOutcome> {
  const { kind } = step.claims;
  if (step.revision === undefined && (kind === 'keep' || kind === 'release')) {
    return untilWon(() => recordSimply(knex, step, context));
  }
  try {
    return await inTransaction(knex, context, async (trx) => {
      const written = await writeStep(trx, step, context);
      if (written === 'claims_lost') throw new Refused(written);
      if (written === 'recorded') await changeClaims(trx, step);
      if (written === 'recorded' && step.revision !== undefined) {
        await applyRevision(trx, step.revision.id, { isStep: true });
      }
      return 'recorded' as const;
    });
  } catch (error) {
    if (error instanceof Refused) return error.outcome;
    // Time off was written between the question for the time and the step.
    if (errorCodeOf(error) === 'therapist_unavailable') return 'slot_taken';
    throw error;
  }
}

/** A step that keeps or releases the session's claims; it may be part of a larger transaction. */
export async function recordSimply(
  db: Knex,
  step: Transition,
  context: AuditContext,
): Promise<TransitionOutcome> {
  const written = await writeStep(db, step, context);
  return written === 'claims_lost' ? written : 'recorded';
}

const COLUMNS = `status, approval, payment, starts_at, ends_at, hold_due_at, answer_due_at,
  payment_due_at, proposed_starts_at, proposed_ends_at, proposal_due_at, schedule_version,
  moved_by_others_at, attendance, missed_deadline, cancelled_by`;

/** The step's row is locked first; whatever else is written hangs on its update. */
const STEP = `
  WITH step AS (
    SELECT id FROM sessions WHERE id = :id AND version = :version - 1 FOR UPDATE
  ), held AS (
    UPDATE claims SET expires_at = :expiresAt::timestamptz
    WHERE :claims = 'keep' AND session_id IN (SELECT id FROM step)
      AND slot = 'current' AND state = 'active'
      AND (expires_at IS NULL OR expires_at > clock_timestamp())
    RETURNING 1
  ), updated AS (
    UPDATE sessions SET version = :version, updated_at = now(),
      therapist_id = coalesce(:therapistId::uuid, therapist_id), (${COLUMNS}) = (
      SELECT ${COLUMNS} FROM jsonb_populate_record(null::sessions, :row::jsonb))
    FROM step WHERE sessions.id = step.id
      -- What is taking place takes place, whatever became of its claim.
      AND (:claims <> 'keep' OR :status = 'in_progress' OR EXISTS (SELECT FROM held))
    RETURNING sessions.id, clinic_id, client_id, therapist_id
  ), released AS (
    UPDATE claims SET state = 'released'
    WHERE :claims = 'release' AND session_id IN (SELECT id FROM updated) AND state = 'active'
  ), settled AS (
    -- Individual sessions carry their one enrolment along; groups settle members one by one.
    UPDATE enrolments SET state = :enrolment, updated_at = now()
    WHERE :enrolment::text IS NOT NULL AND session_id IN (SELECT id FROM updated)
      AND state IN ('invited', 'reserved', 'confirmed') AND state <> :enrolment
      AND status IS NULL
  ), counted AS (
    UPDATE therapist_profiles SET completed_sessions = completed_sessions + 1
    WHERE :status = 'completed' AND person_id IN (SELECT therapist_id FROM updated)
  ), noted AS (
    INSERT INTO session_events (session_id, kind, actor_id, data)
    SELECT id, :event, :actorId::uuid, :data::jsonb FROM updated
  ), told AS (
    INSERT INTO outbox (topic, clinic_id, payload)
    SELECT 'session.changed', clinic_id, :news::jsonb FROM updated
  ), audited AS (
    INSERT INTO audit_entries (clinic_id, actor_id, actor_role, action, object_type, object_id,
      subject_id, outcome, request_id, changes)
    SELECT updated.clinic_id, entry.actor_id, entry.actor_role, entry.action, entry.object_type,
      entry.object_id, updated.client_id, entry.outcome, entry.request_id, entry.changes
    FROM updated, jsonb_to_record(:audit::jsonb) AS entry (actor_id uuid, actor_role text,
      action text, object_type text, object_id text, outcome text, request_id text, changes jsonb)
  )
  SELECT EXISTS (SELECT FROM step) AS is_next, EXISTS (SELECT FROM updated) AS is_written`;

async function writeStep(
  db: Knex,
  step: Transition,
  context: AuditContext,
): Promise<'recorded' | 'repeated' | 'claims_lost'> {
  const { sessionId, version, state, claims, event, actorId } = step;
  const { status, startsAt, endsAt } = state;
  const expiresAtMs = nextDeadline(state)?.dueAt ?? null;
  const { rows } = await db.raw(STEP, {
    id: sessionId,
    version,
    status,
    event,
    actorId,
    therapistId: step.revision?.therapistId ?? null,
    claims: claims.kind,
    expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs),
    enrolment: enrolmentStateOf(state),
    row: JSON.stringify(columnsOf(state)),
    data: JSON.stringify(step.data ?? {}),
    news: JSON.stringify({ sessionId, status, event, version, actorId, startsAt, endsAt }),
    audit: JSON.stringify(auditOf(step, context)),
  });
  if (rows[0].is_written) return 'recorded';
  if (rows[0].is_next) return 'claims_lost';
  await assertAlreadyRecorded(db, step);
  return 'repeated';
}

function auditOf({ sessionId, version, state, event }: Transition, context: AuditContext): object {
  return toInsert(context, {
    action: `session.${event}`,
    objectType: 'session',
    objectId: sessionId,
    changes: { status: state.status, version },
  });
}

async function assertAlreadyRecorded(db: Knex, step: Transition): Promise<void> {
  const row = await db('sessions').where({ id: step.sessionId }).first('version');
  if (row === undefined) throw new HoldfastError('not_found', 'No such session.');
  if (row.version >= step.version) return;
  throw new HoldfastError('version_conflict', 'The session has missed a step of its own.');
}

async function changeClaims(trx: Knex.Transaction, step: Transition): Promise<void> {
  const { sessionId, state, claims } = step;
  const expiresAtMs = nextDeadline(state)?.dueAt ?? null;
  switch (claims.kind) {
    case 'keep':
    case 'release':
      // The step's own statement sees to them.
      return;
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

function enrolmentStateOf(state: SessionState): string | null {
  if (state.status === 'confirmed') return 'confirmed';
  if (state.status === 'completed') return 'attended';
  if (state.status === 'no_show') return 'absent';
  return isEnded(state.status) ? 'cancelled' : null;
}
