import { createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';
import { open, seal } from './aead.ts';
import { KeyCache } from './key-cache.ts';
import type { KeyRing, SymmetricKey } from './key-ring.ts';

/** The object that a data key belongs to: what it is, and its id. */
export interface DataKeyOwner {
  readonly purpose: string;
  readonly objectId: string;
}

interface DataKeyRow {
  purpose: string;
  object_id: string;
  key_id: string;
  wrapped: Buffer;
  is_own: boolean;
}

const KEY_BYTES = 32;
const CREATE_ATTEMPTS = 5;

export function ownerName(owner: DataKeyOwner): string {
  return `${owner.purpose}/${owner.objectId}`;
}

/** A data key under a field key; bound to its owner, so that rows can't be exchanged. */
export function wrapDataKey(fieldKey: SymmetricKey, owner: DataKeyOwner, dataKey: Buffer): Buffer {
  return seal(fieldKey.key, dataKey, `data-key/${fieldKey.id}/${ownerName(owner)}`);
}

/** The data key in clear, or null when the row was tampered with. */
export function unwrapDataKey(
  fieldKey: SymmetricKey,
  owner: DataKeyOwner,
  wrapped: Uint8Array,
): Buffer | null {
  return open(fieldKey.key, wrapped, `data-key/${fieldKey.id}/${ownerName(owner)}`);
}

/** Finds, makes and remembers data keys. */
export class DataKeys {
  readonly #ring: KeyRing;
  readonly #cache = new KeyCache();

  constructor(ring: KeyRing) {
    this.#ring = ring;
  }

  /** The owner's data key; made if there is none. */
  async findOrCreate(db: Knex, owner: DataKeyOwner): Promise<KeyObject> {
    const known = this.#cache.get(db, ownerName(owner));
    if (known !== undefined) return known;
    const found = (await this.findAll(db, [owner])).get(ownerName(owner));
    if (found !== undefined) return found;
    for (let attempt = 0; attempt < CREATE_ATTEMPTS; attempt += 1) {
      const made = await this.#create(db, owner);
      if (made !== null) return made;
      const other = (await this.findAll(db, [owner])).get(ownerName(owner));
      if (other !== undefined) return other;
    }
    throw new HoldfastError('dependency_unavailable', 'No field key is usable: key file is stale');
  }

  /** The data keys that exist, by owner's name; one query for all that are not remembered. */
  async findAll(db: Knex, owners: readonly DataKeyOwner[]): Promise<Map<string, KeyObject>> {
    const found = new Map<string, KeyObject>();
    const missing = new Map<string, DataKeyOwner>();
    for (const owner of owners) {
      const name = ownerName(owner);
      const known = this.#cache.get(db, name);
      if (known === undefined) missing.set(name, owner);
      else found.set(name, known);
    }
    if (missing.size === 0) return found;
    for (const row of await selectRows(db, [...missing.values()])) {
      const owner = { purpose: row.purpose, objectId: row.object_id };
      const key = await this.#unwrap(db, owner, row);
      if (row.is_own) this.#cache.made(db, ownerName(owner), key);
      else this.#cache.share(ownerName(owner), key);
      found.set(ownerName(owner), key);
    }
    return found;
  }

  /** Null when another transaction was faster, or when the field key may not be used any more. */
  async #create(db: Knex, owner: DataKeyOwner): Promise<KeyObject | null> {
    const fieldKey = await this.#ring.current('fields');
    const dataKey = randomBytes(KEY_BYTES);
    const wrapped = wrapDataKey(fieldKey, owner, dataKey);
    if (!(await insertRow(db, owner, fieldKey.id, wrapped))) {
      await registerFieldKey(db, fieldKey.id);
      await this.#ring.refresh();
      return null;
    }
    const key = createSecretKey(dataKey);
    this.#cache.made(db, ownerName(owner), key);
    return key;
  }

  async #unwrap(db: Knex, owner: DataKeyOwner, row: DataKeyRow): Promise<KeyObject> {
    let current = row;
    let fieldKey = await this.#ring.find('fields', current.key_id);
    if (fieldKey === undefined) {
      // The row was read just before a rotation rewrapped it and retired its field key.
      current = (await selectRows(db, [owner]))[0] ?? row;
      fieldKey = await this.#ring.get('fields', current.key_id);
    }
    const clear = unwrapDataKey({ id: current.key_id, key: fieldKey }, owner, current.wrapped);
    if (clear === null) throw new HoldfastError('internal', 'A data key does not open: tampered');
    return createSecretKey(clear);
  }
}

/** `is_own` rows were made by this very transaction, which may still be rolled back. */
async function selectRows(db: Knex, owners: readonly DataKeyOwner[]): Promise<DataKeyRow[]> {
  const result = await db.raw<{ rows: DataKeyRow[] }>(
    `SELECT k.purpose, k.object_id, k.key_id, k.wrapped,
       coalesce(k.created_xid = pg_current_xact_id_if_assigned(), false) AS is_own
     FROM unnest(?::text[], ?::uuid[]) AS o (purpose, object_id)
     JOIN data_keys k USING (purpose, object_id)`,
    [owners.map((owner) => owner.purpose), owners.map((owner) => owner.objectId)],
  );
  return result.rows;
}

/** The row lock's table lock makes a rotation wait for this transaction, or this insert see it. */
async function insertRow(
  db: Knex,
  owner: DataKeyOwner,
  fieldKeyId: string,
  wrapped: Buffer,
): Promise<boolean> {
  const result = await db.raw<{ rowCount: number }>(
    `WITH usable AS (
       SELECT id FROM field_keys WHERE id = ? AND retired_at IS NULL FOR KEY SHARE
     )
     INSERT INTO data_keys (purpose, object_id, key_id, wrapped)
     SELECT ?, ?, id, ? FROM usable
     ON CONFLICT (purpose, object_id) DO NOTHING`,
    [fieldKeyId, owner.purpose, owner.objectId, wrapped],
  );
  return result.rowCount === 1;
}

/** Makes a field key known to the database; a retired one stays retired. */
export async function registerFieldKey(db: Knex, id: string): Promise<void> {
  await db.raw('INSERT INTO field_keys (id) VALUES (?) ON CONFLICT DO NOTHING', [id]);
}
