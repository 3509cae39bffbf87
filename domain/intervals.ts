/** A stretch of time, half-open: `startMs` belongs to it, `endMs` does not. Epoch milliseconds. */
export interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

export function isEmpty(interval: Interval): boolean {
  return interval.endMs <= interval.startMs;
}

/** Whether both share an instant. Neighbours that only touch do not, and an empty one never does. */
export function overlaps(a: Interval, b: Interval): boolean {
  return Math.max(a.startMs, b.startMs) < Math.min(a.endMs, b.endMs);
}

/** Whether `inner` lies wholly inside `outer`. */
export function contains(outer: Interval, inner: Interval): boolean {
  return outer.startMs <= inner.startMs && inner.endMs <= outer.endMs;
}

export function containsInstant(interval: Interval, instantMs: number): boolean {
  return interval.startMs <= instantMs && instantMs < interval.endMs;
}

/**
 * The same instants as an ordered list without empty, overlapping or touching members.
 * Sorts, so n log n. The functions below expect lists of this form and give such lists back.
 */
export function normalise(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.filter((interval) => !isEmpty(interval));
  sorted.sort((a, b) => a.startMs - b.startMs);
  const merged: Interval[] = [];
  let last: { startMs: number; endMs: number } | null = null;
  for (const { startMs, endMs } of sorted) {
    if (last !== null && startMs <= last.endMs) {
      last.endMs = Math.max(last.endMs, endMs);
    } else {
      last = { startMs, endMs };
      merged.push(last);
    }
  }
  return merged;
}

/** The instants of `a` that are not in `b`; linear over two normalised lists. */
export function subtract(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const rest: Interval[] = [];
  let next = 0;
  for (const { startMs, endMs } of a) {
    let from = startMs;
    for (let hole = b[next]; hole !== undefined && hole.startMs < endMs; hole = b[next]) {
      if (hole.startMs > from) rest.push({ startMs: from, endMs: hole.startMs });
      from = Math.max(from, hole.endMs);
      // A hole that reaches past this member may also cut the following one.
      if (hole.endMs > endMs) break;
      next += 1;
    }
    if (from < endMs) rest.push({ startMs: from, endMs });
  }
  return rest;
}

/** The instants in both `a` and `b`; linear over two normalised lists. */
export function intersect(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const common: Interval[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const left = a[i];
    const right = b[j];
    if (left === undefined || right === undefined) return common;
    const startMs = Math.max(left.startMs, right.startMs);
    const endMs = Math.min(left.endMs, right.endMs);
    if (startMs < endMs) common.push({ startMs, endMs });
    if (left.endMs <= right.endMs) i += 1;
    else j += 1;
  }
}

/** Whether a normalised list has one member that holds all of `inner`; binary search. */
export function covers(intervals: readonly Interval[], inner: Interval): boolean {
  const at = intervals[firstEndingAfter(intervals, inner.startMs)];
  return at !== undefined && contains(at, inner);
}

/** Whether any member of a normalised list shares an instant with `interval`; binary search. */
export function overlapsAny(intervals: readonly Interval[], interval: Interval): boolean {
  const at = intervals[firstEndingAfter(intervals, interval.startMs)];
  return at !== undefined && overlaps(at, interval);
}

/** Index of the first member of a normalised list that ends after `instantMs`, else its length. */
export function firstEndingAfter(intervals: readonly Interval[], instantMs: number): number {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((intervals[middle] as Interval).endMs > instantMs) high = middle;
    else low = middle + 1;
  }
  return low;
}
