import type { Plan } from './plan.ts';

export interface SessionTime {
  readonly therapistId: string;
  /** Through which door it was booked. */
  readonly door: string;
  /** Null for a group, whose members claim their own time when they join. */
  readonly clientId: string | null;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly buffers: Plan['buffers'];
}

/** A stretch of one person's calendar, epoch ms, half-open. */
export interface ClaimedStretch {
  readonly personId: string;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * What a session claims: the therapist's time with its buffers, the client's time without. A client
 * in a crisis is never refused for a calendar, so a crisis session claims the therapist alone.
 */
export function claimWishes(session: SessionTime): ClaimedStretch[] {
  const { therapistId, door, clientId, startsAt, endsAt, buffers } = session;
  const therapist = {
    personId: therapistId,
    startMs: startsAt - buffers.beforeMs,
    endMs: endsAt + buffers.afterMs,
  };
  if (clientId === null || door === 'crisis') return [therapist];
  return [therapist, { personId: clientId, startMs: startsAt, endMs: endsAt }];
}
