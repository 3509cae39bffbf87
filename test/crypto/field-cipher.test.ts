import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { v7 as uuid } from 'uuid';
import { createFieldCipher } from '../../crypto/field-cipher.ts';
import type { FieldCipher, FieldRef } from '../../crypto/field-cipher.ts';
import { createKeyRing, loadKeyRing } from '../../crypto/key-ring.ts';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { rotateFieldKey } from '../../crypto/rotation.ts';
import { openDatabase } from '../../db/knex.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let knex: Knex;
let folder: string;
let path: string;
let ring: KeyRing;
let cipher: FieldCipher;

beforeAll(async () => {
  database = await createTestDatabase();
  knex = openDatabase(database.url, { maxConnections: 12, acquireTimeoutMs: 30_000 });
  folder = await mkdtemp(join(tmpdir(), 'holdfast-keys-'));
});

beforeEach(async () => {
  await knex.raw('DELETE FROM data_keys; DELETE FROM field_keys');
  path = join(folder, `${uuid()}.json`);
  ring = await createKeyRing(path);
  cipher = createFieldCipher(ring);
});

afterAll(async () => {
  await knex.destroy();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

function noteRef(objectId = uuid()): FieldRef {
  return { purpose: 'note', objectId, column: 'text' };
}

async function fieldKeysInUse(): Promise<string[]> {
  const rows = await knex('data_keys').distinct('key_id').orderBy('key_id');
  return rows.map((row: { key_id: string }) => row.key_id);
}

/** Counts the statements that `work` sends. */
async function statementsOf(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const onQuery = (): void => void (count += 1);
  knex.on('query', onQuery);
  await work();
  knex.removeListener('query', onQuery);
  return count;
}

describe('a sealed field', () => {
  test('opens only where it was written', async () => {
    const ref = { ...noteRef(), rowId: uuid() };
    const sealed = await cipher.sealField(knex, ref, 'Grüße 🌱');
    expect(sealed.includes('Gr')).toBe(false);
    expect(await cipher.openField(knex, ref, sealed)).toBe('Grüße 🌱');

    const elsewhere = noteRef();
    await cipher.sealField(knex, elsewhere, 'other');
    const flipped = Buffer.from(sealed);
    flipped[20]! ^= 1;
    for (const [place, bytes] of [
      [{ ...ref, objectId: elsewhere.objectId }, sealed],
      [{ ...ref, column: 'title' }, sealed],
      [{ ...ref, rowId: uuid() }, sealed],
      [ref, flipped],
      [ref, sealed.subarray(0, 12)],
      [ref, Buffer.alloc(0)],
    ] as const) {
      await expect(cipher.openField(knex, place, bytes)).rejects.toMatchObject({
        code: 'internal',
      });
    }
  });

  test('two writings of one text look different', async () => {
    const ref = noteRef();
    const [one, two] = [
      await cipher.sealField(knex, ref, 'same'),
      await cipher.sealField(knex, ref, 'same'),
    ];
    expect(one.equals(two)).toBe(false);
  });

  test('a data key moved to another object does not open', async () => {
    const [mine, theirs] = [noteRef(), noteRef()];
    await cipher.sealField(knex, mine, 'a');
    const sealed = await cipher.sealField(knex, theirs, 'b');
    await knex.raw(
      `UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE object_id = ?)
       WHERE object_id = ?`,
      [mine.objectId, theirs.objectId],
    );
    const fresh = createFieldCipher(ring);
    await expect(fresh.openField(knex, theirs, sealed)).rejects.toMatchObject({ code: 'internal' });
  });
});

describe('data keys', () => {
  test('many fields of many objects open with one statement, then with none', async () => {
    const refs = Array.from({ length: 30 }, () => noteRef());
    const fields = await Promise.all(
      refs.map(async (ref) => ({ ref, sealed: await cipher.sealField(knex, ref, ref.objectId) })),
    );
    const fresh = createFieldCipher(ring);
    const open = async (): Promise<void> => {
      const texts = await fresh.openFields(knex, fields);
      expect(texts).toEqual(refs.map((ref) => ref.objectId));
    };
    expect(await statementsOf(open)).toBe(1);
    expect(await statementsOf(open)).toBe(0);
    expect(await statementsOf(() => fresh.sealField(knex, refs[0]!, 'more'))).toBe(0);
  });

  test('writers that meet on a new object end up with one key', async () => {
    const ref = noteRef();
    const ciphers = Array.from({ length: 8 }, () => createFieldCipher(ring));
    const sealed = await Promise.all(ciphers.map((one, i) => one.sealField(knex, ref, `${i}`)));
    const fresh = createFieldCipher(ring);
    const texts = await fresh.openFields(
      knex,
      sealed.map((bytes) => ({ ref, sealed: bytes })),
    );
    expect(texts).toEqual(ciphers.map((_, i) => `${i}`));
  });

  test.each(['thrown', 'called', 'swallowed'])(
    'a key made in a transaction that came to nothing is not used again: rollback %s',
    async (how) => {
      const ref = noteRef();
      await knex
        .transaction(async (trx) => {
          const first = await cipher.sealField(trx, ref, 'lost');
          // Read back in the same transaction: still not anyone else's.
          expect(await cipher.openField(trx, ref, first)).toBe('lost');
          if (how === 'thrown') throw new Error('no');
          if (how === 'called') await trx.rollback();
          if (how === 'swallowed') await trx.raw('SELECT 1/0').catch(() => undefined);
        })
        .catch(() => undefined);
      const sealed = await cipher.sealField(knex, ref, 'kept');
      expect(await createFieldCipher(ring).openField(knex, ref, sealed)).toBe('kept');
    },
  );

  test('a key made inside a savepoint that was undone is not used again', async () => {
    const ref = noteRef();
    const sealed = await knex.transaction(async (trx) => {
      await trx
        .transaction(async (inner) => {
          await cipher.sealField(inner, ref, 'lost');
          throw new Error('no');
        })
        .catch(() => undefined);
      return cipher.sealField(trx, ref, 'kept');
    });
    expect(await createFieldCipher(ring).openField(knex, ref, sealed)).toBe('kept');
  });
});

describe('rotating the field key', () => {
  test('rewraps everything in batches, retires the old key, and texts still open', async () => {
    const old = await ring.current('fields');
    const fields = await Promise.all(
      Array.from({ length: 25 }, async (_, i) => {
        const ref = noteRef();
        return { ref, sealed: await cipher.sealField(knex, ref, `text ${i}`) };
      }),
    );
    const operator = await loadKeyRing(path);
    const steps: number[] = [];
    const result = await rotateFieldKey(knex, operator, {
      batchSize: 10,
      onProgress: (count) => steps.push(count),
    });
    expect(result).toMatchObject({ isNew: true, rewrapped: 25, retired: [old.id] });
    expect(steps).toEqual([10, 20, 25]);
    expect(await fieldKeysInUse()).toEqual([result.keyId]);
    expect((await loadKeyRing(path)).ids('fields')).toEqual([result.keyId]);

    // A process that has run all along, without anything remembered.
    const running = createFieldCipher(ring);
    const texts = await running.openFields(knex, fields);
    expect(texts).toEqual(fields.map((_, i) => `text ${i}`));
  });

  test('a process that still holds the retired key can not wrap with it', async () => {
    const stale = await loadKeyRing(path);
    await rotateFieldKey(knex, await loadKeyRing(path));
    const ref = noteRef();
    const sealed = await createFieldCipher(stale).sealField(knex, ref, 'late');
    expect(await fieldKeysInUse()).toEqual([(await loadKeyRing(path)).ids('fields')[0]]);
    const fresh = createFieldCipher(await loadKeyRing(path));
    expect(await fresh.openField(knex, ref, sealed)).toBe('late');
  });

  test('killed between two batches, the next call finishes and makes no further key', async () => {
    const fields = await Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        const ref = noteRef();
        return { ref, sealed: await cipher.sealField(knex, ref, `${i}`) };
      }),
    );
    const killed = rotateFieldKey(knex, await loadKeyRing(path), {
      batchSize: 2,
      onProgress: (count) => {
        if (count === 4) throw new Error('killed');
      },
    });
    await expect(killed).rejects.toThrow('killed');
    expect(await fieldKeysInUse()).toHaveLength(2);
    const halfway = createFieldCipher(await loadKeyRing(path));
    expect(await halfway.openFields(knex, fields)).toEqual(['0', '1', '2', '3', '4', '5']);

    const keyId = (await loadKeyRing(path)).ids('fields')[0];
    const result = await rotateFieldKey(knex, await loadKeyRing(path));
    expect(result).toMatchObject({ isNew: false, keyId, rewrapped: 2 });
    expect(await fieldKeysInUse()).toEqual([keyId]);
  });

  test('nothing written beside five rotations is lost', async () => {
    const written: { ref: FieldRef; sealed: Buffer; text: string }[] = [];
    const stop = new AbortController();
    const write = async (): Promise<void> => {
      // Each a process of its own, with its own idea of the current key.
      const own = createFieldCipher(await loadKeyRing(path));
      while (!stop.signal.aborted) {
        const ref = noteRef();
        const text = uuid();
        const sealed = await knex.transaction(async (trx) => {
          const bytes = await own.sealField(trx, ref, text);
          await trx.raw('SELECT pg_sleep(0.005)');
          return bytes;
        });
        written.push({ ref, sealed, text });
      }
    };
    const writers = Array.from({ length: 5 }, write);
    try {
      for (let i = 0; i < 5; i += 1) {
        await rotateFieldKey(knex, await loadKeyRing(path), { batchSize: 7 });
      }
    } finally {
      stop.abort();
      await Promise.all(writers);
    }

    const reader = await loadKeyRing(path);
    expect(reader.ids('fields')).toHaveLength(1);
    const texts = await createFieldCipher(reader).openFields(knex, written);
    expect(texts).toEqual(written.map(({ text }) => text));
    expect(written.length).toBeGreaterThan(5);
  });

  test('two at once: one refuses', async () => {
    await cipher.sealField(knex, noteRef(), 'x');
    const seconds: Promise<unknown>[] = [];
    const first = await rotateFieldKey(knex, await loadKeyRing(path), {
      onProgress: () => {
        const second = loadKeyRing(path).then((own) => rotateFieldKey(knex, own));
        seconds.push(second.catch((error: unknown) => error));
      },
    });
    expect(first.isNew).toBe(true);
    expect(await seconds[0]).toMatchObject({ code: 'wrong_state' });
  });
});
