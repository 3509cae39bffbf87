import { execFileSync } from 'node:child_process';
import type { StdioOptions } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When a process began, as an opaque text, or null when there is none. With the process id it names
 * one process for ever: ids are used again, so an id alone may by now belong to somebody else.
 */
export function birthOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') return birthFromProc(pid);
    const question = ['-o', 'lstart=', '-p', String(pid)];
    const stdio: StdioOptions = ['ignore', 'pipe', 'ignore'];
    return execFileSync('ps', question, { encoding: 'utf8', stdio }).trim() || null;
  } catch {
    return null;
  }
}

function birthFromProc(pid: number): string | null {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name, in brackets, may hold spaces; what follows it has fixed places.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  return state === 'Z' || state === 'X' ? null : (startTicks ?? null);
}

/** Sends a signal to a process group; false when there is no such group any more. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
