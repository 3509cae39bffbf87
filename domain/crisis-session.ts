import { type Schedule, awayIntervals, openIntervals } from './availability.ts';
import { type Interval, containsInstant, normalise, subtract } from './intervals.ts';
import type { Plan } from './plan.ts';

const MINUTE_MS = 60_000;
/** How long a crisis session is, where the therapist's calendar allows it, and at the least. */
export const LONGEST_CRISIS_MS = 60 * MINUTE_MS;
export const SHORTEST_CRISIS_MS = 15 * MINUTE_MS;

/** No clinic's own plan can put anything between a person in crisis and a session. */
export function crisisPlan(plan: Plan): Plan {
  return {
    ...plan,
    approval: { ...plan.approval, by: 'nobody' },
    payment: { ...plan.payment, by: 'nobody' },
    reminders: [],
    buffers: { beforeMs: 0, afterMs: 0 },
    minimumNoticeMs: 0,
    limits: { maxOpenPerClient: 1_000_000, maxPerClientPerDay: 1_000_000 },
  };
}

/** Somebody who could take a crisis session. */
export interface CrisisCandidate {
  readonly therapistId: string;
  readonly isPreferred: boolean;
  readonly isOnCall: boolean;
  readonly schedule: Schedule;
  readonly busy: readonly Interval[];
}

export interface FreeCandidate {
  readonly therapistId: string;
  /** From now until then nothing is in their calendar; no further off than the longest session. */
  readonly untilMs: number;
}

/**
 * Who could begin right now, in the order in which they are asked: whom the person prefers, then
 * those on call, then those with the most time. Whoever is on call works at any hour.
 */
export function freeCandidates(
  candidates: readonly CrisisCandidate[],
  nowMs: number,
): FreeCandidate[] {
  return candidates
    .flatMap((candidate) => {
      const untilMs = freeUntil(candidate, nowMs);
      return untilMs - nowMs < SHORTEST_CRISIS_MS ? [] : [{ candidate, untilMs }];
    })
    .toSorted((a, b) => rankOf(b) - rankOf(a) || b.untilMs - a.untilMs)
    .map(({ candidate, untilMs }) => ({ therapistId: candidate.therapistId, untilMs }));
}

function rankOf({ candidate }: { readonly candidate: CrisisCandidate }): number {
  return (candidate.isPreferred ? 2 : 0) + (candidate.isOnCall ? 1 : 0);
}

/** `nowMs` itself where there is no time at all. */
export function freeUntil(
  { schedule, busy, isOnCall }: Pick<CrisisCandidate, 'schedule' | 'busy' | 'isOnCall'>,
  nowMs: number,
): number {
  const endMs = nowMs + LONGEST_CRISIS_MS;
  const away = schedule.exceptions.flatMap((exception) => awayIntervals(schedule.zone, exception));
  const open = isOnCall
    ? subtract([{ startMs: nowMs, endMs }], normalise(away))
    : openIntervals(schedule, nowMs, endMs);
  const free = subtract(open, normalise(busy)).find((each) => containsInstant(each, nowMs));
  return Math.min(free?.endMs ?? nowMs, endMs);
}

/** What helps at once, whoever comes and whenever they come. */
export const COPING_STEPS: readonly string[] = [
  'Take slow, deep breaths',
  'Ground yourself using 5-4-3-2-1 technique',
  'Call emergency services if in immediate danger',
];

export interface SafetyPlan {
  readonly emergencyContacts: readonly SafetyContact[];
  readonly copingStrategies: readonly string[];
}

export interface SafetyContact {
  readonly name: string | null;
  readonly phone: string | null;
  readonly relationship: string | null;
}

/** A plan to begin with, for somebody who brought none. `hotline` is a number to call. */
export function firstSafetyPlan(
  contacts: readonly SafetyContact[],
  hotline: string | null,
): SafetyPlan {
  return {
    emergencyContacts: contacts,
    copingStrategies: [
      'Deep breathing exercises',
      ...(hotline === null ? [] : [`Call crisis hotline: ${hotline}`]),
      'Reach out to support person',
    ],
  };
}
