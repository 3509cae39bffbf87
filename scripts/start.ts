import { loadLauncherSettings } from '../config/launcher-settings.ts';
import { Launcher } from './launcher/launcher.ts';
import { presentRun } from './launcher/present.ts';
import { prepareRun } from './launcher/run.ts';
import type { Run } from './launcher/run.ts';
import { stopRequested } from './launcher/stop-signals.ts';
import { messageOf } from './provision/progress.ts';
import { provideTemporalCli } from './provision/temporal-tools.ts';

const options = process.argv.slice(2);
const fresh = options.includes('--fresh');
const unknown = options.find((option) => option !== '--fresh');
const stop = stopRequested();
const failure = Promise.withResolvers<string>();

/** Runs until somebody asks for the end, or a part without which nothing works has ended. */
async function runUntilTheEnd(run: Run, temporalCli: string | null): Promise<string | null> {
  const launcher = new Launcher(run, { temporalCli });
  const started = launcher.start().then((clinic) => presentRun(run, clinic));
  const sentence = await Promise.race([
    started.then(() => failure.promise, messageOf),
    failure.promise,
    stop,
  ]);
  console.log('\n  Stopping ...');
  await launcher.stop();
  return sentence;
}

async function main(): Promise<string | null> {
  if (unknown !== undefined)
    return `${unknown} is not an option of npm start; --fresh is the only one.`;
  const settings = loadLauncherSettings();
  const provided = settings.temporalAddress === null ? provideTemporalCli() : null;
  // Fetching it may take minutes, and nothing has to be taken down while it does.
  const temporalCli = await Promise.race([provided, stop.then(() => 'stopped' as const)]);
  if (temporalCli === 'stopped') return null;
  return runUntilTheEnd(await prepareRun(settings, { fresh, fail: failure.resolve }), temporalCli);
}

const sentence = await main().catch(messageOf);
if (sentence !== null) console.error(sentence);
process.exit(sentence === null ? 0 : 1);
