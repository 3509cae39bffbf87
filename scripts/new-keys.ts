import { resolve } from 'node:path';
import { createKeyRing } from '../crypto/key-ring.ts';
import { messageOf } from './provision/progress.ts';

/** `node scripts/new-keys.ts FILE` writes a new key ring, readable by its owner alone; never over one. */
const path = resolve(process.argv[2] ?? 'keys.json');
await createKeyRing(path).then(
  () => console.log(`New keys are in ${path}; keep a copy where the database's copies are not.`),
  (fault: unknown) => {
    console.error(`The keys could not be written: ${messageOf(fault)}`);
    process.exitCode = 1;
  },
);
