import { loadMigrationSettings } from '../config/settings.ts';
import { migrate } from '../db/migrate.ts';
import { registerSearchAttributes } from './parts/search-attributes.ts';
import { messageOf } from './provision/progress.ts';

/**
 * The job that runs once before a new version: brings the database's schema up to date and makes the
 * search attributes known to Temporal. Running it again changes nothing.
 */
async function main(): Promise<void> {
  const { database, temporal } = loadMigrationSettings();
  await migrate(database.url);
  await registerSearchAttributes(temporal.address, temporal.namespace);
  console.log('The database and Temporal are ready for this version.');
}

await main().catch((fault: unknown) => {
  console.error(messageOf(fault));
  process.exitCode = 1;
});
