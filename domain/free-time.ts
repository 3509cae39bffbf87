import { openIntervals } from './availability.ts';
import { normalise, subtract } from './intervals.ts';
import type { Interval } from './intervals.ts';
import type { BookingRules } from './slots.ts';

/**
 * Where a session can lie by the working hours and the claims of both sides: anywhere inside one
 * of these stretches, its buffers included. Linear in hours and claims, once those are sorted.
 */
export function freeTime(rules: BookingRules, window: Interval): Interval[] {
  const { beforeMs, afterMs } = rules.buffers;
  const open = openIntervals(rules.schedule, window.startMs, window.endMs);
  // What touches a buffer is as taken as what touches the session.
  const taken = normalise(rules.busy).map(({ startMs, endMs }) => ({
    startMs: startMs - afterMs,
    endMs: endMs + beforeMs,
  }));
  return subtract(open, normalise([...taken, ...(rules.clientBusy ?? [])]));
}

/** When a session may start by the notice and the horizon. */
export function startWindow(rules: BookingRules): Interval {
  return {
    startMs: rules.now + rules.minimumNoticeMs,
    // A start exactly at the horizon is still allowed, and intervals are half-open.
    endMs: rules.now + rules.horizonMs + 1,
  };
}
