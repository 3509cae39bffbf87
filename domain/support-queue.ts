import { severityRank } from './escalation-policy.ts';
import { mayBeTakenBy } from './support-session.ts';
import type { SupportRequest } from './support-session.ts';

/** A session in the queue, its own included. Instants in epoch ms. */
export interface QueuedSession extends SupportRequest {
  readonly id: string;
  readonly waitingSinceMs: number;
  readonly isEscalated: boolean;
  /** Its helper has gone, so that it waits for the second time. */
  readonly isReturned: boolean;
}

/** A verified helper who is there now. */
export interface PresentHelper {
  readonly role: 'peer' | 'counselor' | 'admin';
  /** When each of their sessions that goes on now began, epoch ms. */
  readonly acceptedAtMs: readonly number[];
}

export interface WaitEstimate {
  /** From now until a helper is likely to have time, s. */
  readonly seconds: number;
  /** How many are served before it. */
  readonly ahead: number;
  /** Verified helpers who are there now and could take it. */
  readonly helpers: number;
}

/** Until a clinic has a record of its own. */
export const USUAL_HANDLING_MS = 30 * 60_000;
/** What a helper who is free takes to see a request and to accept it. */
const REACTION_MS = 60_000;
/** With nobody there, the wait is told as at least this long. */
const NOBODY_THERE_MS = 60 * 60_000;

/** The order in which waiting sessions are served: gravest, then escalated, then returned, then longest waiting. */
export function compareQueued(one: QueuedSession, other: QueuedSession): number {
  return (
    severityRank(other.severity) - severityRank(one.severity) ||
    Number(other.isEscalated) - Number(one.isEscalated) ||
    Number(other.isReturned) - Number(one.isReturned) ||
    one.waitingSinceMs - other.waitingSinceMs ||
    (one.id < other.id ? -1 : 1)
  );
}

/**
 * How long a session is likely to wait. Everyone ahead of it whom the same helpers could take is
 * served first, each by the helper who is free soonest; `recentHandlingMs` are the lengths of the
 * clinic's recent sessions of that kind. With nobody there the answer is an hour or more: no
 * comforting number is made up.
 */
export function estimateWait(
  session: QueuedSession,
  queue: readonly QueuedSession[],
  present: readonly PresentHelper[],
  recentHandlingMs: readonly number[],
  nowMs: number,
): WaitEstimate {
  const helpers = present.filter(({ role }) => mayBeTakenBy(session, role));
  const before = queue.filter(
    (other) =>
      other.id !== session.id &&
      compareQueued(other, session) < 0 &&
      helpers.some(({ role }) => mayBeTakenBy(other, role)),
  );
  const handlingMs = medianOf(recentHandlingMs) ?? USUAL_HANDLING_MS;
  const ahead = before.length;
  if (helpers.length === 0) {
    const others = queue.filter((other) => compareQueued(other, session) < 0).length;
    return { seconds: toSeconds(NOBODY_THERE_MS + others * handlingMs), ahead: others, helpers: 0 };
  }
  const freeAt = helpers.map(({ acceptedAtMs }) => freeAfterMs(acceptedAtMs, handlingMs, nowMs));
  for (let served = 0; served < ahead; served += 1) {
    const soonest = indexOfLeast(freeAt);
    freeAt[soonest] = freeAt[soonest]! + REACTION_MS + handlingMs;
  }
  return { seconds: toSeconds(Math.min(...freeAt) + REACTION_MS), ahead, helpers: helpers.length };
}

/** How long until a helper's sessions are likely over, ms; one that runs late ends any moment. */
function freeAfterMs(acceptedAtMs: readonly number[], handlingMs: number, nowMs: number): number {
  return Math.max(0, ...acceptedAtMs.map((at) => at + handlingMs - nowMs));
}

function indexOfLeast(values: readonly number[]): number {
  return values.indexOf(Math.min(...values));
}

function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

function toSeconds(ms: number): number {
  return Math.ceil(ms / 1000);
}
