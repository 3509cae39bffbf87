import fc from 'fast-check';
import type { Slot, SlotSearch } from '../../../domain/slots.ts';
import { intervalsAround, scheduleArbitrary, worksAt } from './schedules.ts';
import { HOUR_MS, wallByIntl } from './times.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;

/** Searches whose windows often lie around a change of clocks. */
export const searchArbitrary: fc.Arbitrary<SlotSearch> = scheduleArbitrary.chain(
  ({ schedule, aroundMs }) =>
    fc
      .record({
        busy: intervalsAround(aroundMs, 12),
        clientBusy: intervalsAround(aroundMs, 4),
        windowFrom: fc.integer({ min: -30, max: 10 }),
        windowHours: fc.nat(60),
        duration: fc.constantFrom(5, 30, 45, 50, 90, 120),
        step: fc.constantFrom(15, 30, 50, 60),
        before: fc.constantFrom(0, 5, 15),
        after: fc.constantFrom(0, 10, 30),
        nowFrom: fc.integer({ min: -72, max: 12 }),
        notice: fc.nat(24),
        horizon: fc.constantFrom(1, 24, 90 * 24),
      })
      .map((draw) => ({
        schedule,
        busy: draw.busy,
        clientBusy: draw.clientBusy,
        window: {
          startMs: aroundMs + draw.windowFrom * HOUR_MS,
          endMs: aroundMs + (draw.windowFrom + draw.windowHours) * HOUR_MS,
        },
        durationMs: draw.duration * MINUTE_MS,
        grid: { kind: 'wall' as const, stepMs: draw.step * MINUTE_MS },
        buffers: { beforeMs: draw.before * MINUTE_MS, afterMs: draw.after * MINUTE_MS },
        now: aroundMs + draw.nowFrom * HOUR_MS,
        minimumNoticeMs: draw.notice * HOUR_MS,
        horizonMs: draw.horizon * HOUR_MS,
      })),
);

export function collides(list: readonly Slot[] = [], startMs: number, endMs: number): boolean {
  return list.some((claim) => claim.startMs < endMs && startMs < claim.endMs);
}

/** Tries every minute of the window; the slow, obvious form. */
export function slotsByTrying(search: SlotSearch): Slot[] {
  const slots: Slot[] = [];
  const { schedule, window, durationMs, buffers, now } = search;
  const stepMs = search.grid?.kind === 'wall' ? search.grid.stepMs : NaN;
  for (let startMs = window.startMs; startMs < window.endMs; startMs += MINUTE_MS) {
    const endMs = startMs + durationMs;
    if (startMs < now + search.minimumNoticeMs || startMs > now + search.horizonMs) continue;
    if (collides(search.busy, startMs - buffers.beforeMs, endMs + buffers.afterMs)) continue;
    if (collides(search.clientBusy, startMs, endMs)) continue;
    const wallMs = wallByIntl(schedule.zone, startMs);
    if ((wallMs % DAY_MS) % stepMs !== 0) continue;
    let isOpen = true;
    for (let at = startMs; isOpen && at < endMs; at += MINUTE_MS) {
      isOpen = worksAt(schedule, at) === 'open';
    }
    if (isOpen) slots.push({ startMs, endMs });
  }
  return slots;
}
