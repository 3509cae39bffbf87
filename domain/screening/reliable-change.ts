import type { Reliability } from './template.ts';

/** How sure a change has to be: the two-sided 95 % point of the normal distribution. */
const SURE_AT = 1.96;

export type ChangeVerdict = 'improved' | 'deteriorated' | 'no_reliable_change';

export interface ReliableChange {
  /** The later total less the earlier one: negative is better. */
  readonly difference: number;
  /** The difference in units of its standard error, with two decimals. */
  readonly index: number;
  /** The smallest whole difference that is reliable. */
  readonly smallestReliable: number;
  readonly verdict: ChangeVerdict;
}

/**
 * Whether two totals of one person differ by more than the measure's own noise.
 * Jacobson NS, Truax P. Clinical significance: a statistical approach to defining meaningful change
 * in psychotherapy research. J Consult Clin Psychol 1991;59:12-19: the index is the difference over
 * its standard error, which is the standard deviation times the root of 2 (1 - reliability).
 */
export function reliableChange(
  { coefficient, standardDeviation }: Reliability,
  earlier: number,
  later: number,
): ReliableChange {
  const standardError = standardDeviation * Math.sqrt(2 * (1 - coefficient));
  const difference = later - earlier;
  const smallestReliable = Math.floor(SURE_AT * standardError) + 1;
  const isReliable = Math.abs(difference) >= smallestReliable;
  const verdict = difference < 0 ? 'improved' : 'deteriorated';
  return {
    difference,
    index: Math.round((difference / standardError) * 100) / 100,
    smallestReliable,
    verdict: isReliable ? verdict : 'no_reliable_change',
  };
}
