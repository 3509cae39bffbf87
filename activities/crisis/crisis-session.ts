import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { SYSTEM_ACTOR, toInsert } from '../../db/audit/entry.ts';
import type { AuditContext } from '../../db/audit/entry.ts';
import { bookedRow, insertBooking, wishesOf } from '../../db/bookings.ts';
import type { NewSession } from '../../db/bookings.ts';
import { releaseExpiredInTheWay } from '../../db/claims.ts';
import { findClinic } from '../../db/clinics.ts';
import { findBusy } from '../../db/availability.ts';
import { ensureProfile, waitingForHolder } from '../../db/crisis-sessions.ts';
import type { CrisisRequest } from '../../db/crisis-sessions.ts';
import { planFor } from '../../db/policies.ts';
import { findSession } from '../../db/sessions.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { untilWon } from '../../db/transaction.ts';
import {
  LONGEST_CRISIS_MS,
  SHORTEST_CRISIS_MS,
  crisisPlan,
  freeUntil,
} from '../../domain/crisis-session.ts';
import type { FreeCandidate } from '../../domain/crisis-session.ts';
import { HoldfastError, errorCodeOf } from '../../domain/errors.ts';
import { firstState } from '../../domain/first-state.ts';
import { startSession } from '../session/starting.ts';

export interface OpeningDeps {
  readonly knex: Knex;
  readonly temporal: Client;
}

/**
 * Gives a waiting request its session with this therapist, from now on: their calendar is claimed
 * and nobody else's. Null where the time was taken meanwhile. A workflow that can't be started now
 * is started by the sweeper. `context` names who did it.
 */
export async function openCrisisSession(
  deps: OpeningDeps,
  request: CrisisRequest,
  { therapistId, untilMs }: FreeCandidate,
  context: AuditContext,
  nowMs: number,
): Promise<SessionRow | null> {
  const session = await compose(deps.knex, request, therapistId, {
    startMs: nowMs,
    endMs: untilMs,
  });
  const opened = (await claim(deps.knex, session, context)) ? bookedRow(session) : null;
  const known = opened ?? (await findSession(deps.knex, request.id));
  if (known !== null) await startSession(deps.temporal, known).catch(() => undefined);
  return known;
}

async function claim(knex: Knex, session: NewSession, context: AuditContext): Promise<boolean> {
  const audit = [
    toInsert(context, {
      action: 'session.booked',
      objectType: 'session',
      objectId: session.id,
      subjectId: session.clientId,
      clinicId: session.clinicId,
      changes: { status: session.state.status, door: session.door },
    }),
  ];
  const attempt = (): Promise<string> =>
    untilWon(() => insertBooking(knex, session, audit)).catch((error: unknown) => {
      // Somebody else has just opened the very session, or the therapist is away.
      if (isTaken(error) || errorCodeOf(error) === 'therapist_unavailable') return 'slot_taken';
      throw error;
    });
  if ((await attempt()) === 'booked') return true;
  const released = await releaseExpiredInTheWay(knex, wishesOf(session));
  return released > 0 && (await attempt()) === 'booked';
}

const UNIQUE_VIOLATION = '23505';

function isTaken(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === UNIQUE_VIOLATION;
}

async function compose(
  knex: Knex,
  request: CrisisRequest,
  therapistId: string,
  slot: { readonly startMs: number; readonly endMs: number },
): Promise<NewSession> {
  const { id, clinicId, clientId, format, roomCode } = request;
  const [clinic, own] = await Promise.all([
    findClinic(knex, clinicId),
    planFor(knex, clinicId, 'crisis', 'crisis'),
  ]);
  const plan = crisisPlan(own);
  return {
    id,
    clinicId,
    door: 'crisis',
    sessionType: 'crisis',
    format,
    specialization: null,
    therapistId,
    clientId,
    timeZone: clinic.timeZone,
    state: firstState(plan, slot, false, true, slot.startMs),
    plan,
    priceCents: 0,
    dueCents: 0,
    currency: clinic.currency,
    roomCode,
    details: null,
    createdBy: clientId,
    bookedAt: slot.startMs,
  };
}

/**
 * Whoever has taken an alert takes the session that its person waits for. Throws
 * `therapist_unavailable` while their calendar leaves no time at all; doing it twice changes nothing.
 */
export async function openForHolder(
  deps: OpeningDeps,
  { alertId, holderId }: { readonly alertId: string; readonly holderId: string },
  nowMs: number,
): Promise<void> {
  for (const request of await waitingForHolder(deps.knex, alertId)) {
    await ensureProfile(deps.knex, holderId);
    const window = { startMs: nowMs, endMs: nowMs + LONGEST_CRISIS_MS };
    const busy = await findBusy(deps.knex, holderId, window);
    const schedule = { zone: 'UTC', rules: [], exceptions: [] };
    const untilMs = freeUntil({ schedule, busy, isOnCall: true }, nowMs);
    const context = { actor: { ...SYSTEM_ACTOR, clinicId: request.clinicId }, requestId: null };
    const isFree = untilMs - nowMs >= SHORTEST_CRISIS_MS;
    const slot = { therapistId: holderId, untilMs };
    // What makes them busy may be this very session, opened by another who was as quick.
    const opened = isFree
      ? await openCrisisSession(deps, request, slot, context, nowMs)
      : await findSession(deps.knex, request.id);
    if (opened === null) {
      throw new HoldfastError('therapist_unavailable', 'The holder is in another session');
    }
  }
}
