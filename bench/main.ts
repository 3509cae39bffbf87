import { cpus } from 'node:os';
import { join } from 'node:path';
import { root } from '../scripts/root.ts';
import { loadLauncherSettings } from '../config/launcher-settings.ts';
import { provideTools } from '../scripts/launcher/tools.ts';
import { messageOf } from '../scripts/provision/progress.ts';
import { measureAlerts } from './alerts.ts';
import { measureBooking } from './booking.ts';
import { measureCalendar } from './calendar.ts';
import { type BenchContext, openContext } from './context.ts';
import { measureCompanion } from './companion.ts';
import { measureContention } from './contention.ts';
import { measureLives } from './lives.ts';
import { measureMedia } from './media.ts';
import { measureMessages } from './messages.ts';
import { measureReading } from './reading.ts';
import { type Finding, costsOf, tableOf, writeResults } from './report.ts';
import { measureScreening } from './screening.ts';
import { measureSearch } from './search.ts';
import { measureSlots } from './slots.ts';
import { measureSockets } from './sockets.ts';
import { type BenchStack, startStack } from './stack.ts';
import { reportStarts } from './starting.ts';

const ROUNDS = 5;
const WARM_STARTS = 5;
const RESULTS = join(root, 'bench', 'results.json');

const MEASURES = {
  starting: async ({ stack }) => reportStarts(stack),
  booking: measureBooking,
  alerts: measureAlerts,
  reading: measureReading,
  messages: measureMessages,
  sockets: measureSockets,
  screening: measureScreening,
  media: measureMedia,
  companion: measureCompanion,
  contention: measureContention,
  lives: measureLives,
  slots: measureSlots,
  search: measureSearch,
  calendar: measureCalendar,
} as const satisfies Record<string, (context: BenchContext) => Promise<Finding[]>>;

/** `npm run bench -- booking lives` runs some of the measures; `--quick` a tenth of each. */
function chosen(args: readonly string[]): (keyof typeof MEASURES)[] {
  const all = Object.keys(MEASURES) as (keyof typeof MEASURES)[];
  const unknown = args.filter((arg) => arg !== '--quick' && !all.includes(arg as never));
  if (unknown.length > 0) {
    throw new Error(`No such measure: ${unknown.join(', ')}; there are ${all.join(', ')}.`);
  }
  const named = all.filter((name) => args.includes(name));
  return named.length === 0 ? all : named;
}

async function measureAll(
  stack: BenchStack,
  names: readonly (keyof typeof MEASURES)[],
  isQuick: boolean,
): Promise<Finding[]> {
  const args = [stack.demo.temporalAddress, JSON.stringify(stack.texting)];
  await stack.startBeside('bench/baseline/worker.ts', args, (line) =>
    line.includes('the bare worker runs'),
  );
  const context = await openContext(stack, { rounds: ROUNDS, scale: isQuick ? 0.1 : 1 });
  const findings: Finding[] = [];
  try {
    for (const name of names) {
      console.log(`  measuring ${name} ...`);
      findings.push(...(await MEASURES[name](context)));
    }
  } finally {
    await context.close();
  }
  return findings;
}

async function main(args: readonly string[]): Promise<number> {
  const names = chosen(args);
  const isQuick = args.includes('--quick');
  // The first time it may take minutes, which is no part of a start.
  await provideTools(loadLauncherSettings());
  console.log('  starting a stack in a temporary folder, several times ...');
  const stack = await startStack(names.includes('starting') && !isQuick ? WARM_STARTS : 1);
  const at = new Date().toISOString();
  try {
    const findings = await measureAll(stack, names, isQuick);
    const [cpu] = cpus();
    const machine = { cores: cpus().length, model: cpu?.model ?? '', node: process.version };
    writeResults(RESULTS, { at, machine, rounds: ROUNDS, isQuick, findings });
    console.log(
      `\n${tableOf(findings)}\n\n${costsOf(findings)}\n\n  Everything as JSON: ${RESULTS}`,
    );
    return 0;
  } finally {
    await stack.close();
  }
}

process.exitCode = await main(process.argv.slice(2)).catch((fault: unknown) => {
  console.error(messageOf(fault));
  return 1;
});
if (process.connected) process.disconnect();
