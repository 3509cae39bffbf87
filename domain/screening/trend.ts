import { type ReliableChange, reliableChange } from './reliable-change.ts';
import type { Reliability } from './template.ts';

export interface TrendPoint {
  readonly total: number;
  readonly atMs: number;
}

export interface Trend {
  readonly first: number;
  readonly latest: number;
  readonly lowest: number;
  readonly highest: number;
  readonly average: number;
  /** Since the first one; null for a single result, or where nothing reliable is published. */
  readonly sinceFirst: ReliableChange | null;
  readonly sincePrevious: ReliableChange | null;
  /** `not_assessed` where no reliability of the measure is published or one result is all there is. */
  readonly direction: ReliableChange['verdict'] | 'not_assessed';
  /** Where the figures behind it come from. */
  readonly source: string | null;
}

/** How totals of one questionnaire have moved; `points` in the order of time, one at least. */
export function trendOf(reliability: Reliability | null, points: readonly TrendPoint[]): Trend {
  const totals = points.map(({ total }) => total);
  const [first, latest] = [totals[0]!, totals.at(-1)!];
  const between = (earlier: number | undefined): ReliableChange | null =>
    reliability === null || earlier === undefined || points.length < 2
      ? null
      : reliableChange(reliability, earlier, latest);
  const sinceFirst = between(first);
  const sum = totals.reduce((all, total) => all + total, 0);
  return {
    first,
    latest,
    lowest: Math.min(...totals),
    highest: Math.max(...totals),
    average: Math.round((sum / totals.length) * 100) / 100,
    sinceFirst,
    sincePrevious: between(totals.at(-2)),
    direction: sinceFirst?.verdict ?? 'not_assessed',
    source: reliability?.source ?? null,
  };
}
