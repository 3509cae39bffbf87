import type { Knex } from 'knex';
import { defaultPolicies } from '../domain/escalation-policy.ts';
import type { EscalationPolicies, EscalationPolicy } from '../domain/escalation-policy.ts';
import { HoldfastError } from '../domain/errors.ts';

/** Only the severities for which a clinic has said something. */
export type OwnPolicies = Partial<EscalationPolicies>;

export interface ClinicPolicies {
  readonly own: OwnPolicies;
  /** What holds, severity by severity. */
  readonly effective: EscalationPolicies;
  /** 0 while the clinic has said nothing. */
  readonly version: number;
}

interface Row {
  readonly policies: OwnPolicies | null;
  readonly version: number | null;
  readonly rosterIds: readonly string[];
}

/** What a clinic does about alerts. Where it has said nothing, its rosters and teams are paged. */
export async function readEscalationPolicies(db: Knex, clinicId: string): Promise<ClinicPolicies> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `SELECT policy.policies, policy.version,
       ARRAY(SELECT id::text FROM rosters WHERE clinic_id = clinic.id ORDER BY id) AS "rosterIds"
     FROM clinics AS clinic LEFT JOIN escalation_policies AS policy ON policy.clinic_id = clinic.id
     WHERE clinic.id = ?`,
    [clinicId],
  );
  const own = rows[0]?.policies ?? {};
  const effective = { ...defaultPolicies(rows[0]?.rosterIds ?? []), ...own };
  return { own, effective, version: rows[0]?.version ?? 0 };
}

export type PolicyEdits = Readonly<
  Partial<Record<keyof EscalationPolicies, EscalationPolicy | null>>
>;

/** Replaces the severities that are named; null goes back to the default. Throws `version_conflict`. */
export async function changeEscalationPolicies(
  trx: Knex.Transaction,
  change: {
    readonly clinicId: string;
    readonly edits: PolicyEdits;
    readonly expectedVersion: number | null;
    readonly changedBy: string;
  },
): Promise<ClinicPolicies> {
  const { clinicId, edits, expectedVersion, changedBy } = change;
  await trx.raw('SELECT FROM clinics WHERE id = ? FOR NO KEY UPDATE', [clinicId]);
  const { own, version } = await readEscalationPolicies(trx, clinicId);
  if (expectedVersion !== null && expectedVersion !== version) {
    throw new HoldfastError('version_conflict', 'Somebody has changed the policies meanwhile', {
      currentVersion: version,
    });
  }
  const merged = Object.entries({ ...own, ...edits }).filter(([, policy]) => policy !== null);
  await trx.raw(
    `INSERT INTO escalation_policies (clinic_id, policies, version, updated_by)
     VALUES (:clinicId, :policies::jsonb, 1, :changedBy)
     ON CONFLICT (clinic_id) DO UPDATE SET policies = excluded.policies, updated_at = now(),
       version = escalation_policies.version + 1, updated_by = excluded.updated_by`,
    { clinicId, changedBy, policies: JSON.stringify(Object.fromEntries(merged)) },
  );
  return readEscalationPolicies(trx, clinicId);
}
