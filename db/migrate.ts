import { readdir } from 'node:fs/promises';
import type { Knex } from 'knex';
import { openDatabase } from './knex.ts';

const directory = new URL('./migrations/', import.meta.url);

/** Migrations go forward only; the library insists on a way back. */
const forwardOnly: Knex.MigrationSource<string> = {
  getMigrations: async () =>
    (await readdir(directory)).filter((name) => name.endsWith('.ts')).toSorted(),
  getMigrationName: (name) => name,
  getMigration: async (name) => {
    const { up } = (await import(new URL(name, directory).href)) as Pick<Knex.Migration, 'up'>;
    return { up, down: () => Promise.reject(new Error('Migrations go forward only')) };
  },
};

/** Brings a database's schema up to date; forward only, safe to run by several processes at once. */
export async function migrate(databaseUrl: string): Promise<void> {
  const knex = openDatabase(databaseUrl, {
    maxConnections: 2,
    applicationName: 'holdfast-migrate',
  });
  try {
    await knex.migrate.latest({ migrationSource: forwardOnly, tableName: 'schema_migrations' });
  } finally {
    await knex.destroy();
  }
}
