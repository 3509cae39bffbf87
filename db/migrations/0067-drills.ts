import type { Knex } from 'knex';

/** Drills: alerts for nobody that go the whole way, so that a clinic knows how fast it answers. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE crisis_drills (
      id uuid PRIMARY KEY,
      clinic_id uuid NOT NULL REFERENCES clinics,
      alert_id uuid NOT NULL UNIQUE REFERENCES crisis_alerts,
      severity text NOT NULL,
      started_by uuid NOT NULL REFERENCES people,
      started_at timestamptz NOT NULL DEFAULT now(),
      -- When it ends though nobody has acknowledged.
      ends_at timestamptz NOT NULL,
      ended_at timestamptz
    );
    CREATE UNIQUE INDEX crisis_drills_one_running ON crisis_drills (clinic_id)
      WHERE ended_at IS NULL;
    CREATE INDEX crisis_drills_by_clinic ON crisis_drills (clinic_id, id);
  `);
}
