import type { Knex } from 'knex';
import type { PersonRole } from './people.ts';

/** What others in a session see of somebody. */
export interface SupportPerson {
  readonly id: string;
  readonly role: PersonRole;
  readonly username: string | null;
  readonly firstName: string;
  readonly preferredName: string | null;
  readonly specializations: readonly string[];
  /** The mean of what patients gave this helper's sessions, 1 to 5; null before the first. */
  readonly rating: number | null;
  readonly sessionsCompleted: number;
}

/** The people of some sessions by their ids, in one query. */
export async function findSupportPeople(
  db: Knex,
  ids: readonly string[],
): Promise<ReadonlyMap<string, SupportPerson>> {
  if (ids.length === 0) return new Map();
  const { rows } = await db.raw<{ rows: SupportPerson[] }>(
    `SELECT person.id, person.role, person.username, person.first_name AS "firstName",
       person.preferred_name AS "preferredName",
       coalesce(profile.specializations, '{}') AS specializations,
       record.rating, coalesce(record.completed, 0)::int AS "sessionsCompleted"
     FROM people AS person
     LEFT JOIN therapist_profiles AS profile ON profile.person_id = person.id
     LEFT JOIN LATERAL (
       SELECT round(avg(rating), 1)::float AS rating, count(*) AS completed
       FROM support_sessions WHERE helper_id = person.id AND status = 'closed') AS record ON true
     WHERE person.id = ANY (?)`,
    [[...new Set(ids)]],
  );
  return new Map(rows.map((person) => [person.id, person]));
}
