import { writeFileSync } from 'node:fs';
import { columns } from '../scripts/launcher/table.ts';
import type { CpuMeters } from './context.ts';
import type { CpuTimes } from './cpu.ts';

/** One line of the result. `ours` and `baseline` are as they are shown. */
export interface Finding {
  readonly measure: string;
  readonly ours: string;
  readonly baseline: string;
  /** Ours to the baseline, where there is one. */
  readonly ratio: number | null;
  readonly target: string;
  /** Null where the number is told without a target. */
  readonly isMet: boolean | null;
  /** Milliseconds of processor time for one, by process. */
  readonly cpuMsEach?: { readonly ours: CpuTimes; readonly baseline: CpuTimes };
  /** Whatever the table has no room for. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface RatioFinding {
  readonly measure: string;
  readonly ours: number;
  readonly baseline: number;
  readonly unit: 'ms' | 'µs' | '/s' | 'kB';
  readonly target: { readonly atMost: number } | { readonly atLeast: number } | null;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cpu?: CpuMeters;
}

/** Two numbers of one run against each other. */
export function compared(finding: RatioFinding): Finding {
  const { measure, ours, baseline, unit, target, details, cpu } = finding;
  const ratio = ours / baseline;
  const show = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ${unit}`;
  return {
    measure,
    ours: show(ours),
    baseline: show(baseline),
    ratio,
    ...verdictOn(ratio, target),
    ...(cpu === undefined
      ? {}
      : { cpuMsEach: { ours: cpu.ours.each(), baseline: cpu.baseline.each() } }),
    ...(details === undefined ? {} : { details }),
  };
}

function verdictOn(
  ratio: number,
  target: RatioFinding['target'],
): { target: string; isMet: boolean | null } {
  if (target === null) return { target: '', isMet: null };
  return 'atMost' in target
    ? { target: `<= ${target.atMost}x`, isMet: ratio <= target.atMost }
    : { target: `>= ${target.atLeast}x`, isMet: ratio >= target.atLeast };
}

/** A number against a bound of its own. */
export function bounded(measure: string, shown: string, target: string, isMet: boolean): Finding {
  return { measure, ours: shown, baseline: '', ratio: null, target, isMet };
}

export function tableOf(findings: readonly Finding[]): string {
  const verdicts = new Map([
    [true, 'met'],
    [false, 'MISSED'],
    [null, ''],
  ]);
  return columns([
    ['measure', 'ours', 'baseline', 'ratio', 'target', 'verdict'],
    ...findings.map(({ measure, ours, baseline, ratio, target, isMet }) => [
      measure,
      ours,
      baseline,
      ratio === null ? '' : `${ratio.toFixed(2)}x`,
      target,
      verdicts.get(isMet) ?? '',
    ]),
  ]);
}

/** What one of each costs the processes, for those who wonder where a ratio comes from. */
export function costsOf(findings: readonly Finding[]): string {
  const rows = findings.flatMap(({ measure, cpuMsEach }) =>
    cpuMsEach === undefined
      ? []
      : (['ours', 'baseline'] as const).map((side) => [
          `${measure}, ${side}`,
          Object.entries(cpuMsEach[side])
            .map(([name, ms]) => `${name} ${ms}`)
            .join(', '),
        ]),
  );
  return columns([['processor time for one, ms', ''], ...rows]);
}

export function writeResults(path: string, results: object): void {
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
}
