const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Pauses after each failed attempt, a little more than a day in all; then it is a dead letter. */
const PAUSES_MS = [
  5 * SECOND_MS,
  MINUTE_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  10 * HOUR_MS,
] as const;

export const MOST_ATTEMPTS = PAUSES_MS.length + 1;

/** An address that has failed for so long is no longer called. */
export const DISABLED_AFTER_MS = 5 * 24 * HOUR_MS;

/** No receiver may put off an attempt for longer. */
const LONGEST_WISH_MS = HOUR_MS;

/**
 * How long to wait after attempt number `attempts` (from 1), or null when it was the last. `chance`
 * in [0, 1) spreads those who failed together over a quarter of the pause; a receiver may ask for
 * more with `wishMs`, its Retry-After.
 */
export function webhookRetryMs(
  attempts: number,
  chance: number,
  wishMs: number | null = null,
): number | null {
  const pauseMs = PAUSES_MS[attempts - 1];
  if (pauseMs === undefined) return null;
  const spreadMs = Math.round(pauseMs * (1 + chance / 4));
  return Math.max(spreadMs, Math.min(wishMs ?? 0, LONGEST_WISH_MS));
}
