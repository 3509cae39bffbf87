import type { Knex } from 'knex';
import type { FieldCipher, FieldRef } from '../crypto/field-cipher.ts';
import type { AlertSeverity } from '../domain/escalation-policy.ts';
import { HoldfastError } from '../domain/errors.ts';
import { recordTrigger } from './crisis-intake.ts';
import type { RaisedAlert, TriggerPlace, TriggerSource } from './crisis-intake.ts';
import { lockAlert } from './crisis-record.ts';

interface TriggerRow {
  readonly severity: AlertSeverity;
  readonly source: TriggerSource;
  readonly sessionId: string | null;
  readonly messageId: string | null;
  readonly reportedBy: string | null;
  readonly details: Buffer | null;
  readonly type: string;
}

/** Where a report's words are kept. */
export function triggerTextRef({ alertId, triggerId }: TriggerPlace): FieldRef {
  return { purpose: 'alert', objectId: alertId, column: 'details', rowId: triggerId };
}

/** Seals a report's words anew for the alert that it is carried to. */
export type Reseal = (
  trx: Knex,
  from: TriggerPlace,
  to: TriggerPlace,
  sealed: Buffer,
) => Promise<Buffer>;

export function triggerDetailsFor(cipher: FieldCipher): Reseal {
  return async (trx, from, to, sealed) =>
    cipher.sealField(
      trx,
      triggerTextRef(to),
      await cipher.openField(trx, triggerTextRef(from), sealed),
    );
}

/**
 * Carries a report, whose alert was resolved before anybody could know of it, to an alert of its
 * own. Null where that was done before. Throws `dependency_unavailable` while the resolution is
 * not on record yet.
 */
export async function carryTrigger(
  trx: Knex.Transaction,
  from: TriggerPlace,
  reseal: Reseal,
): Promise<RaisedAlert | null> {
  const alert = await lockAlert(trx, from.alertId);
  const report = await findTrigger(trx, from.triggerId);
  if (alert === null || report === null || (await isCarried(trx, from))) return null;
  if (alert.status !== 'resolved') {
    throw new HoldfastError('dependency_unavailable', 'Its end is not on record yet');
  }
  const { details, ...codes } = report;
  const raised = await recordTrigger(trx, {
    ...codes,
    clinicId: alert.clinicId,
    personId: alert.personId,
    details: details === null ? null : (to) => reseal(trx, from, to, details),
  });
  await trx.raw(
    `INSERT INTO crisis_events (alert_id, kind, data) VALUES (?, 'report_carried', ?::jsonb)`,
    [from.alertId, JSON.stringify({ triggerId: from.triggerId, to: raised.alertId })],
  );
  return raised;
}

async function findTrigger(trx: Knex.Transaction, triggerId: string): Promise<TriggerRow | null> {
  const { rows } = await trx.raw<{ rows: TriggerRow[] }>(
    `SELECT report.severity, source, report.session_id AS "sessionId", message_id AS "messageId",
       reported_by AS "reportedBy", report.details, alert.type
     FROM crisis_triggers AS report JOIN crisis_alerts AS alert ON alert.id = report.alert_id
     WHERE report.id = ?`,
    [triggerId],
  );
  return rows[0] ?? null;
}

async function isCarried(trx: Knex.Transaction, from: TriggerPlace): Promise<boolean> {
  const { rows } = await trx.raw<{ rows: unknown[] }>(
    `SELECT FROM crisis_events WHERE alert_id = ? AND kind = 'report_carried'
       AND data->>'triggerId' = ?`,
    [from.alertId, from.triggerId],
  );
  return rows.length > 0;
}

/** Whether an alert's workflow knew of a report: the one that it began with, and what it noted. */
export async function isHeard(db: Knex, alertId: string, triggerId: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `SELECT FROM crisis_events WHERE alert_id = ? AND kind IN ('raised', 'report_heard')
       AND data->>'triggerId' = ?`,
    [alertId, triggerId],
  );
  return rows.length > 0;
}
