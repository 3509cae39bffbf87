import type { KeyObject } from 'node:crypto';
import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';
import { open, seal } from './aead.ts';
import { DataKeys, ownerName } from './data-keys.ts';
import type { DataKeyOwner } from './data-keys.ts';
import type { KeyRing } from './key-ring.ts';

/**
 * Where a ciphertext lives. `purpose` and `objectId` name the object that owns the data key
 * (a conversation, a note, a session's details, a result); `column` and, where an object has
 * many rows, `rowId` bind the ciphertext to its place.
 */
export interface FieldRef extends DataKeyOwner {
  readonly column: string;
  readonly rowId?: string;
}

export interface SealedField {
  readonly ref: FieldRef;
  readonly sealed: Uint8Array;
}

/** The first byte of every ciphertext, so that a later format can be told apart. */
const FORMAT = 1;
const PURPOSE = /^[a-z][a-z_]*$/;

/** Encrypts columns at rest. `db` is the pool, or the transaction that writes the row. */
export interface FieldCipher {
  /** Encrypts a text under its object's data key, which is made where there is none. */
  sealField(db: Knex, ref: FieldRef, plaintext: string): Promise<Buffer>;
  /** Decrypts one column. Throws `internal` when it was changed or moved to another place. */
  openField(db: Knex, ref: FieldRef, sealed: Uint8Array): Promise<string>;
  /** Decrypts many with at most one query for their data keys, in the same order. */
  openFields(db: Knex, fields: readonly SealedField[]): Promise<string[]>;
}

/** JSON keeps the parts apart, whatever characters they hold. */
function placeOf(ref: FieldRef): string {
  return JSON.stringify([FORMAT, ref.purpose, ref.objectId, ref.column, ref.rowId ?? null]);
}

function openWith(key: KeyObject | undefined, field: SealedField): string {
  const { ref, sealed } = field;
  const clear =
    key !== undefined && sealed[0] === FORMAT ? open(key, sealed.subarray(1), placeOf(ref)) : null;
  if (clear !== null) return clear.toString('utf8');
  throw new HoldfastError('internal', `A sealed ${ref.purpose}.${ref.column} does not open`);
}

export function createFieldCipher(keyRing: KeyRing): FieldCipher {
  const dataKeys = new DataKeys(keyRing);

  async function sealField(db: Knex, ref: FieldRef, plaintext: string): Promise<Buffer> {
    if (!PURPOSE.test(ref.purpose)) throw new TypeError(`Not a data key's purpose: ${ref.purpose}`);
    const key = await dataKeys.findOrCreate(db, ref);
    return Buffer.concat([Uint8Array.of(FORMAT), seal(key, Buffer.from(plaintext), placeOf(ref))]);
  }

  async function openFields(db: Knex, fields: readonly SealedField[]): Promise<string[]> {
    const keys = await dataKeys.findAll(
      db,
      fields.map((field) => field.ref),
    );
    return fields.map((field) => openWith(keys.get(ownerName(field.ref)), field));
  }

  async function openField(db: Knex, ref: FieldRef, sealed: Uint8Array): Promise<string> {
    const [plaintext] = await openFields(db, [{ ref, sealed }]);
    return plaintext!;
  }

  return { sealField, openField, openFields };
}
