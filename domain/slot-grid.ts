import type { Interval } from './intervals.ts';
import { DAY_MS, MINUTE_MS, dayBounds, startOfWallDay, wallMsAt } from './local-time.ts';
import { offsetSegments } from './time-zone.ts';

/**
 * Where slots may begin. `wall`: every `stepMs` of the therapist's wall clock, counted from
 * midnight. `back_to_back`: from the opening of each day's working hours, one session with its
 * buffers after the other.
 */
export type Grid =
  { readonly kind: 'wall'; readonly stepMs: number } | { readonly kind: 'back_to_back' };

export const HALF_HOUR_GRID: Grid = { kind: 'wall', stepMs: 30 * MINUTE_MS };

export interface GridCell {
  readonly zone: string;
  readonly durationMs: number;
  /** A session with its buffers: the step of a `back_to_back` grid. */
  readonly claimMs: number;
}

/**
 * Cells of `durationMs` that start in `window` and lie wholly within one of the stretches, in the
 * order of their starts. The stretches must reach back to the local midnight before the window.
 */
export function* gridCells(
  grid: Grid,
  cell: GridCell,
  stretches: readonly Interval[],
  window: Interval,
): Generator<Interval> {
  if (!(cell.durationMs > 0)) return;
  for (const stretch of stretches) {
    for (const startMs of gridStarts(grid, cell, stretch)) {
      const endMs = startMs + cell.durationMs;
      if (startMs >= window.endMs) return;
      if (startMs >= window.startMs && endMs <= stretch.endMs) yield { startMs, endMs };
    }
  }
}

function gridStarts(grid: Grid, cell: GridCell, stretch: Interval): Iterable<number> {
  switch (grid.kind) {
    case 'wall':
      return wallStarts(cell.zone, grid.stepMs, stretch);
    case 'back_to_back':
      return backToBackStarts(cell, stretch);
  }
}

function* backToBackStarts({ zone, claimMs }: GridCell, stretch: Interval): Generator<number> {
  let dayMs = startOfWallDay(wallMsAt(zone, stretch.startMs));
  for (let day = dayBounds(zone, dayMs); day.startMs < stretch.endMs;) {
    const untilMs = Math.min(day.endMs, stretch.endMs);
    for (let at = Math.max(day.startMs, stretch.startMs); at < untilMs; at += claimMs) yield at;
    dayMs += DAY_MS;
    day = dayBounds(zone, dayMs);
  }
}

function* wallStarts(zone: string, stepMs: number, stretch: Interval): Generator<number> {
  if (!(stepMs >= MINUTE_MS)) throw new RangeError('A grid has steps of at least a minute');
  for (const { startMs, endMs, offsetMs } of offsetSegments(zone, stretch.startMs, stretch.endMs)) {
    const lastWallMs = endMs + offsetMs;
    let wallMs = nextOnGrid(startMs + offsetMs, stepMs);
    while (wallMs < lastWallMs) {
      yield wallMs - offsetMs;
      wallMs = nextOnGrid(wallMs + 1, stepMs);
    }
  }
}

/** The first grid reading at or after `wallMs`. The grid begins anew at each local midnight. */
function nextOnGrid(wallMs: number, stepMs: number): number {
  const dayMs = startOfWallDay(wallMs);
  const steps = Math.ceil((wallMs - dayMs) / stepMs);
  return Math.min(dayMs + steps * stepMs, dayMs + DAY_MS);
}
