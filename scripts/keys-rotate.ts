import { RINGS } from '../crypto/key-file.ts';
import type { Ring } from '../crypto/key-file.ts';
import { rotateFieldKey } from '../crypto/rotation.ts';
import { runMaintenance } from './maintenance.ts';
import type { Maintenance } from './maintenance.ts';

const USAGE = `Usage: npm run keys:rotate -- [${RINGS.join('] [')}]`;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function requestedRings(names: readonly string[]): readonly Ring[] {
  const unknown = names.find((name) => !RINGS.some((ring) => ring === name));
  if (unknown !== undefined) throw new Error(`${unknown} is no key ring. ${USAGE}`);
  return names.length === 0 ? RINGS : RINGS.filter((ring) => names.includes(ring));
}

async function rotateFields({ knex, keyRing }: Maintenance): Promise<void> {
  const result = await rotateFieldKey(knex, keyRing, {
    onProgress: (count) => say(`fields: ${count} data keys rewrapped`),
  });
  if (!result.isNew) say('fields: finished the rotation that was interrupted');
  say(`fields: ${result.keyId} is current; retired ${result.retired.join(', ')}`);
  say('fields: backups of the database made before now need a copy of the old key file');
}

/** Makes new keys current, one ring after the other; running processes notice by themselves. */
async function rotateKeys(maintenance: Maintenance, rings: readonly Ring[]): Promise<number> {
  for (const ring of rings) {
    if (ring === 'fields') await rotateFields(maintenance);
    else say(`${ring}: ${await maintenance.keyRing.rotate(ring)} is current`);
  }
  return 0;
}

await runMaintenance((maintenance) =>
  rotateKeys(maintenance, requestedRings(process.argv.slice(2))),
);
