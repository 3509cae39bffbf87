import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';

/** Who is whose client, from `startedAt` until `endedAt`. */
export interface Relationship {
  readonly id: string;
  readonly clinicId: string;
  readonly therapistId: string;
  readonly clientId: string;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

interface RelationshipRow {
  readonly id: string;
  readonly clinic_id: string;
  readonly therapist_id: string;
  readonly client_id: string;
  readonly started_at: Date;
  readonly ended_at: Date | null;
}

function relationshipFrom(row: RelationshipRow): Relationship {
  return {
    id: row.id,
    clinicId: row.clinic_id,
    therapistId: row.therapist_id,
    clientId: row.client_id,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}

export interface RelationshipFilter {
  readonly clinicId: string;
  readonly therapistId: string | null;
  readonly clientId: string | null;
  /** Also those that have ended. */
  readonly includeEnded: boolean;
  readonly after: string | null;
  readonly limit: number;
}

/** Relationships in the order of their ids. */
export async function listRelationships(
  db: Knex,
  filter: RelationshipFilter,
): Promise<Relationship[]> {
  const { rows } = await db.raw<{ rows: RelationshipRow[] }>(
    `SELECT * FROM relationships
     WHERE clinic_id = :clinicId
       AND (:therapistId::uuid IS NULL OR therapist_id = :therapistId)
       AND (:clientId::uuid IS NULL OR client_id = :clientId)
       AND (:includeEnded OR ended_at IS NULL)
       AND (:after::uuid IS NULL OR id > :after)
     ORDER BY id LIMIT :limit`,
    { ...filter },
  );
  return rows.map(relationshipFrom);
}

export async function findRelationship(
  db: Knex,
  clinicId: string,
  id: string,
): Promise<Relationship | null> {
  const { rows } = await db.raw<{ rows: RelationshipRow[] }>(
    'SELECT * FROM relationships WHERE id = ? AND clinic_id = ?',
    [id, clinicId],
  );
  return rows[0] === undefined ? null : relationshipFrom(rows[0]);
}

/** Whether the two work with each other now. */
export async function areRelated(
  db: Knex,
  therapistId: string,
  clientId: string,
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `SELECT 1 FROM relationships
     WHERE therapist_id = ? AND client_id = ? AND ended_at IS NULL`,
    [therapistId, clientId],
  );
  return rows.length > 0;
}

export interface NewRelationship {
  readonly id: string;
  readonly clinicId: string;
  readonly therapistId: string;
  readonly clientId: string;
  readonly createdBy: string;
}

/**
 * Makes a patient of the clinic a client of one of its therapists. The same id again gives the
 * relationship that the first attempt made. Throws `malformed_request` naming the field when
 * one of the two is not such a person, and `already_exists`.
 */
export async function insertRelationship(
  trx: Knex.Transaction,
  relationship: NewRelationship,
): Promise<Relationship> {
  await requirePair(trx, relationship);
  const { rows } = await trx.raw<{ rows: RelationshipRow[] }>(
    `INSERT INTO relationships (id, clinic_id, therapist_id, client_id, created_by)
     VALUES (:id, :clinicId, :therapistId, :clientId, :createdBy)
     ON CONFLICT DO NOTHING RETURNING *`,
    { ...relationship },
  );
  if (rows[0] !== undefined) return relationshipFrom(rows[0]);
  const existing = await findRelationship(trx, relationship.clinicId, relationship.id);
  if (existing !== null) return existing;
  throw new HoldfastError('already_exists', 'The two already work with each other');
}

async function requirePair(trx: Knex.Transaction, pair: NewRelationship): Promise<void> {
  const { rows } = await trx.raw<{ rows: { therapist: boolean; client: boolean }[] }>(
    `SELECT EXISTS (SELECT FROM therapist_profiles
         WHERE person_id = :therapistId AND clinic_id = :clinicId) AS therapist,
       EXISTS (SELECT FROM people
         WHERE id = :clientId AND clinic_id = :clinicId AND role = 'patient') AS client`,
    { ...pair },
  );
  const fields = [
    ...(rows[0]?.therapist === true
      ? []
      : [{ field: 'therapistId', message: 'must be a therapist of the clinic' }]),
    ...(rows[0]?.client === true
      ? []
      : [{ field: 'clientId', message: 'must be a patient of the clinic' }]),
  ];
  if (fields.length === 0) return;
  throw new HoldfastError('malformed_request', 'There is no such pair of people', { fields });
}

/** Ends a relationship; one that has ended stays as it is. Throws `not_found`. */
export async function endRelationship(
  trx: Knex.Transaction,
  clinicId: string,
  id: string,
): Promise<Relationship> {
  const { rows } = await trx.raw<{ rows: RelationshipRow[] }>(
    `UPDATE relationships SET ended_at = coalesce(ended_at, now())
     WHERE id = ? AND clinic_id = ? RETURNING *`,
    [id, clinicId],
  );
  if (rows[0] === undefined) throw new HoldfastError('not_found', 'There is no such relationship');
  return relationshipFrom(rows[0]);
}

/** Whether somebody is a therapist's client now. */
export async function hasRelationship(
  db: Knex,
  therapistId: string,
  clientId: string,
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { known: boolean }[] }>(
    `SELECT EXISTS (SELECT FROM relationships
       WHERE therapist_id = ? AND client_id = ? AND ended_at IS NULL) AS known`,
    [therapistId, clientId],
  );
  return rows[0]?.known ?? false;
}

/** Since when two people of a clinic have worked with each other; null where they do not now. */
export async function findCurrentRelationship(
  db: Knex,
  clinicId: string,
  { therapistId, clientId }: { readonly therapistId: string; readonly clientId: string },
): Promise<Date | null> {
  const { rows } = await db.raw<{ rows: { started_at: Date }[] }>(
    `SELECT started_at FROM relationships
     WHERE clinic_id = ? AND therapist_id = ? AND client_id = ? AND ended_at IS NULL`,
    [clinicId, therapistId, clientId],
  );
  return rows[0]?.started_at ?? null;
}
