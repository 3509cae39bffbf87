import type { Knex } from 'knex';
import { assertNever } from '../domain/assert-never.ts';
import { SEATED_STATES, enrolmentStateOf } from '../domain/enrolment.ts';
import { HoldfastError } from '../domain/errors.ts';
import { type SessionState, isEnded, nextDeadline } from '../domain/session.ts';
import { tryClaim } from './claims.ts';
import { exceedsLimits } from './client-limits.ts';
import { isOff } from './seats.ts';
import { type SessionRow, findSession } from './sessions.ts';

/** Where a seat can be taken: both are decided under the lock on the session's row. */
export interface SeatWish {
  readonly id: string;
  readonly sessionId: string;
  readonly personId: string;
  readonly alias: string;
  readonly state: SessionState;
  readonly dueCents: number;
  readonly consents: Readonly<Record<string, true>>;
  /** Who has invited them; without it they have joined by themselves. */
  readonly invitedBy?: string;
}

export type SeatOutcome =
  | { readonly kind: 'seated' | 'seated_before'; readonly enrolmentId: string }
  | { readonly kind: 'full' | 'person_busy' | 'limit_exceeded' | 'closed' };

/**
 * Takes a seat. The lock on the session's row keeps its seats from being taken twice, keeps
 * joining apart from calling off and from the start, and makes one person's request twice one
 * seat. On any outcome but `seated` and `seated_before` the caller rolls back.
 */
export async function takeSeat(trx: Knex.Transaction, wish: SeatWish): Promise<SeatOutcome> {
  const session = await lockSession(trx, wish.sessionId);
  const known = await trx('enrolments')
    .where({ session_id: wish.sessionId, person_id: wish.personId })
    // The same request again finds what it has made, whatever has become of it.
    .where((seat) => void seat.whereIn('state', SEATED_STATES).orWhere({ id: wish.id }))
    .first('id');
  if (known !== undefined) return { kind: 'seated_before', enrolmentId: known.id };
  if (session?.status !== 'confirmed' || !(await isAhead(trx, session))) return { kind: 'closed' };
  if ((await countSeats(trx, session.id)) >= capacityOf(session)) return { kind: 'full' };
  if (!(await claimTime(trx, session, wish.personId, wish.state))) return { kind: 'person_busy' };
  if (await exceedsLimits(trx, wish.personId, session)) return { kind: 'limit_exceeded' };
  await insertSeat(trx, session, wish);
  return { kind: 'seated', enrolmentId: wish.id };
}

async function lockSession(trx: Knex.Transaction, id: string): Promise<SessionRow | null> {
  const row = await trx('sessions').where({ id }).whereNotNull('group_terms').forUpdate().first();
  return (row as SessionRow | undefined) ?? null;
}

/** By the database's clock, which decides every race with the start. */
async function isAhead(trx: Knex.Transaction, { starts_at }: SessionRow): Promise<boolean> {
  const result = await trx.raw('SELECT ?::timestamptz > clock_timestamp() AS ahead', [starts_at]);
  return result.rows[0].ahead;
}

function capacityOf({ group_terms }: SessionRow): number {
  return group_terms?.capacity ?? 0;
}

async function countSeats(
  trx: Knex.Transaction,
  sessionId: string,
  exceptId: string | null = null,
): Promise<number> {
  const result = await trx.raw(
    `SELECT count(*)::int AS seats FROM enrolments
     WHERE session_id = ? AND state = ANY (?) AND id IS DISTINCT FROM ?`,
    [sessionId, [...SEATED_STATES], exceptId],
  );
  return result.rows[0].seats;
}

/** A member claims the time of the session itself; its buffers are the therapist's. */
function claimTime(
  trx: Knex.Transaction,
  session: SessionRow,
  personId: string,
  seat: SessionState,
): Promise<boolean> {
  const startMs = session.starts_at.getTime();
  const endMs = session.ends_at.getTime();
  return tryClaim(trx, session.id, [{ personId, startMs, endMs }], {
    slot: 'current',
    expiresAtMs: nextDeadline(seat)?.dueAt ?? null,
  });
}

export async function insertSeat(
  trx: Knex.Transaction,
  session: SessionRow,
  { id, personId, alias, state, dueCents, consents, invitedBy }: SeatWish,
): Promise<void> {
  const version = await nextVersion(trx, session.id, personId);
  await trx('enrolments').insert({
    id,
    session_id: session.id,
    person_id: personId,
    alias,
    due_cents: dueCents,
    consents: JSON.stringify(consents),
    version,
    ...seatColumnsOf(state),
  });
  await note(trx, session, {
    enrolmentId: id,
    event: 'joined',
    actorId: invitedBy ?? personId,
    status: state.status,
    version,
  });
}

/** Who comes back goes on counting, so that calendars and receivers can tell what came last. */
async function nextVersion(
  trx: Knex.Transaction,
  sessionId: string,
  personId: string,
): Promise<number> {
  const result = await trx.raw(
    `SELECT coalesce(max(version), 0)::int + 1 AS version FROM enrolments
     WHERE session_id = ? AND person_id = ?`,
    [sessionId, personId],
  );
  return result.rows[0].version;
}

function seatColumnsOf(state: SessionState): Record<string, unknown> {
  return {
    state: enrolmentStateOf(state),
    status: state.status,
    payment: state.payment,
    payment_due_at: state.paymentDueAt === null ? null : new Date(state.paymentDueAt),
    attendance: 'attendance' in state ? state.attendance : null,
    missed_deadline: 'missed' in state ? state.missed : null,
    cancelled_by: 'by' in state ? state.by : null,
  };
}

interface Note {
  readonly enrolmentId: string;
  readonly event: string;
  readonly actorId: string | null;
  readonly status: string;
  /** Of the seat, after the step. */
  readonly version: number;
  readonly data?: Readonly<Record<string, unknown>>;
}

async function note(trx: Knex.Transaction, session: SessionRow, step: Note): Promise<void> {
  const { enrolmentId, event, status, actorId, version } = step;
  await trx.raw(
    `WITH event AS (
       INSERT INTO session_events (session_id, enrolment_id, kind, actor_id, data)
       VALUES (?, ?, ?, ?, ?))
     INSERT INTO outbox (topic, clinic_id, payload) VALUES ('enrolment.changed', ?, ?)`,
    [
      session.id,
      enrolmentId,
      event,
      actorId,
      JSON.stringify({ ...step.data, status }),
      session.clinic_id,
      JSON.stringify({
        sessionId: session.id,
        enrolmentId,
        status,
        event,
        version,
        actorId,
        startsAt: session.starts_at.getTime(),
        endsAt: session.ends_at.getTime(),
      }),
    ],
  );
}

export interface SeatStep {
  readonly sessionId: string;
  readonly enrolmentId: string;
  /** The version that the seat has after this step. */
  readonly version: number;
  readonly state: SessionState;
  readonly claims: 'keep' | 'release' | 'reclaim';
  readonly event: string;
  readonly actorId: string | null;
  /** Codes and instants; never text that a person typed. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export type SeatStepOutcome = 'recorded' | 'claims_lost' | 'slot_taken' | 'called_off';

class Refused extends Error {
  readonly outcome: Exclude<SeatStepOutcome, 'recorded'>;
  constructor(outcome: Exclude<SeatStepOutcome, 'recorded'>) {
    super(outcome);
    this.outcome = outcome;
  }
}

/** The outcome that a refused step stands for; anything else is thrown on. */
export function seatOutcomeOf(error: unknown): SeatStepOutcome {
  if (error instanceof Refused) return error.outcome;
  throw error;
}

/**
 * Writes one step of a member's life: their seat, its claim, its timeline and the outgoing
 * event, all or nothing; repeating a recorded step changes nothing. Resolves to the session and
 * whose seat it is, or to null when the step was recorded before. Refusals are thrown, so that
 * the transaction rolls back; see {@link seatOutcomeOf}.
 */
export async function recordSeatStep(
  trx: Knex.Transaction,
  step: SeatStep,
): Promise<{ readonly clinicId: string; readonly personId: string } | null> {
  const session =
    step.claims === 'reclaim'
      ? await lockSession(trx, step.sessionId)
      : await findSession(trx, step.sessionId);
  if (session === null) throw new HoldfastError('not_found', 'No such session.');
  // Only what lets the member go is still to be done then.
  if (isOff(session.status) && !isOff(step.state.status)) throw new Refused('called_off');
  const [seat] = await trx('enrolments')
    .where({ id: step.enrolmentId, session_id: step.sessionId, version: step.version - 1 })
    .update({ ...seatColumnsOf(step.state), version: step.version, updated_at: trx.fn.now() })
    .returning<{ person_id: string }[]>('person_id');
  if (seat === undefined) return assertAlreadyRecorded(trx, step);
  await changeClaim(trx, session, seat.person_id, step);
  await note(trx, session, { ...step, status: step.state.status });
  return { clinicId: session.clinic_id, personId: seat.person_id };
}

async function assertAlreadyRecorded(trx: Knex.Transaction, step: SeatStep): Promise<null> {
  const row = await trx('enrolments').where({ id: step.enrolmentId }).first('version');
  if (row === undefined) throw new HoldfastError('not_found', 'No such seat.');
  if (row.version >= step.version) return null;
  throw new HoldfastError('version_conflict', 'The seat has missed a step of its own.');
}

async function changeClaim(
  trx: Knex.Transaction,
  session: SessionRow,
  personId: string,
  { claims, state, enrolmentId }: SeatStep,
): Promise<void> {
  switch (claims) {
    case 'keep': {
      const isHeld = await extendClaim(trx, session.id, personId, state);
      if (!isHeld && state.status !== 'in_progress') throw new Refused('claims_lost');
      return;
    }
    case 'release':
      // What took place stays in the calendar as little as a lone client's session does.
      return releaseClaim(trx, session.id, personId);
    case 'reclaim': {
      if (session.status !== 'confirmed') throw new Refused('slot_taken');
      if ((await countSeats(trx, session.id, enrolmentId)) >= capacityOf(session)) {
        throw new Refused('slot_taken');
      }
      await releaseClaim(trx, session.id, personId);
      if (!(await claimTime(trx, session, personId, state))) throw new Refused('slot_taken');
      return;
    }
    default:
      return assertNever(claims);
  }
}

async function extendClaim(
  trx: Knex.Transaction,
  sessionId: string,
  personId: string,
  state: SessionState,
): Promise<boolean> {
  const dueAt = isEnded(state.status) ? null : (nextDeadline(state)?.dueAt ?? null);
  const result = await trx.raw(
    `UPDATE claims SET expires_at = ?::timestamptz
     WHERE session_id = ? AND person_id = ? AND slot = 'current' AND state = 'active'
       AND (expires_at IS NULL OR expires_at > clock_timestamp())`,
    [dueAt === null ? null : new Date(dueAt), sessionId, personId],
  );
  return result.rowCount > 0;
}

async function releaseClaim(
  trx: Knex.Transaction,
  sessionId: string,
  personId: string,
): Promise<void> {
  await trx.raw(
    `UPDATE claims SET state = 'released'
     WHERE session_id = ? AND person_id = ? AND state = 'active'`,
    [sessionId, personId],
  );
}
