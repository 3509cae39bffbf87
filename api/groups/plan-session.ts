import { startSession } from '../../activities/session/starting.ts';
import { bookingRules, findCalendar } from '../../db/availability.ts';
import type { NewGroupSession } from '../../db/bookings.ts';
import { wishesOf } from '../../db/bookings.ts';
import { releaseExpiredInTheWay } from '../../db/claims.ts';
import { findClinic } from '../../db/clinics.ts';
import { insertGroupSession } from '../../db/group-sessions.ts';
import type { Group } from '../../db/models/group.ts';
import { type SessionRow, findSession } from '../../db/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { Interval } from '../../domain/intervals.ts';
import type { SessionState } from '../../domain/session.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Call } from '../http/handler.ts';
import { roomCode } from '../../db/room-codes.ts';
import { unavailable } from '../sessions/messages.ts';

const MINUTE_MS = 60_000;

/** What sessions of a group are made from: the therapist's calendar decides only who is free. */
export type SessionMaker = (id: string, slot: Interval) => NewGroupSession;

/**
 * How sessions of this group are made now. Throws `therapist_unavailable` where the therapist
 * leads nobody any more, `refused_by_rule` where no price is set.
 */
export async function sessionMaker(call: Call, group: Group): Promise<SessionMaker> {
  const { deps, principal } = call;
  const now = Date.now();
  const calendar = await findCalendar(deps.knex, {
    clinicId: group.clinic_id,
    therapistId: group.therapist_id,
    door: 'therapy',
    sessionType: 'group',
    window: { startMs: now, endMs: now },
  });
  if (calendar === null || !calendar.therapist.isVerified) {
    throw new HoldfastError('therapist_unavailable', 'The therapist leads no groups at present.');
  }
  const { currency } = await findClinic(deps.knex, group.clinic_id);
  const { buffers } = bookingRules(calendar, now);
  const plan = { ...calendar.plan, buffers };
  const priceCents = priceOf(group, calendar.therapist.ratesCents, plan.payment.by === 'client');
  return (id, slot) => ({
    id,
    clinicId: group.clinic_id,
    door: 'therapy',
    sessionType: 'group',
    format: group.format,
    specialization: null,
    therapistId: group.therapist_id,
    clientId: null,
    group: { id: group.id, terms: termsOf(group, slot.startMs - now) },
    timeZone: group.time_zone,
    state: freshState(slot),
    plan,
    priceCents,
    dueCents: 0,
    currency,
    roomCode: roomCode(),
    details: null,
    createdBy: principal.personId,
    bookedAt: now,
  });
}

/** What one member pays: the group's own price, else the therapist's rate for groups. */
function priceOf(
  group: Group,
  ratesCents: Readonly<Record<string, number>>,
  isNeeded: boolean,
): number {
  const rateCents = Object.hasOwn(ratesCents, 'group') ? ratesCents['group'] : undefined;
  const priceCents = group.price_cents ?? rateCents;
  if (priceCents !== undefined) return priceCents;
  if (!isNeeded) return 0;
  throw new HoldfastError('refused_by_rule', 'Neither the group nor its therapist has a price.');
}

/** Who plans at short notice decides in half of the time that is left, not in the past. */
function termsOf(group: Group, aheadMs: number): NewGroupSession['group']['terms'] {
  return {
    capacity: group.capacity,
    minMembers: group.min_members,
    decideBeforeStartMs: Math.floor(
      Math.min(group.decide_before_minutes * MINUTE_MS, Math.max(0, aheadMs) / 2),
    ),
  };
}

/** Nobody has to approve a group's session, and its members pay each for themselves. */
function freshState({ startMs, endMs }: Interval): SessionState {
  return {
    status: 'confirmed',
    startsAt: startMs,
    endsAt: endMs,
    approval: 'not_needed',
    payment: 'not_due',
    holdDueAt: null,
    answerDueAt: null,
    paymentDueAt: null,
    proposal: null,
    scheduleVersion: 1,
  };
}

/** Plans a session of a group: the therapist's time is claimed first, then its workflow starts. */
export async function planGroupSession(
  call: Call,
  group: Group,
  slot: Interval,
): Promise<SessionRow> {
  const { deps, newId } = call;
  const known =
    call.headers['idempotency-key'] === undefined ? null : await findSession(deps.knex, newId);
  if (known === null) await claimTime(call, group, slot);
  return startPlanned(call, newId);
}

async function claimTime(call: Call, group: Group, slot: Interval): Promise<void> {
  if (!group.is_active) throw new HoldfastError('wrong_state', 'The group is closed.');
  if (slot.startMs <= Date.now()) {
    throw new HoldfastError('time_in_past', 'The time lies in the past.');
  }
  const session = (await sessionMaker(call, group))(call.newId, slot);
  const isPlanned =
    (await insertOnce(call, session)) ||
    ((await releaseExpiredInTheWay(call.deps.knex, wishesOf(session))) > 0 &&
      (await insertOnce(call, session)));
  if (isPlanned) return;
  throw new HoldfastError('slot_unavailable', 'The therapist is not free at this time.');
}

function insertOnce(call: Call, session: NewGroupSession): Promise<boolean> {
  const context = auditContext(call.principal, call.requestId);
  return inTransaction(call.deps.knex, context, async (trx, audit) => {
    const isPlanned = await insertGroupSession(trx, session);
    if (isPlanned) {
      audit({
        action: 'session.booked',
        objectType: 'session',
        objectId: session.id,
        changes: { status: session.state.status, groupId: session.group.id },
      });
    }
    return isPlanned;
  });
}

/** Gives a planned session its workflow; the sweeper does it where this fails. */
export async function startPlanned(call: Call, sessionId: string): Promise<SessionRow> {
  const session = await findSession(call.deps.knex, sessionId);
  if (session === null) throw new HoldfastError('not_found', 'There is no such session.');
  try {
    await startSession(call.deps.temporal, session);
  } catch (error) {
    throw unavailable(error);
  }
  return session;
}
