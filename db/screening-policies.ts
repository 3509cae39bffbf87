import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';
import type { AlertPolicy } from '../domain/screening/score.ts';
import { DEFAULT_RESPONSE_HOURS } from './screening-responses.ts';

/** What a clinic decides about screening. */
export interface ScreeningPolicy {
  /** By questionnaire's type and a total's flag: how urgently a human is called, null for a review. */
  readonly alerts: Readonly<Record<string, AlertPolicy>>;
  /** How long a response may take. */
  readonly responseHours: number;
  /** 0 while the clinic has decided nothing. */
  readonly version: number;
}

export async function readScreeningPolicy(db: Knex, clinicId: string): Promise<ScreeningPolicy> {
  const { rows } = await db.raw<{ rows: ScreeningPolicy[] }>(
    `SELECT alerts, response_hours AS "responseHours", version
     FROM screening_policies WHERE clinic_id = ?`,
    [clinicId],
  );
  return rows[0] ?? { alerts: {}, responseHours: DEFAULT_RESPONSE_HOURS, version: 0 };
}

/** Throws `version_conflict` where somebody was faster. */
export async function replaceScreeningPolicy(
  trx: Knex.Transaction,
  clinicId: string,
  change: Omit<ScreeningPolicy, 'version'> & {
    readonly expectedVersion: number | null;
    readonly changedBy: string;
  },
): Promise<ScreeningPolicy> {
  await trx.raw('SELECT FROM clinics WHERE id = ? FOR NO KEY UPDATE', [clinicId]);
  const { version } = await readScreeningPolicy(trx, clinicId);
  const { expectedVersion, alerts, responseHours, changedBy } = change;
  if (expectedVersion !== null && expectedVersion !== version) {
    throw new HoldfastError('version_conflict', 'Somebody has changed the policy meanwhile', {
      currentVersion: version,
    });
  }
  await trx.raw(
    `INSERT INTO screening_policies (clinic_id, alerts, response_hours, updated_by)
     VALUES (:clinicId, :alerts::jsonb, :responseHours, :changedBy)
     ON CONFLICT (clinic_id) DO UPDATE SET alerts = excluded.alerts,
       response_hours = excluded.response_hours, updated_by = excluded.updated_by,
       updated_at = now(), version = screening_policies.version + 1`,
    { clinicId, alerts: JSON.stringify(alerts), responseHours, changedBy },
  );
  return readScreeningPolicy(trx, clinicId);
}
