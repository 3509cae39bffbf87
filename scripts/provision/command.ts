import { spawn } from 'node:child_process';

export interface CommandOptions {
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  withinMs: number;
}

/** The end of a command that failed: what it said last, and whether it was there at all. */
export class CommandFault extends Error {
  readonly missing: boolean;

  constructor(command: string, missing: boolean, lastWords: string) {
    super(missing ? `${command} is not installed` : `${command} failed: ${lastWords}`);
    this.name = 'CommandFault';
    this.missing = missing;
  }
}

const keptCharacters = 4_000;

/** Groups that must not outlive this process. */
const running = new Set<number>();
process.on('exit', () => running.forEach((pid) => killGroup(pid)));

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/**
 * Runs a command quietly and resolves to its standard output. Rejects with a CommandFault when it is
 * missing, fails, or takes longer than `withinMs` (then it and its children are killed).
 */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    if (child.pid !== undefined) running.add(child.pid);
    let output = '';
    let complaints = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      complaints = (complaints + chunk.toString()).slice(-keptCharacters);
    });
    const late = setTimeout(() => {
      complaints += `\nno result after ${Math.round(options.withinMs / 1000)} s`;
      killGroup(child.pid);
    }, options.withinMs);
    child.once('error', (fault: NodeJS.ErrnoException) => {
      clearTimeout(late);
      reject(new CommandFault(command, fault.code === 'ENOENT', fault.message));
    });
    child.once('close', (code) => {
      clearTimeout(late);
      if (child.pid !== undefined) running.delete(child.pid);
      if (code === 0) resolve(output);
      else reject(new CommandFault(command, false, lastLine(complaints)));
    });
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}
