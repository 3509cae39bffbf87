import { loadLauncherSettings } from '../config/launcher-settings.ts';
import type { LauncherSettings } from '../config/launcher-settings.ts';
import { Launcher } from './launcher/launcher.ts';
import { presentRun } from './launcher/present.ts';
import { prepareRun } from './launcher/run.ts';
import type { Run } from './launcher/run.ts';
import { stopRequested } from './launcher/stop-signals.ts';
import type { Tools } from './launcher/launcher.ts';
import { provideTools } from './launcher/tools.ts';
import type { EngineArrival } from './launcher/transcripts.ts';
import { placeSpeechEngine, provideSpeechEngine } from './provision/speech-engine.ts';
import { messageOf } from './provision/progress.ts';

const options = process.argv.slice(2);
const fresh = options.includes('--fresh');
const unknown = options.find((option) => option !== '--fresh');
const stop = stopRequested();
const failure = Promise.withResolvers<string>();

/** Runs until somebody asks for the end, or a part without which nothing works can't be had back. */
async function runUntilTheEnd(run: Run, tools: Tools): Promise<string | null> {
  const launcher = new Launcher(run, tools);
  const started = launcher.start().then((clinic) => presentRun(run, clinic, launcher));
  const sentence = await Promise.race([
    started.then(() => failure.promise, messageOf),
    failure.promise,
    stop,
  ]);
  console.log('\n  Stopping ...');
  await launcher.stop();
  return sentence;
}

/**
 * The engine that makes words of recordings comes while everything runs already: whoever needs it looks
 * for it. Without one nothing is transcribed, and all else works.
 */
function provideSpeech(
  { speechEngineDir }: LauncherSettings,
  { mediaWorker, ffmpeg }: Omit<Tools, 'speech'>,
): () => EngineArrival {
  if (speechEngineDir === null) return () => ({ state: 'there' });
  let arrival: EngineArrival = { state: 'coming' };
  if (typeof mediaWorker !== 'string' || typeof ffmpeg !== 'string') return () => arrival;
  provideSpeechEngine()
    .then((engine) => placeSpeechEngine(engine, speechEngineDir))
    .then(
      () => (arrival = { state: 'there' }),
      (fault: unknown) => {
        arrival = { state: 'missing', why: messageOf(fault) };
        console.log(`  Recordings are not transcribed: ${arrival.why}`);
      },
    );
  return () => arrival;
}

async function main(): Promise<string | null> {
  if (unknown !== undefined)
    return `${unknown} is not an option of npm start; --fresh is the only one.`;
  const settings = loadLauncherSettings();
  // Fetching them may take minutes, and nothing has to be taken down while it does.
  const tools = await Promise.race([provideTools(settings), stop.then(() => null)]);
  if (tools === null) return null;
  const speech = provideSpeech(settings, tools);
  const run = await prepareRun(settings, { fresh, fail: failure.resolve });
  return runUntilTheEnd(run, { ...tools, speech });
}

const sentence = await main().catch(messageOf);
if (sentence !== null) console.error(sentence);
process.exit(sentence === null ? 0 : 1);
