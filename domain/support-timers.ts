import type { AlertSeverity } from './escalation-policy.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** When a live session looks after itself, by how grave it is. All in ms. */
export interface SupportTimers {
  /** Nobody has accepted: the request goes to more helpers, the patient is told. */
  readonly unansweredMs: number;
  /** So long without a word while active: both sides are asked whether they are still there. */
  readonly idleAskMs: number;
  /** After that question, it closes. */
  readonly idleCloseMs: number;
  /** No sign of the patient while waiting: the request is taken back. Null: never by itself. */
  readonly patientGoneMs: number | null;
  /** No sign of the helper while active: the patient waits again, before others. */
  readonly helperGoneMs: number;
}

/**
 * What holds unless a plan says otherwise. Whoever is in a grave state and has gone silent is not
 * taken off the list for it: that is when they need somebody most.
 */
export const SUPPORT_TIMERS: Readonly<Record<AlertSeverity, SupportTimers>> = {
  low: {
    unansweredMs: 15 * MINUTE_MS,
    idleAskMs: 20 * MINUTE_MS,
    idleCloseMs: 15 * MINUTE_MS,
    patientGoneMs: 20 * MINUTE_MS,
    helperGoneMs: 8 * MINUTE_MS,
  },
  medium: {
    unansweredMs: 8 * MINUTE_MS,
    idleAskMs: 20 * MINUTE_MS,
    idleCloseMs: 15 * MINUTE_MS,
    patientGoneMs: 20 * MINUTE_MS,
    helperGoneMs: 6 * MINUTE_MS,
  },
  high: {
    unansweredMs: 2 * MINUTE_MS,
    idleAskMs: 30 * MINUTE_MS,
    idleCloseMs: 30 * MINUTE_MS,
    patientGoneMs: null,
    helperGoneMs: 3 * MINUTE_MS,
  },
  critical: {
    unansweredMs: 45 * SECOND_MS,
    idleAskMs: 30 * MINUTE_MS,
    idleCloseMs: 30 * MINUTE_MS,
    patientGoneMs: null,
    helperGoneMs: 2 * MINUTE_MS,
  },
};

/** What a session's timers look at. Instants in epoch ms. */
export interface TimedSession {
  readonly status: 'waiting' | 'active' | 'closed' | 'cancelled';
  readonly severity: AlertSeverity;
  /** A room that a group shares: nobody is waited for there. */
  readonly isChatRoom?: boolean;
  readonly waitingSinceMs: number;
  /** Nobody accepted in time, and more helpers were asked, since it began to wait. */
  readonly isWidened: boolean;
  /** An alert of this session is open: whoever is looked for is not taken off the list. */
  readonly isWatched: boolean;
  readonly lastActivityMs: number;
  /** When both sides were asked whether they are still there; null when not since the last word. */
  readonly idleAskedMs: number | null;
  /** The last sign of the patient and of the helper; now for whoever is connected. */
  readonly patientSeenMs: number;
  readonly helperSeenMs: number | null;
}

export type SupportStep = 'widen' | 'ask_idle' | 'close_idle' | 'cancel_gone' | 'return_to_queue';

export type SupportDue =
  | { readonly kind: 'over' }
  /** What has to be done now. */
  | { readonly kind: 'due'; readonly step: SupportStep }
  /** The next instant at which something may be due, epoch ms; null while nothing ever is. */
  | { readonly kind: 'later'; readonly atMs: number | null; readonly step: SupportStep | null };

/** What a session's timers ask for at `nowMs`: one step, or the next time to look. */
export function supportDue(
  session: TimedSession,
  timers: SupportTimers,
  nowMs: number,
): SupportDue {
  if (session.status === 'closed' || session.status === 'cancelled') return { kind: 'over' };
  if (session.isChatRoom === true) return { kind: 'later', atMs: null, step: null };
  const deadlines =
    session.status === 'waiting' ? waiting(session, timers, nowMs) : active(session, timers, nowMs);
  const [next] = deadlines.toSorted((one, other) => one.atMs - other.atMs);
  if (next === undefined) return { kind: 'later', atMs: null, step: null };
  return next.atMs <= nowMs
    ? { kind: 'due', step: next.step }
    : { kind: 'later', atMs: next.atMs, step: next.step };
}

interface StepDeadline {
  readonly step: SupportStep;
  readonly atMs: number;
}

/** An open alert puts an end off for as long as it is open. */
const WATCHED_MS = 15 * MINUTE_MS;

function endAt(session: TimedSession, atMs: number, nowMs: number): number {
  return session.isWatched ? Math.max(atMs, nowMs + WATCHED_MS) : atMs;
}

function waiting(session: TimedSession, timers: SupportTimers, nowMs: number): StepDeadline[] {
  const { patientGoneMs, unansweredMs } = timers;
  const { patientSeenMs, waitingSinceMs, isWidened } = session;
  return [
    ...(isWidened ? [] : [{ step: 'widen' as const, atMs: waitingSinceMs + unansweredMs }]),
    ...(patientGoneMs === null
      ? []
      : [
          {
            step: 'cancel_gone' as const,
            atMs: endAt(session, patientSeenMs + patientGoneMs, nowMs),
          },
        ]),
  ];
}

function active(session: TimedSession, timers: SupportTimers, nowMs: number): StepDeadline[] {
  const { helperSeenMs, idleAskedMs, lastActivityMs } = session;
  const idle: StepDeadline =
    idleAskedMs === null
      ? { step: 'ask_idle', atMs: lastActivityMs + timers.idleAskMs }
      : { step: 'close_idle', atMs: endAt(session, idleAskedMs + timers.idleCloseMs, nowMs) };
  if (helperSeenMs === null) return [idle];
  return [{ step: 'return_to_queue', atMs: helperSeenMs + timers.helperGoneMs }, idle];
}
