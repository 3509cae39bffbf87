import { readFileSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

const GROUP_FILE = '/proc/self/autogroup';
const STAT_FILE = '/proc/self/stat';

/**
 * Lets this process, which takes reports of crises or pages for them, go before others on its
 * machine; false where the system does not allow it. No more than before them: the database and
 * Temporal, which it asks, still get their share. Threads inherit the priority of whoever makes
 * them: it is called before there are any.
 */
export function goFirst(): boolean {
  try {
    setPriority(constants.priority.PRIORITY_ABOVE_NORMAL);
    raiseSession(constants.priority.PRIORITY_ABOVE_NORMAL);
    return true;
  } catch {
    return false;
  }
}

/**
 * Linux weighs whole sessions against each other, and a process's priority counts only within its
 * own: see sched(7), "The autogroup feature". A session that this process shares with others, such
 * as a terminal's, is left as it is.
 */
function raiseSession(priority: number): void {
  if (process.platform !== 'linux' || !leadsSession()) return;
  try {
    writeFileSync(GROUP_FILE, String(priority));
  } catch (error) {
    // Without the feature, or in a container, which has a share of its own.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

/** The fields behind the command's name, which may hold spaces: state, parent, group, session. */
function leadsSession(): boolean {
  const stat = readFileSync(STAT_FILE, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[3]) === process.pid;
}
