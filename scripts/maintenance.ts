import { readFile } from 'node:fs/promises';
import type { Knex } from 'knex';
import { loadMaintenanceSettings } from '../config/maintenance-settings.ts';
import type { MaintenanceSettings } from '../config/maintenance-settings.ts';
import { loadKeyRing } from '../crypto/key-ring.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { openDatabase } from '../db/knex.ts';

export interface Maintenance {
  readonly knex: Knex;
  readonly keyRing: KeyRing;
}

/** The database that `npm start` embeds, while it runs. */
async function embeddedDatabaseUrl(demoFile: string): Promise<string> {
  let demo: unknown;
  try {
    demo = JSON.parse(await readFile(demoFile, 'utf8'));
  } catch {
    throw new Error(`DATABASE_URL is missing, and npm start has left no ${demoFile}`);
  }
  const url = (demo as { databaseUrl?: unknown } | null)?.databaseUrl;
  if (typeof url !== 'string') throw new Error(`${demoFile} has no databaseUrl`);
  return url;
}

async function openKeyRing({ keysFile }: MaintenanceSettings): Promise<KeyRing> {
  try {
    return await loadKeyRing(keysFile);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`HOLDFAST_KEYS_FILE (${keysFile}) can't be used: ${reason}`, { cause: error });
  }
}

/**
 * Runs an operator's command with the key ring and a small pool, and sets the process's exit
 * code: what `work` returns, or 1 with one sentence about what went wrong.
 */
export async function runMaintenance(
  work: (maintenance: Maintenance) => Promise<number>,
): Promise<void> {
  let knex: Knex | undefined;
  try {
    const settings = loadMaintenanceSettings();
    const keyRing = await openKeyRing(settings);
    const url = settings.databaseUrl ?? (await embeddedDatabaseUrl(settings.demoFile));
    knex = openDatabase(url, { maxConnections: 3, applicationName: 'holdfast-maintenance' });
    process.exitCode = await work({ knex, keyRing });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await knex?.destroy();
  }
}
