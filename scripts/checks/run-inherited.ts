import { spawn } from 'node:child_process';
import { root } from '../root.ts';

/** Runs a command whose output goes to the terminal as it is; resolves to its exit code. */
export function runInherited(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
