import type { Knex } from 'knex';

/** Who of these people has an open alert, or holds one. */
export async function findPeopleInCrisis(
  db: Knex,
  personIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (personIds.length === 0) return new Set();
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `SELECT DISTINCT person.id FROM unnest(:personIds::uuid[]) AS person (id)
     WHERE EXISTS (
       SELECT FROM crisis_alerts AS alert
       WHERE alert.person_id = person.id AND alert.status <> 'resolved' AND NOT alert.is_drill)
     OR EXISTS (
       SELECT FROM crisis_alerts AS alert
       WHERE alert.holder_id = person.id AND alert.status <> 'resolved')`,
    { personIds: [...personIds] },
  );
  return new Set(rows.map(({ id }) => id));
}
