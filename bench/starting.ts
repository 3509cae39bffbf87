import { median, percentile } from './measure.ts';
import type { Finding } from './report.ts';
import type { BenchStack, StartReport } from './stack.ts';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** How long a warm `npm start` takes until every part is healthy, and each part's share of it. */
export function reportStarts({ firstStart, warmStarts }: BenchStack): Finding[] {
  const walls = warmStarts.map(({ wallMs }) => wallMs);
  const warm = warmStarts.find(({ wallMs }) => wallMs === median(walls))!;
  return [
    told('warm npm start, p50', seconds(median(walls)), { startsMs: walls }),
    told('warm npm start, slowest', seconds(percentile(walls, 1))),
    told('first npm start, data folder made', seconds(firstStart.wallMs)),
    ...sharesOf(warm),
  ];
}

/** The parts overlap: their shares are of the whole, and add up to more than it. */
function sharesOf({ wallMs, totalMs, parts }: StartReport): Finding[] {
  const rows = parts.map(({ part, beganMs, tookMs }) =>
    told(
      `  ${part}`,
      `${seconds(tookMs)} from ${seconds(beganMs)}, ${Math.round((tookMs / wallMs) * 100)} %`,
    ),
  );
  const around = wallMs - totalMs;
  const share = `${seconds(around)}, ${Math.round((around / wallMs) * 100)} %`;
  return [...rows, told('  the launcher itself, and signing the demo people in', share)];
}

function told(measure: string, ours: string, details?: Record<string, unknown>): Finding {
  const none = { baseline: '', ratio: null, target: '', isMet: null };
  return { measure, ours, ...none, ...(details === undefined ? {} : { details }) };
}
