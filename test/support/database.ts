import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { asAdmin, databaseUrlFor } from './cluster.ts';
import type { TestServer } from './cluster.ts';

export interface TestDatabase {
  url: string;
  /** Removes the database, ending connections that a test left open. */
  drop(): Promise<void>;
}

/** A migrated, empty database for one test file alone, copied from the run's template in milliseconds. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { adminUrl, template } = await testServer();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
  return {
    url: databaseUrlFor(adminUrl, name),
    drop: () => asAdmin(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** Asks the run's global set-up for the database server, which starts at the first question. */
function testServer(): Promise<TestServer> {
  const socketPath = process.env['HOLDFAST_TEST_BROKER'];
  if (socketPath === undefined) throw new Error('The test run has no global set-up.');
  return new Promise((resolve, reject) => {
    // A kept connection may be one that the broker is just closing.
    const asking = request({ socketPath, path: '/', agent: false }, (response) => {
      text(response).then((body) => {
        if (response.statusCode === 200) resolve(JSON.parse(body) as TestServer);
        else reject(new Error(`The test database did not start: ${body}`));
      }, reject);
    });
    asking.once('error', reject).end();
  });
}
