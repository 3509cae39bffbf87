import type { Knex } from 'knex';
import type { FieldCipher } from '../crypto/field-cipher.ts';

/** What it takes to keep words that nobody may read in the database itself. */
export interface Sealing {
  readonly knex: Knex;
  readonly cipher: FieldCipher;
}
