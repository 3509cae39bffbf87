import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { clusterFolder, databaseAccount } from '../parts/postgres-files.ts';

/** The places below the data folder. */
export interface HomePaths {
  home: string;
  run: string;
  logs: string;
  postgres: string;
  temporal: string;
  sandbox: string;
  attachments: string;
  /** Modules that Node has compiled, which makes the next start faster. */
  compiled: string;
  keys: string;
  secrets: string;
  demo: string;
  startTimes: string;
}

export function homePaths(home: string): HomePaths {
  return {
    home,
    run: join(home, 'run'),
    logs: join(home, 'logs'),
    postgres: join(home, 'postgres'),
    temporal: join(home, 'temporal.db'),
    sandbox: join(home, 'sandbox'),
    attachments: join(home, 'attachments'),
    compiled: join(home, 'compiled'),
    keys: join(home, 'keys.json'),
    secrets: join(home, 'secrets.json'),
    demo: join(home, 'demo.json'),
    startTimes: join(home, 'start-times.json'),
  };
}

/** Makes the data folder, out of reach of other people and of version control. */
export function makeHome(home: string): void {
  mkdirSync(home, { recursive: true });
  // The database's own account passes through a folder of root's; it can list nothing in it.
  chmodSync(home, process.getuid?.() === 0 ? 0o711 : 0o700);
  const ignore = join(home, '.gitignore');
  if (!existsSync(ignore)) writeFileSync(ignore, '*\n');
  mkdirSync(join(home, 'logs'), { recursive: true, mode: 0o700 });
}

/**
 * Removes what earlier runs kept, by name, and nothing else that may be in the folder. Keys and
 * secrets stay where an outside database still needs them.
 */
export function removeData(paths: HomePaths, embedded: { database: boolean }): void {
  const beside = readdirSync(paths.home)
    .filter((file) => file.startsWith('temporal.db'))
    .map((file) => join(paths.home, file));
  const own = [paths.logs, paths.sandbox, paths.compiled, paths.demo, paths.startTimes, ...beside];
  const ofTheDatabase = [paths.postgres, paths.attachments, paths.keys, paths.secrets];
  if (embedded.database) own.push(clusterFolder(paths.postgres, databaseAccount()));
  for (const path of embedded.database ? [...own, ...ofTheDatabase] : own) {
    rmSync(path, { recursive: true, force: true });
  }
  makeHome(paths.home);
}

/** Passwords of the embedded parts, made once for a data folder. */
export interface Secrets {
  postgresPassword: string;
  stripeSecretKey: string;
  stripeWebhookSecret: string;
  twilioAccountSid: string;
  twilioAuthToken: string;
}

export function readOrMakeSecrets(path: string): Secrets {
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Secrets;
  const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
  const secrets: Secrets = {
    postgresPassword: hex(16),
    stripeSecretKey: `sk_test_${hex(16)}`,
    stripeWebhookSecret: `whsec_${hex(16)}`,
    twilioAccountSid: `AC${hex(16)}`,
    twilioAuthToken: hex(16),
  };
  writeFileSync(path, JSON.stringify(secrets, null, 2), { mode: 0o600, flag: 'wx' });
  return secrets;
}
