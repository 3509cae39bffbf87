import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { v7 as uuid } from 'uuid';
import { createFieldCipher } from '../../crypto/field-cipher.ts';
import { createKeyRing, loadKeyRing } from '../../crypto/key-ring.ts';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { auditRead } from '../../db/audit/record.ts';
import { createSealer } from '../../db/audit/sealer.ts';
import { verifyAudit } from '../../db/audit/verify.ts';
import { openDatabase } from '../../db/knex.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let knex: Knex;
let folder: string;
let keysFile: string;

beforeAll(async () => {
  database = await createTestDatabase();
  knex = openDatabase(database.url, { acquireTimeoutMs: 30_000 });
  folder = await mkdtemp(join(tmpdir(), 'holdfast-keys-'));
  keysFile = join(folder, 'keys.json');
  await createKeyRing(keysFile);
});

afterAll(async () => {
  await knex.destroy();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly status: number;
  readonly output: string;
}

function run(
  script: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const path = fileURLToPath(new URL(`../../scripts/${script}.ts`, import.meta.url));
  const variables = {
    DATABASE_URL: database.url,
    HOLDFAST_HOME: folder,
    HOLDFAST_KEYS_FILE: keysFile,
    ...env,
  };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [path, ...args],
      { env: variables },
      (_error, stdout, stderr) =>
        resolve({ status: child.exitCode ?? -1, output: `${stdout}${stderr}` }),
    );
  });
}

test('keys:rotate makes every ring new, and what was sealed before still opens', async () => {
  const before = await loadKeyRing(keysFile);
  const ref = { purpose: 'note', objectId: uuid(), column: 'text' };
  const sealed = await createFieldCipher(before).sealField(knex, ref, 'kept');
  const { status, output } = await run('keys-rotate', []);
  expect(output).toMatch(/fields: 1 data keys rewrapped/);
  expect(status).toBe(0);
  const after = await loadKeyRing(keysFile);
  for (const ring of ['fields', 'payloads', 'sealing', 'tokens'] as const) {
    expect(after.ids(ring)[0]).not.toBe(before.ids(ring)[0]);
  }
  expect(after.ids('fields')).toHaveLength(1);
  expect(await createFieldCipher(after).openField(knex, ref, sealed)).toBe('kept');
}, 120_000);

test('audit:verify passes, tells the head, and names what was tampered with', async () => {
  const keyRing = await loadKeyRing(keysFile);
  const entry = { action: 'session.read', objectType: 'session', objectId: uuid() };
  await auditRead(knex, { actor: SYSTEM_ACTOR, requestId: null }, entry, entry, entry);
  const sealer = createSealer(knex, keyRing, { intervalMs: 3_600_000 });
  while ((await verifyAudit(knex, keyRing)).tail.rows > 0) await sealer.sealNow();
  await sealer.close();

  const intact = await run('audit-verify', []);
  expect(intact).toMatchObject({ status: 0 });
  const head = /^head (\d+:[0-9a-f]{64})$/m.exec(intact.output)?.[1];
  expect(await run('audit-verify', ['--head', head!])).toMatchObject({ status: 0 });
  const other = await run('audit-verify', ['--head', `1:${'0'.repeat(64)}`]);
  expect(other.output).toMatch(/does not contain seal 1/);
  expect(other.status).toBe(1);

  await knex.raw(`ALTER TABLE audit_entries DISABLE TRIGGER append_only`);
  await knex.raw(`UPDATE audit_entries SET outcome = 'denied' WHERE id = 2`);
  const tampered = await run('audit-verify', []);
  expect(tampered.output).toMatch(/TAMPERED: row 2 was changed after seal 1/);
  expect(tampered.status).toBe(1);
}, 120_000);

test.each([
  ['keys-rotate', ['pepper'], {}, /^pepper is no key ring\. Usage: /],
  ['audit-verify', ['--head', 'x'], {}, /^Usage: /],
  ['audit-verify', [], { HOLDFAST_KEYS_FILE: '/nowhere/keys.json' }, /HOLDFAST_KEYS_FILE/],
  ['audit-verify', [], { DATABASE_URL: '' }, /DATABASE_URL is missing/],
])(
  '%s %j says in one line what is wrong: %j',
  async (script, args, env, message) => {
    const { status, output } = await run(script, args, env);
    expect(output).toMatch(message);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(1);
  },
  120_000,
);
