import { startSession } from '../../activities/session/starting.ts';
import { grantsSuffice } from '../../db/authorisations.ts';
import {
  MAX_BUFFER_MS,
  type TherapistCalendar,
  bookingRules,
  findCalendar,
} from '../../db/availability.ts';
import { type Together, bookTogether } from '../../db/batch-bookings.ts';
import {
  type ClientCalendar,
  type NewSession,
  bookedRow,
  clientCalendar,
} from '../../db/bookings.ts';
import { type Hold, findHoldById, insertHold, replaceHoldKey } from '../../db/holds.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { Interval } from '../../domain/intervals.ts';
import { type BookingRules, type Slot, isBookable } from '../../domain/slots.ts';
import { auditContext } from '../access/audit-context.ts';
import { newSecret } from '../auth/secrets.ts';
import type { ApiDeps } from '../context.ts';
import type { Call } from '../http/handler.ts';
import { composeHold } from './compose-hold.ts';
import { type RefusedSlot, questionOf, refuseSlots } from './hold-refusals.ts';
import type { HoldWish } from './hold-wish.ts';
import { unavailable } from './messages.ts';

export interface Held {
  /** For the holder alone: whoever has it may confirm. */
  readonly key: string;
  readonly expiresAt: Date;
  readonly sessions: readonly SessionRow[];
}

/** Sessions that get their workflows at the same time. */
const AT_ONCE = 8;

/**
 * Holds one time or several for a client, all or none, until they are confirmed with the key or
 * the hold runs out. Throws what stands in the way; `dependency_unavailable` when the workflows
 * can't be started: the same request, sent again with its key, resumes the hold.
 */
export async function holdSessions(call: Call, wish: HoldWish): Promise<Held> {
  const known =
    call.headers['idempotency-key'] === undefined
      ? null
      : await findHoldById(call.deps.knex, call.newId);
  const held = known === null ? await claimHold(call, wish) : await resume(call, known);
  await startAll(call.deps, held.sessions);
  return held;
}

/** Each session gets its workflow. Throws `dependency_unavailable`. */
export async function startAll(deps: ApiDeps, sessions: readonly SessionRow[]): Promise<void> {
  for (let at = 0; at < sessions.length; at += AT_ONCE) {
    const some = sessions.slice(at, at + AT_ONCE);
    await Promise.all(some.map((session) => startSession(deps.temporal, session))).catch(
      (error: unknown) => {
        throw unavailable(error);
      },
    );
  }
}

/** The first attempt's answer never reached anybody: its key is replaced. */
async function resume({ deps }: Call, hold: Hold): Promise<Held> {
  if (hold.standing === 'released' || hold.expiresAt.getTime() <= Date.now()) {
    throw new HoldfastError('slot_unavailable', 'The hold has run out; hold the time again.');
  }
  const { token, hash } = newSecret();
  await replaceHoldKey(deps.knex, hold.id, hash);
  return { key: token, expiresAt: hold.expiresAt, sessions: hold.sessions };
}

async function claimHold(call: Call, wish: HoldWish): Promise<Held> {
  const now = Date.now();
  const sessions = await composeBookable(call, wish, now);
  const { token, hash } = newSecret();
  const expiresAt = sessions[0]!.state.holdDueAt!;
  await bookOrRefuse(call, wish, now, {
    sessions,
    alongside: async (trx) => {
      await insertHold(trx, {
        id: call.newId,
        clinicId: call.principal.clinicId,
        keyHash: hash,
        expiresAt,
        createdBy: call.principal.personId,
      });
    },
  });
  return { key: token, expiresAt: new Date(expiresAt), sessions: sessions.map(bookedRow) };
}

/** Books sessions that were found bookable, with what belongs to them; throws who was faster. */
export async function bookOrRefuse(
  call: Call,
  wish: HoldWish,
  now: number,
  { sessions, alongside }: Pick<Together, 'sessions' | 'alongside'>,
): Promise<void> {
  const { deps, principal, requestId } = call;
  const outcome = await bookTogether(deps.knex, auditContext(principal, requestId), {
    sessions,
    isLimited: true,
    alongside: async (trx, audit) => {
      await alongside?.(trx, audit);
      const grants = sessions.flatMap(({ placing }) => placing?.authorisationId ?? []);
      if (await grantsSuffice(trx, grants)) return;
      throw await refuseSlots(call, wish, refusedAll(wish), now);
    },
  });
  if (outcome.kind === 'booked') return;
  const slotOf = new Map(sessions.map(({ id, state }) => [id, state]));
  const refused = outcome.refused.map(({ sessionId, code }): RefusedSlot => {
    const { startsAt: startMs, endsAt: endMs } = slotOf.get(sessionId)!;
    return { slot: { startMs, endMs }, code };
  });
  throw await refuseSlots(call, wish, refused, now);
}

function refusedAll({ slots }: HoldWish): RefusedSlot[] {
  return slots.map((slot) => ({ slot, code: 'booking_limit_exceeded' }));
}

/** The held sessions of a wish, once the calendars and rules allow it. Throws every refusal. */
export async function composeBookable(
  call: Call,
  wish: HoldWish,
  now: number,
): Promise<NewSession[]> {
  const { calendar, client } = await readCalendars(call, wish);
  assertOffered(wish, calendar, client);
  const rules: BookingRules = {
    ...bookingRules(calendar, now),
    // Notice keeps clients from surprising a therapist; here the clinic itself decides.
    minimumNoticeMs: 0,
    clientBusy: client.busy,
  };
  const refused = refusedOf(wish.slots, rules);
  if (refused.length > 0) throw await refuseSlots(call, wish, refused, now);
  return composeHold(call, wish, calendar, client.currency, now);
}

async function readCalendars(
  call: Call,
  wish: HoldWish,
): Promise<{ calendar: TherapistCalendar; client: ClientCalendar }> {
  const { knex } = call.deps;
  const question = questionOf(call, wish);
  const span: Interval = {
    startMs: Math.min(...wish.slots.map(({ startMs }) => startMs)),
    endMs: Math.max(...wish.slots.map(({ endMs }) => endMs)),
  };
  const window = { startMs: span.startMs - MAX_BUFFER_MS, endMs: span.endMs + MAX_BUFFER_MS };
  const [calendar, client] = await Promise.all([
    findCalendar(knex, { ...question, window }),
    clientCalendar(knex, {
      ...question,
      clientId: wish.clientId,
      onDayOf: span.startMs,
      window: span,
    }),
  ]);
  if (calendar === null || !calendar.therapist.isVerified) {
    throw new HoldfastError('not_found', 'There is no such therapist.');
  }
  const isKnown = client?.hasRelationship === true || !wish.requiresRelationship;
  if (client === null || !client.isClient || !isKnown) {
    throw new HoldfastError('not_found', 'There is no such client.');
  }
  return { calendar, client };
}

/** What the therapist does not offer at any time. */
function assertOffered(
  wish: HoldWish,
  { therapist }: TherapistCalendar,
  client: ClientCalendar,
): void {
  const { acceptsClients, sessionTypes, sessionFormats } = therapist;
  const fault = (message: string): HoldfastError =>
    new HoldfastError('therapist_unavailable', message);
  if (!acceptsClients && !client.hasRelationship) {
    throw fault('The therapist takes no new clients.');
  }
  if (!sessionTypes.includes(wish.sessionType)) {
    throw fault(`The therapist offers these session types only: ${sessionTypes.join(', ')}.`);
  }
  if (!sessionFormats.includes(wish.format)) {
    throw fault('The therapist does not offer this location_type.');
  }
}

function refusedOf(slots: readonly Slot[], rules: BookingRules): RefusedSlot[] {
  const ordered = slots.toSorted((a, b) => a.startMs - b.startMs);
  const clashing = new Set(
    ordered.filter((slot, index) => index > 0 && slot.startMs < ordered[index - 1]!.endMs),
  );
  return slots.flatMap((slot): RefusedSlot[] => {
    if (clashing.has(slot)) return [{ slot, code: 'invalid_time' }];
    const verdict = isBookable(slot, rules);
    return verdict.kind === 'refused' ? [{ slot, code: verdict.code }] : [];
  });
}
