import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../root.ts';
import { runInherited } from './run-inherited.ts';

/** The part of jest's JSON result that is counted here. */
export interface JestResult {
  numPassedTests: number;
  numFailedTests: number;
  /** Test files that fell before they could run a test. */
  numRuntimeErrorTestSuites: number;
}

const nodeFlags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];

/** Runs jest and counts what really ran; a file that could not run counts as one failure. */
export async function runJest(
  args: readonly string[],
): Promise<{ passed: number; failed: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-jest-'));
  const outputFile = join(folder, 'result.json');
  try {
    const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
    const output = ['--json', `--outputFile=${outputFile}`];
    const code = await runInherited(process.execPath, [...nodeFlags, jest, ...output, ...args]);
    const result = JSON.parse(await readFile(outputFile, 'utf8')) as JestResult;
    return tally(result, code);
  } catch {
    // A run that was cut off writes no result.
    return { passed: 0, failed: 1 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Jest can also fail as a whole, in its set-up for instance, with no test failing: that is one. */
export function tally(result: JestResult, exitCode: number): { passed: number; failed: number } {
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  return { passed: result.numPassedTests, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
}
