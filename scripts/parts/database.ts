import { hash } from '@node-rs/argon2';
import pg from 'pg';
import { openDatabase } from '../../db/knex.ts';
import { seedDemo } from '../../db/seed.ts';
import type { SeededClinic } from '../../db/seed.ts';

/** Creates a database of the embedded server unless it is there. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (known.rowCount === 0)
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

/** Makes the demo clinic unless it is there. */
export async function seedDatabase(databaseUrl: string): Promise<SeededClinic> {
  const knex = openDatabase(databaseUrl, { maxConnections: 2, applicationName: 'holdfast-seed' });
  try {
    return await seedDemo({ knex, passwordHash: (plain) => hash(plain), now: Date.now() });
  } finally {
    await knex.destroy();
  }
}
