/** The value below which the share `q` of the samples lies; the nearest of them. */
export function percentile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * q) - 1)] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** What two contestants did in turn, round by round. */
export interface Rounds<T> {
  readonly ours: readonly T[];
  readonly baseline: readonly T[];
}

/**
 * Lets both run in turn on the same servers, the other one first in every second round, so that
 * neither gets the warmer or the quieter machine. A round before the first only warms up.
 */
export async function alternate<T>(
  rounds: number,
  contestants: { ours: () => Promise<T>; baseline: () => Promise<T> },
): Promise<Rounds<T>> {
  const results: { ours: T[]; baseline: T[] } = { ours: [], baseline: [] };
  for (let round = 0; round <= rounds; round += 1) {
    const order =
      round % 2 === 0 ? (['ours', 'baseline'] as const) : (['baseline', 'ours'] as const);
    for (const name of order) {
      const result = await contestants[name]();
      if (round > 0) results[name].push(result);
    }
  }
  return results;
}

/** Runs `work` so many times, `width` of them at once. Gives the time of each, ms. */
export async function inParallel(
  count: number,
  width: number,
  work: (index: number) => Promise<unknown>,
): Promise<number[]> {
  const timesMs: number[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      const began = performance.now();
      await work(index);
      timesMs.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return timesMs;
}

/**
 * Lets many run in turn, each for one thing at a time, so that whatever else the machine does
 * meets all alike: for things that take milliseconds. Gives the times of each, ms.
 */
export async function interleave(
  count: number,
  contestants: readonly (() => Promise<unknown>)[],
): Promise<number[][]> {
  const timesMs: number[][] = contestants.map(() => []);
  const warmUp = Math.ceil(count / 10);
  for (let turn = -warmUp; turn < count; turn += 1) {
    for (let at = 0; at < contestants.length; at += 1) {
      // Another one begins each turn.
      const which = (at + turn + warmUp) % contestants.length;
      const began = performance.now();
      await contestants[which]!();
      if (turn >= 0) timesMs[which]!.push(performance.now() - began);
    }
  }
  return timesMs;
}
