import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { codeDigest, codeDigests, codeOf } from '../../../activities/crisis/page-codes.ts';
import { createKeyRing } from '../../../crypto/key-ring.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-page-codes-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('the code of a page that is out is known after a rotation of the keys as well', async () => {
  const keyRing = await createKeyRing(join(folder, 'keys.json'));
  const [alertId, personId] = [newId(), newId()];
  const code = await codeOf(keyRing, { alertId, sentBy: 'workflow', batch: 1, personId });
  const kept = await codeDigest(keyRing, personId, code);
  await keyRing.rotate('payloads');
  expect(await codeDigest(keyRing, personId, code)).not.toEqual(kept);
  expect(await codeDigests(keyRing, personId, code)).toContainEqual(kept);
  expect(await codeDigests(keyRing, newId(), code)).not.toContainEqual(kept);
});
