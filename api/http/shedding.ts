import { HoldfastError } from '../../domain/errors.ts';
import type { OperationId } from '../generated/operations.ts';
import type { Operation } from './document.ts';

/** How busy a process is, as it was measured a moment ago. */
export interface LoadReading {
  /** By how much timers are late, ms. */
  readonly loopDelayMs: number;
  /** Callers that wait for a connection to the database. */
  readonly poolWaiters: number;
  /** Requests that are being answered. */
  readonly inFlight: number;
}

/** From each of these readings on, bookings are shed. */
export type LoadLimits = LoadReading;

/** `high` sheds bookings and what leads to them; `extreme` all that is not crisis or support. */
export type LoadLevel = 'calm' | 'high' | 'extreme';

export interface LoadState {
  readonly level: LoadLevel;
  /** Since when the readings have been well below what the level began at; null while they are not. */
  readonly calmSinceMs: number | null;
}

export const CALM: LoadState = { level: 'calm', calmSinceMs: null };

const LEVELS: readonly LoadLevel[] = ['calm', 'high', 'extreme'];
/** The highest reading, as a multiple of its limit, at which a level begins. */
const BEGINS_AT: Readonly<Record<LoadLevel, number>> = { calm: 0, high: 1, extreme: 3 };
/** A level ends, one at a time, after so long below this share of where it began. */
const ENDS_BELOW = 0.6;
const ENDS_AFTER_MS = 1_000;

/** A level begins at once and ends late, so that what is let in again does not bring it back. */
export function nextLoad(
  limits: LoadLimits,
  { level, calmSinceMs }: LoadState,
  reading: LoadReading,
  nowMs: number,
): LoadState {
  const pressure = Math.max(
    reading.loopDelayMs / limits.loopDelayMs,
    reading.poolWaiters / limits.poolWaiters,
    reading.inFlight / limits.inFlight,
  );
  const reached = LEVELS.findLast((one) => pressure >= BEGINS_AT[one])!;
  if (LEVELS.indexOf(reached) > LEVELS.indexOf(level)) return { level: reached, calmSinceMs: null };
  if (level === 'calm' || pressure >= BEGINS_AT[level] * ENDS_BELOW) {
    return { level, calmSinceMs: null };
  }
  if (calmSinceMs === null) return { level, calmSinceMs: nowMs };
  if (nowMs - calmSinceMs < ENDS_AFTER_MS) return { level, calmSinceMs };
  return { level: LEVELS[LEVELS.indexOf(level) - 1]!, calmSinceMs: null };
}

/** New sessions, and the searches that come before them. */
const SHED_FIRST: ReadonlySet<string> = new Set<OperationId>([
  'bookMeeting',
  'bookTherapySession',
  'createGroupSession',
  'createSeries',
  'getAvailableSlots',
  'getScheduleBatch',
  'getTherapistAvailability',
  'getTherapyCalendar',
  'holdScheduledSession',
  'joinTherapyGroup',
  'joinWaitlist',
  'listBookedMeetings',
  'listScheduledSessions',
  'listTherapyGroups',
  'postScheduleBatch',
  'searchTherapists',
]);

/** Doors that are about booked sessions. */
const SHED_LATER: ReadonlySet<string> = new Set(['therapy', 'booking', 'scheduling']);
const RETRY_AFTER_SECONDS: Readonly<Record<LoadLevel, number>> = { calm: 0, high: 3, extreme: 10 };

/** Whether an operation is among those that wait outside first. */
export function isShedFirst({ id, limit }: Pick<ShedOperation, 'id' | 'limit'>): boolean {
  return limit !== 'none' && SHED_FIRST.has(id);
}

/**
 * Whether a request waits outside for now. Whatever has no rate limit may carry a cry for help,
 * or is asked by those who supervise the process: it is never shed, and neither is support.
 */
export function isShed(level: LoadLevel, { id, door, limit }: ShedOperation): boolean {
  if (level === 'calm' || limit === 'none') return false;
  return isShedFirst({ id, limit }) || (level === 'extreme' && SHED_LATER.has(door));
}

export type ShedOperation = Pick<Operation, 'id' | 'door' | 'limit'>;

/** What whoever is sent away is told: when to come back. */
export function shedRefusal(level: LoadLevel): HoldfastError {
  const retryAfterSeconds = Math.max(RETRY_AFTER_SECONDS.high, RETRY_AFTER_SECONDS[level]);
  const message = 'There is more to do than can be done at once; please try again in a moment';
  return new HoldfastError('dependency_unavailable', message, { retryAfterSeconds });
}
