import { fileURLToPath } from 'node:url';
import { openDatabase } from './knex.ts';

const directory = fileURLToPath(new URL('./migrations', import.meta.url));

/** Brings a database's schema up to date; forward only, safe to run by several processes at once. */
export async function migrate(databaseUrl: string): Promise<void> {
  const knex = openDatabase(databaseUrl, {
    maxConnections: 2,
    applicationName: 'holdfast-migrate',
  });
  try {
    await knex.migrate.latest({
      directory,
      loadExtensions: ['.ts'],
      tableName: 'schema_migrations',
    });
  } finally {
    await knex.destroy();
  }
}
