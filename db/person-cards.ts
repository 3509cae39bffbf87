import type { Knex } from 'knex';
import type { PersonRole } from './people.ts';

/** As others in a conversation come to know somebody. */
export interface PersonCard {
  readonly id: string;
  readonly username: string | null;
  readonly role: PersonRole;
  readonly firstName: string;
  readonly preferredName: string | null;
}

export async function findPersonCards(
  db: Knex,
  personIds: readonly string[],
): Promise<PersonCard[]> {
  const { rows } = await db.raw<{ rows: PersonCard[] }>(
    `SELECT id, username, role, first_name AS "firstName", preferred_name AS "preferredName"
     FROM people WHERE id = ANY(?)`,
    [[...personIds]],
  );
  return rows;
}
