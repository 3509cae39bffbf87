import { resolve } from 'node:path';
import { EnvReader } from './env-reader.ts';
import type { Env } from './env-reader.ts';
import { readDatabaseUrl, readHome } from './settings.ts';

/** What an operator's command needs to know. */
export interface MaintenanceSettings {
  /** The key ring's file, absolute. */
  keysFile: string;
  /** The database, or null for the one that `npm start` embeds. */
  databaseUrl: string | null;
  /** Where `npm start` notes the addresses of what it has started, absolute. */
  demoFile: string;
}

/** The view of commands such as `npm run keys:rotate`, which no provider concerns. Throws SettingsFault. */
export function loadMaintenanceSettings(env: Env = process.env): MaintenanceSettings {
  const reader = new EnvReader(env);
  const home = readHome(reader);
  const settings: MaintenanceSettings = {
    keysFile: resolve(reader.text('HOLDFAST_KEYS_FILE') ?? resolve(home, 'keys.json')),
    databaseUrl: readDatabaseUrl(reader),
    demoFile: resolve(home, 'demo.json'),
  };
  reader.finish();
  return settings;
}
