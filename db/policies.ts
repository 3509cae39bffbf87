import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';
import { DEFAULT_PLAN } from '../domain/plan.ts';
import type { Plan } from '../domain/plan.ts';
import type { Door } from './sessions.ts';

/** Every door that has plans. */
export const DOORS = [
  'therapy',
  'booking',
  'scheduling',
  'teletherapy',
  'crisis',
] as const satisfies readonly Door[];

/** A clinic's plan for one door and one type of session; null stands for any. */
export interface Policy {
  readonly id: string;
  readonly clinicId: string;
  readonly name: string;
  readonly door: Door | null;
  readonly sessionType: string | null;
  readonly plan: Plan;
  readonly version: number;
  readonly isActive: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

interface PolicyRow {
  readonly id: string;
  readonly clinic_id: string;
  readonly name: string;
  readonly door: Door | null;
  readonly session_type: string | null;
  readonly plan: Plan;
  readonly version: number;
  readonly is_active: boolean;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** What holds at a door for which the clinic has no policy of its own. */
export const DOOR_PLANS: Readonly<Record<Door, Plan>> = {
  therapy: DEFAULT_PLAN,
  booking: { ...DEFAULT_PLAN, payment: { ...DEFAULT_PLAN.payment, by: 'clinic' } },
  scheduling: { ...DEFAULT_PLAN, approval: { ...DEFAULT_PLAN.approval, by: 'nobody' } },
  teletherapy: {
    ...DEFAULT_PLAN,
    approval: { ...DEFAULT_PLAN.approval, by: 'nobody' },
    payment: { ...DEFAULT_PLAN.payment, by: 'clinic' },
  },
  crisis: {
    ...DEFAULT_PLAN,
    approval: { ...DEFAULT_PLAN.approval, by: 'nobody' },
    payment: { ...DEFAULT_PLAN.payment, by: 'nobody' },
    reminders: [],
    buffers: { beforeMs: 0, afterMs: 0 },
    minimumNoticeMs: 0,
  },
};

function policyFrom(row: PolicyRow): Policy {
  return {
    id: row.id,
    clinicId: row.clinic_id,
    name: row.name,
    door: row.door,
    sessionType: row.session_type,
    plan: row.plan,
    version: row.version,
    isActive: row.is_active,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** The plan for a booking: the clinic's most specific active policy, else the door's default. */
export async function planFor(
  db: Knex,
  clinicId: string,
  door: Door,
  sessionType: string,
): Promise<Plan> {
  const { rows } = await db.raw<{ rows: Pick<PolicyRow, 'plan'>[] }>(
    `SELECT plan FROM policies
     WHERE clinic_id = ? AND is_active
       AND (door = ? OR door IS NULL) AND (session_type = ? OR session_type IS NULL)
     ORDER BY (session_type IS NOT NULL) DESC, (door IS NOT NULL) DESC
     LIMIT 1`,
    [clinicId, door, sessionType],
  );
  return storedPlan(door, rows[0]?.plan ?? null);
}

/** A stored plan may be older than some rule: then the door's default stands for what it lacks. */
export function storedPlan(door: Door, plan: Plan | null): Plan {
  return plan === null ? DOOR_PLANS[door] : { ...DOOR_PLANS[door], ...plan };
}

export interface PolicyPage {
  readonly limit: number;
  /** The last id of the page before, or null for the first page. */
  readonly after: string | null;
}

/** A clinic's policies, oldest first; up to `limit`. */
export async function listPolicies(
  db: Knex,
  clinicId: string,
  page: PolicyPage,
): Promise<Policy[]> {
  const { rows } = await db.raw<{ rows: PolicyRow[] }>(
    `SELECT * FROM policies WHERE clinic_id = ? AND (?::uuid IS NULL OR id > ?::uuid)
     ORDER BY id LIMIT ?`,
    [clinicId, page.after, page.after, page.limit],
  );
  return rows.map(policyFrom);
}

export interface NewPolicy {
  readonly id: string;
  readonly clinicId: string;
  readonly name: string;
  readonly door: Door | null;
  readonly sessionType: string | null;
  readonly plan: Plan;
  readonly isActive: boolean;
  readonly createdBy: string | null;
}

/**
 * The same id again gives the policy that the first attempt made. Throws `already_exists` when
 * an active policy has the same door and session type.
 */
export async function insertPolicy(db: Knex, policy: NewPolicy): Promise<Policy> {
  const { rows } = await db.raw<{ rows: PolicyRow[] }>(
    `INSERT INTO policies (id, clinic_id, name, door, session_type, plan, is_active, created_by)
     VALUES (?, ?, ?, ?, ?, ?::jsonb, ?, ?) ON CONFLICT DO NOTHING RETURNING *`,
    [
      policy.id,
      policy.clinicId,
      policy.name,
      policy.door,
      policy.sessionType,
      JSON.stringify(policy.plan),
      policy.isActive,
      policy.createdBy,
    ],
  );
  if (rows[0] !== undefined) return policyFrom(rows[0]);
  const existing = await db.raw<{ rows: PolicyRow[] }>(
    'SELECT * FROM policies WHERE id = ? AND clinic_id = ?',
    [policy.id, policy.clinicId],
  );
  if (existing.rows[0] === undefined) throw sameUse();
  return policyFrom(existing.rows[0]);
}

export interface PolicyChange {
  readonly name: string;
  readonly door: Door | null;
  readonly sessionType: string | null;
  readonly plan: Plan;
  readonly isActive: boolean;
  /** The version that the caller has read; null replaces whichever there is. */
  readonly expectedVersion: number | null;
}

/**
 * Replaces a clinic's policy and counts its version up. Sessions booked before keep the plan
 * that they were booked under. Throws `not_found`, `version_conflict` or `already_exists`.
 */
export async function replacePolicy(
  trx: Knex.Transaction,
  clinicId: string,
  id: string,
  change: PolicyChange,
): Promise<{ before: Policy; after: Policy }> {
  const before = await lockPolicy(trx, clinicId, id);
  if (change.expectedVersion !== null && change.expectedVersion !== before.version) {
    throw new HoldfastError('version_conflict', 'Somebody has changed this policy meanwhile', {
      currentVersion: before.version,
    });
  }
  if (change.isActive && (await isTaken(trx, clinicId, id, change))) throw sameUse();
  const { rows } = await trx.raw<{ rows: PolicyRow[] }>(
    `UPDATE policies SET name = ?, door = ?, session_type = ?, plan = ?::jsonb, is_active = ?,
       version = version + 1, updated_at = now()
     WHERE id = ? RETURNING *`,
    [
      change.name,
      change.door,
      change.sessionType,
      JSON.stringify(change.plan),
      change.isActive,
      id,
    ],
  );
  return { before, after: policyFrom(rows[0]!) };
}

/** All changes of one clinic's policies wait for each other, so that no two take the same use. */
async function lockPolicy(trx: Knex.Transaction, clinicId: string, id: string): Promise<Policy> {
  await trx.raw('SELECT id FROM clinics WHERE id = ? FOR NO KEY UPDATE', [clinicId]);
  const { rows } = await trx.raw<{ rows: PolicyRow[] }>(
    'SELECT * FROM policies WHERE id = ? AND clinic_id = ? FOR UPDATE',
    [id, clinicId],
  );
  if (rows[0] === undefined) throw new HoldfastError('not_found', 'There is no such policy');
  return policyFrom(rows[0]);
}

async function isTaken(
  trx: Knex.Transaction,
  clinicId: string,
  id: string,
  use: { readonly door: Door | null; readonly sessionType: string | null },
): Promise<boolean> {
  const { rows } = await trx.raw<{ rows: unknown[] }>(
    `SELECT 1 FROM policies WHERE clinic_id = ? AND id <> ? AND is_active
       AND coalesce(door, '') = coalesce(?, '')
       AND coalesce(session_type, '') = coalesce(?, '')`,
    [clinicId, id, use.door, use.sessionType],
  );
  return rows.length > 0;
}

function sameUse(): HoldfastError {
  return new HoldfastError(
    'already_exists',
    'An active policy for this door and session type exists; change that one',
  );
}
