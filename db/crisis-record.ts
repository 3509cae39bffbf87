import type { Knex } from 'knex';
import type { AlertState } from '../domain/alert-events.ts';
import type { AlertSeverity } from '../domain/escalation-policy.ts';
import { insertAuditRows } from './audit/record.ts';
import { toInsert } from './audit/entry.ts';
import { broadcastAll } from './broadcasts.ts';
import { insertOutboxRow } from './outbox.ts';

/** One line of an alert's course. */
export interface AlertLine {
  readonly kind: string;
  readonly atMs: number;
  readonly actorId: string | null;
  readonly via: string | null;
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}

export interface AlertRow {
  readonly id: string;
  readonly number: string;
  readonly clinicId: string;
  readonly personId: string;
  readonly severity: AlertSeverity;
  readonly status: AlertState['kind'];
  readonly state: AlertState | null;
  readonly version: number;
  readonly holderId: string | null;
  readonly writtenBy: string | null;
  readonly sessionId: string | null;
  readonly isDrill: boolean;
  readonly createdAt: Date;
}

const COLUMNS = `id, number, clinic_id AS "clinicId", person_id AS "personId", severity, status, state,
  version, holder_id AS "holderId", written_by AS "writtenBy", session_id AS "sessionId",
  is_drill AS "isDrill", created_at AS "createdAt"`;

export async function findAlert(db: Knex, alertId: string): Promise<AlertRow | null> {
  const { rows } = await db.raw<{ rows: AlertRow[] }>(
    `SELECT ${COLUMNS} FROM crisis_alerts WHERE id = ?`,
    [alertId],
  );
  return rows[0] ?? null;
}

/** The same, locked: whoever decides on the row itself does so one after another. */
export async function lockAlert(trx: Knex.Transaction, alertId: string): Promise<AlertRow | null> {
  const { rows } = await trx.raw<{ rows: AlertRow[] }>(
    `SELECT ${COLUMNS} FROM crisis_alerts WHERE id = ? FOR NO KEY UPDATE`,
    [alertId],
  );
  return rows[0] ?? null;
}

export interface AlertStep {
  readonly state: AlertState;
  readonly version: number;
  /** Names this very step, so that it is known when it is written again. */
  readonly mark: string;
  readonly lines: readonly AlertLine[];
}

/** Writes a step over the row that {@link lockAlert} gave; tells sockets what can be seen of it. */
export async function writeStep(
  trx: Knex.Transaction,
  alert: AlertRow,
  { state, version, mark, lines }: AlertStep,
): Promise<void> {
  await trx.raw(WRITE_STATE, { id: alert.id, version, mark, ...columnsOf(state) });
  await insertLines(trx, alert, lines);
  const holderId = holderOf(state);
  if (holderId !== null && holderId !== alert.holderId) {
    const payload = { alertId: alert.id, holderId };
    await insertOutboxRow(trx, { topic: 'crisis.held', clinicId: alert.clinicId, payload });
  }
  const isSeen = alert.status !== state.kind || alert.holderId !== holderOf(state);
  if (!isSeen) return;
  const message = {
    event: 'crisis-alert-changed',
    ids: { alertId: alert.id, status: state.kind, holderId: holderOf(state) },
  };
  await broadcastAll(trx, [
    { ...message, room: `crisis:${alert.clinicId}` },
    { ...message, room: `person:${alert.personId}`, ids: { ...message.ids, holderId: null } },
  ]);
}

const instant = (name: string): string => `to_timestamp(:${name}::float8 / 1000)`;

const WRITE_STATE = `
  UPDATE crisis_alerts SET status = :status, state = :state::jsonb, version = :version,
    written_by = :mark, holder_id = :holderId,
    severity = (ARRAY['low', 'medium', 'high', 'critical'])[greatest(
      array_position(ARRAY['low', 'medium', 'high', 'critical'], severity),
      array_position(ARRAY['low', 'medium', 'high', 'critical'], :severity))],
    acknowledged_at = coalesce(acknowledged_at, ${instant('takenAtMs')}),
    acknowledged_by = coalesce(acknowledged_by, :takenBy),
    contact_at = coalesce(contact_at, ${instant('contactAtMs')}),
    resolved_at = ${instant('resolvedAtMs')}, resolved_by = :resolvedBy, outcome = :outcome
  WHERE id = :id`;

function holderOf(state: AlertState): string | null {
  return 'holderId' in state ? state.holderId : null;
}

function columnsOf(state: AlertState): Record<string, string | number | null> {
  const isHeld = state.kind === 'held';
  const isInContact = state.kind === 'in_contact';
  const isResolved = state.kind === 'resolved';
  const contactAtMs = isInContact ? state.contactAtMs : null;
  return {
    status: state.kind,
    state: JSON.stringify(state),
    severity: state.severity,
    holderId: holderOf(state),
    takenAtMs: isHeld ? state.heldSinceMs : isResolved ? state.resolvedAtMs : contactAtMs,
    takenBy: isResolved ? state.resolvedById : isInContact ? state.contactById : holderOf(state),
    contactAtMs,
    resolvedAtMs: isResolved ? state.resolvedAtMs : null,
    resolvedBy: isResolved ? state.resolvedById : null,
    outcome: isResolved ? state.outcome : null,
  };
}

async function insertLines(
  trx: Knex.Transaction,
  alert: AlertRow,
  lines: readonly AlertLine[],
): Promise<void> {
  if (lines.length === 0) return;
  const { rows } = await trx.raw<{ rows: { actorId: string | null; role: string | null }[] }>(
    `WITH line AS (
       SELECT * FROM jsonb_to_recordset(:lines::jsonb) AS line
         ("atMs" float8, kind text, "actorId" uuid, via text, data jsonb)),
     written AS (
       INSERT INTO crisis_events (alert_id, at, kind, actor_id, via, data)
       SELECT :id, to_timestamp("atMs" / 1000), kind, "actorId", via, data FROM line)
     SELECT line."actorId", person.role FROM line LEFT JOIN people AS person
       ON person.id = line."actorId"`,
    { id: alert.id, lines: JSON.stringify(lines) },
  );
  const roles = new Map(rows.map(({ actorId, role }) => [actorId, role]));
  const acts = lines.filter(({ actorId }) => actorId !== null);
  await insertAuditRows(
    trx,
    acts.map(({ actorId, kind, via }) =>
      toInsert(
        {
          actor: { id: actorId, role: roles.get(actorId) ?? 'system', clinicId: alert.clinicId },
          requestId: null,
        },
        {
          action: `alert.${kind}`,
          objectType: 'alert',
          objectId: alert.id,
          subjectId: alert.personId,
          changes: { via, isAuthenticated: via !== 'temporal_ui' },
        },
      ),
    ),
  );
}
