import type { LauncherSettings } from '../../config/launcher-settings.ts';
import { loadSettings } from '../../config/settings.ts';
import { productEnvironment } from './environment.ts';
import { homePaths, makeHome, readOrMakeSecrets, removeData } from './home.ts';
import type { HomePaths, Secrets } from './home.ts';
import { Ledger } from './ledger.ts';
import { assertPortsFree } from './ports.ts';
import { requiredPorts } from './required-ports.ts';
import { Stopwatch } from './stopwatch.ts';

/** What every part of one run of the launcher needs to know. */
export interface Run {
  settings: LauncherSettings;
  paths: HomePaths;
  ledger: Ledger;
  secrets: Secrets;
  databaseUrl: string;
  temporalAddress: string;
  keysFile: string;
  /** The environment of the product's processes. */
  env: Record<string, string>;
  stopwatch: Stopwatch;
  /** Ends the run, with the sentence that tells why. */
  fail: (sentence: string) => void;
}

/**
 * Checks everything that can be checked before a process starts, and takes the data folder. Rejects
 * with one sentence; nothing is left claimed then.
 */
export async function prepareRun(
  settings: LauncherSettings,
  options: { fresh: boolean; fail: (sentence: string) => void },
): Promise<Run> {
  const stopwatch = new Stopwatch();
  const paths = homePaths(settings.home);
  makeHome(settings.home);
  const ledger = new Ledger(paths.run);
  ledger.claim();
  try {
    const ended = await ledger.endLeftovers();
    if (ended.length > 0) console.log(`  Ended what an earlier run had left: ${ended.join(', ')}`);
    await assertPortsFree(requiredPorts(settings));
    if (options.fresh) removeData(paths, { database: settings.databaseUrl === null });
    const secrets = readOrMakeSecrets(paths.secrets);
    const addresses = addressesOf(settings, secrets);
    const env = productEnvironment(settings, secrets, addresses);
    const { keysFile } = loadSettings(env);
    return {
      settings,
      paths,
      ledger,
      secrets,
      ...addresses,
      keysFile,
      env,
      stopwatch,
      fail: options.fail,
    };
  } catch (fault) {
    ledger.release();
    throw fault;
  }
}

function addressesOf(
  { databaseUrl, temporalAddress, ports }: LauncherSettings,
  { postgresPassword }: Secrets,
): { databaseUrl: string; temporalAddress: string } {
  const embedded = `postgresql://postgres:${postgresPassword}@127.0.0.1:${ports.postgres}/holdfast`;
  return {
    databaseUrl: databaseUrl ?? embedded,
    temporalAddress: temporalAddress ?? `127.0.0.1:${ports.temporal}`,
  };
}
