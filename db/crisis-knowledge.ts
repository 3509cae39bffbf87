import type { Knex } from 'knex';

/** All clinics: a crisis worker knows each one's people by heart. */
export async function listClinicIds(db: Knex): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>('SELECT id FROM clinics ORDER BY id');
  return rows.map(({ id }) => id);
}

/** The phones of all who can be paged by text or call. */
export async function listVerifiedPhones(db: Knex): Promise<Map<string, string>> {
  const { rows } = await db.raw<{ rows: { id: string; phone: string }[] }>(
    `SELECT id, phone FROM people WHERE role <> 'patient' AND phone IS NOT NULL
       AND phone_verified_at IS NOT NULL AND suspended_at IS NULL`,
  );
  return new Map(rows.map(({ id, phone }) => [id, phone]));
}

/** The clinic of a person; null for nobody. */
export async function findClinicOf(db: Knex, personId: string): Promise<string | null> {
  const row = await db('people').where({ id: personId }).first('clinic_id');
  return row?.clinic_id ?? null;
}

/** A part of the crisis lane says that it is alive. */
export async function beatOf(db: Knex, part: string, host: string): Promise<void> {
  await db.raw(
    `INSERT INTO crisis_heartbeats (part, host, backend_pid, beat_at)
     VALUES (?, ?, pg_backend_pid(), clock_timestamp())
     ON CONFLICT (part) DO UPDATE SET host = excluded.host, backend_pid = excluded.backend_pid,
       beat_at = excluded.beat_at`,
    [part, host],
  );
}
