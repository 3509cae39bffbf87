import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { HoldfastError } from '../domain/errors.ts';
import type { AlertSeverity } from '../domain/escalation-policy.ts';

/** A drill with what its alert has come to. */
export interface Drill {
  readonly id: string;
  readonly clinicId: string;
  readonly alertId: string;
  readonly number: string;
  readonly severity: AlertSeverity;
  readonly startedBy: string;
  readonly startedAt: Date;
  readonly endsAt: Date;
  readonly endedAt: Date | null;
  readonly firstPageAt: Date | null;
  readonly acknowledgedAt: Date | null;
  readonly acknowledgedBy: string | null;
}

const DRILLS = `
  SELECT drill.id, drill.clinic_id AS "clinicId", drill.alert_id AS "alertId", alert.number,
    drill.severity, drill.started_by AS "startedBy", drill.started_at AS "startedAt",
    drill.ends_at AS "endsAt", drill.ended_at AS "endedAt",
    alert.first_page_at AS "firstPageAt", alert.acknowledged_at AS "acknowledgedAt",
    alert.acknowledged_by AS "acknowledgedBy"
  FROM crisis_drills AS drill JOIN crisis_alerts AS alert ON alert.id = drill.alert_id`;

/** A clinic's drills, the latest first. */
export async function listDrills(
  db: Knex,
  page: { readonly clinicId: string; readonly before: string | null; readonly limit: number },
): Promise<Drill[]> {
  const { rows } = await db.raw<{ rows: Drill[] }>(
    `${DRILLS} WHERE drill.clinic_id = :clinicId AND (:before::uuid IS NULL OR drill.id < :before)
     ORDER BY drill.id DESC LIMIT :limit`,
    { ...page },
  );
  return rows;
}

/** Null for another clinic's. */
export async function findDrill(db: Knex, clinicId: string, id: string): Promise<Drill | null> {
  const { rows } = await db.raw<{ rows: Drill[] }>(
    `${DRILLS} WHERE drill.clinic_id = ? AND drill.id = ?`,
    [clinicId, id],
  );
  return rows[0] ?? null;
}

/** Throws `wrong_state` while the clinic has one running. Both wait for each other otherwise. */
export async function requireNoDrill(trx: Knex.Transaction, clinicId: string): Promise<void> {
  await trx.raw('SELECT FROM clinics WHERE id = ? FOR NO KEY UPDATE', [clinicId]);
  const running = await trx('crisis_drills')
    .where({ clinic_id: clinicId, ended_at: null })
    .first('id');
  if (running === undefined) return;
  throw new HoldfastError('wrong_state', 'A drill is running; it ends by itself', {
    drillId: running.id,
  });
}

export interface NewDrill {
  readonly id: string;
  readonly clinicId: string;
  readonly alertId: string;
  readonly severity: AlertSeverity;
  readonly startedBy: string;
  readonly limitMs: number;
}

export async function insertDrill(trx: Knex.Transaction, drill: NewDrill): Promise<void> {
  await trx.raw(
    `INSERT INTO crisis_drills (id, clinic_id, alert_id, severity, started_by, ends_at)
     VALUES (:id, :clinicId, :alertId, :severity, :startedBy,
       now() + :limitMs * interval '1 millisecond')`,
    { ...drill },
  );
}

/** The patient whom a clinic's drills are about: nobody, who can't sign in. Made at the first drill. */
export async function drillPerson(trx: Knex.Transaction, clinicId: string): Promise<string> {
  const username = `drill-${clinicId}`;
  await trx.raw(
    `INSERT INTO people (id, clinic_id, role, username, first_name, last_name, is_anonymous)
     VALUES (?, ?, 'patient', ?, 'Drill', '', true) ON CONFLICT DO NOTHING`,
    [newId(), clinicId, username],
  );
  const person = await trx('people').where({ username }).first('id');
  return person.id as string;
}

export interface DueDrill {
  readonly id: string;
  readonly clinicId: string;
  readonly alertId: string;
  readonly startedBy: string;
}

/** Drills that are answered, or whose time is over. */
export async function findDueDrills(db: Knex): Promise<DueDrill[]> {
  const { rows } = await db.raw<{ rows: DueDrill[] }>(
    `SELECT drill.id, drill.clinic_id AS "clinicId", drill.alert_id AS "alertId",
       drill.started_by AS "startedBy"
     FROM crisis_drills AS drill JOIN crisis_alerts AS alert ON alert.id = drill.alert_id
     WHERE drill.ended_at IS NULL
       AND (alert.acknowledged_at IS NOT NULL OR drill.ends_at <= clock_timestamp())
     ORDER BY drill.id LIMIT 100`,
  );
  return rows;
}

export async function endDrill(db: Knex, id: string): Promise<void> {
  await db.raw(
    'UPDATE crisis_drills SET ended_at = clock_timestamp() WHERE id = ? AND ended_at IS NULL',
    [id],
  );
}
