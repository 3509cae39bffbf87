import type { Knex } from 'knex';
import {
  MAX_BUFFER_MS,
  type TherapistCalendar,
  bookingRules,
  findBusy,
  findCalendar,
  gridFor,
} from '../../db/availability.ts';
import { areRelated } from '../../db/relationships.ts';
import { searchTherapists } from '../../db/search.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { type AbsenceChoice, usualTimes } from '../../domain/absence.ts';
import { type Interval, overlaps } from '../../domain/intervals.ts';
import { DAY_MS, MINUTE_MS } from '../../domain/local-time.ts';
import { claimWishes } from '../../domain/session-claims.ts';
import {
  type BookingRules,
  type Slot,
  alternatives,
  findSlots,
  isBookable,
} from '../../domain/slots.ts';

const SAME_THERAPIST_CHOICES = 3;
const COMPARABLE_CHOICES = 3;
const SAME_THERAPIST_WITHIN_MS = 28 * DAY_MS;
const COMPARABLE_WITHIN_MS = 14 * DAY_MS;
const SEARCH_PAGE = 10;

/**
 * What a client of an absent therapist may choose: times of the same therapist, times of others who
 * offer the same, or their money back. The times are not held: three of them for each of a day's
 * clients would block what others could book. Each is looked at again when it is chosen, the claims
 * decide, and whoever comes too late gets fresh ones.
 */
export async function choicesFor(
  knex: Knex,
  session: SessionRow,
  now: number,
): Promise<AbsenceChoice[]> {
  const same = await sameTherapist(knex, session, now);
  const others = await comparableTherapists(knex, session, now);
  return [...same, ...others, { id: 'refund', kind: 'refund' }];
}

async function sameTherapist(
  knex: Knex,
  session: SessionRow,
  now: number,
): Promise<AbsenceChoice[]> {
  const startMs = Math.max(session.starts_at.getTime(), now);
  const window = { startMs, endMs: startMs + SAME_THERAPIST_WITHIN_MS };
  const calendar = await calendarOf(knex, session, session.therapist_id, window);
  if (calendar === null) return [];
  const rules = await rulesFor(knex, session, calendar, window, now);
  const durationMs = durationOf(session);
  const slots = findSlots({ ...rules, window, durationMs, grid: gridFor(durationMs) });
  const { time_zone: zone, starts_at: wasAt } = session;
  return usualTimes(slots, zone, wasAt.getTime(), SAME_THERAPIST_CHOICES).map((slot) =>
    choiceOf('same_therapist', session.therapist_id, slot),
  );
}

/** The nearest time of each, in the order of nearness. */
async function comparableTherapists(
  knex: Knex,
  session: SessionRow,
  now: number,
): Promise<AbsenceChoice[]> {
  const wasAt = session.starts_at.getTime();
  const window = { startMs: now, endMs: wasAt + COMPARABLE_WITHIN_MS };
  const nearest: { therapistId: string; slot: Slot }[] = [];
  for (const calendar of await comparable(knex, session, window)) {
    const rules = await rulesFor(knex, session, calendar, window, now);
    const durationMs = durationOf(session);
    const slots = findSlots({ ...rules, window, durationMs, grid: gridFor(durationMs) });
    const [slot] = alternatives(slots, wasAt, 1);
    if (slot !== undefined) nearest.push({ therapistId: calendar.therapist.id, slot });
  }
  const distance = ({ slot }: { slot: Slot }): number => Math.abs(slot.startMs - wasAt);
  return nearest
    .toSorted((a, b) => distance(a) - distance(b))
    .slice(0, COMPARABLE_CHOICES)
    .map(({ therapistId, slot }) => choiceOf('comparable_therapist', therapistId, slot));
}

async function comparable(
  knex: Knex,
  session: SessionRow,
  window: Interval,
): Promise<TherapistCalendar[]> {
  const { calendars } = await searchTherapists(knex, {
    clinicId: session.clinic_id,
    specialization: session.specialization,
    sessionType: session.session_type,
    sessionFormat: session.format,
    insurance: await payerOf(knex, session.id),
    language: null,
    durationMinutes: durationOf(session) / MINUTE_MS,
    maxRateCents: null,
    minRating: null,
    clientId: session.client_id!,
    window,
    page: 1,
    perPage: SEARCH_PAGE,
  });
  const others: TherapistCalendar[] = [];
  for (const calendar of calendars) {
    const { id } = calendar.therapist;
    if (id === session.therapist_id) continue;
    // The booking door is for people who know each other.
    if (session.door === 'booking' && !(await areRelated(knex, id, session.client_id!))) continue;
    others.push(calendar);
  }
  return others;
}

async function payerOf(knex: Knex, sessionId: string): Promise<string | null> {
  const check: { payer: string } | undefined = await knex('coverage_checks')
    .where({ session_id: sessionId })
    .first('payer');
  return check?.payer ?? null;
}

function choiceOf(
  kind: 'same_therapist' | 'comparable_therapist',
  therapistId: string,
  { startMs, endMs }: Slot,
): AbsenceChoice {
  return { id: `${therapistId}-${startMs}`, kind, therapistId, startsAt: startMs, endsAt: endMs };
}

/** Whether a choice can still be had, and who would have to approve it. */
export async function recheck(
  knex: Knex,
  session: SessionRow,
  choice: Exclude<AbsenceChoice, { kind: 'refund' }>,
  now: number,
): Promise<'free' | 'free_if_approved' | 'taken'> {
  const slot = { startMs: choice.startsAt, endMs: choice.endsAt };
  const calendar = await calendarOf(knex, session, choice.therapistId, slot);
  if (calendar === null || !calendar.therapist.isVerified) return 'taken';
  const rules = await rulesFor(knex, session, calendar, slot, now);
  if (isBookable(slot, rules).kind === 'refused') return 'taken';
  const isOwn = choice.therapistId === session.therapist_id;
  const isAsked = session.plan.approval.by === 'therapist';
  return isAsked && !isOwn && !calendar.therapist.acceptsAutomatically
    ? 'free_if_approved'
    : 'free';
}

function calendarOf(
  knex: Knex,
  session: SessionRow,
  therapistId: string,
  window: Interval,
): Promise<TherapistCalendar | null> {
  return findCalendar(knex, {
    clinicId: session.clinic_id,
    therapistId,
    door: session.door,
    sessionType: session.session_type,
    window: { startMs: window.startMs - MAX_BUFFER_MS, endMs: window.endMs + MAX_BUFFER_MS },
  });
}

/** As for a booking under the session's own plan, except that its own claims are not in its way. */
async function rulesFor(
  knex: Knex,
  session: SessionRow,
  calendar: TherapistCalendar,
  window: Interval,
  now: number,
): Promise<BookingRules> {
  const rules = bookingRules({ ...calendar, plan: session.plan }, now);
  const clientBusy = await findBusy(knex, session.client_id!, {
    startMs: window.startMs,
    endMs: window.endMs + DAY_MS,
  });
  const own = claimWishes({
    door: session.door,
    therapistId: session.therapist_id,
    clientId: session.client_id,
    startsAt: session.starts_at.getTime(),
    endsAt: session.ends_at.getTime(),
    buffers: session.plan.buffers,
  });
  const withoutOwn = (busy: readonly Interval[]): Interval[] =>
    busy.filter((stretch) => !own.some((claim) => overlaps(claim, stretch)));
  const isOwn = calendar.therapist.id === session.therapist_id;
  return {
    ...rules,
    busy: isOwn ? withoutOwn(rules.busy) : rules.busy,
    clientBusy: withoutOwn(clientBusy),
  };
}

function durationOf(session: SessionRow): number {
  return session.ends_at.getTime() - session.starts_at.getTime();
}
