import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import type { AlertSeverity } from '../domain/escalation-policy.ts';
import { broadcast } from './broadcasts.ts';

/** Where somebody's trouble was noticed. */
export type TriggerSource =
  | 'message'
  | 'request'
  | 'companion'
  | 'socket'
  | 'report'
  | 'escalation'
  | 'intervention'
  | 'crisis_session'
  | 'screening'
  | 'lost_contact'
  | 'drill';

/** Seals a report's words for their place; it runs inside the caller's transaction. */
export type SealDetails = (place: TriggerPlace) => Promise<Buffer>;

export interface TriggerPlace {
  readonly alertId: string;
  readonly triggerId: string;
}

export interface NewTrigger {
  readonly clinicId: string;
  /** Whose trouble it is. */
  readonly personId: string;
  readonly severity: AlertSeverity;
  /** A code such as `suicide-risk`; never a text that a person typed. */
  readonly type: string;
  readonly source: TriggerSource;
  /** The support session it came from, if any. */
  readonly sessionId: string | null;
  readonly messageId: string | null;
  /** Who said so: the person themselves or somebody else; null for the product. */
  readonly reportedBy: string | null;
  /** The words, the place, the evidence; null where there are none. */
  readonly details: SealDetails | null;
  /** The ids to use, where the same report may be written twice. */
  readonly alertId?: string;
  readonly triggerId?: string;
}

/** An alert as the report left it: what its workflow has to hear. */
export interface RaisedAlert extends TriggerPlace {
  readonly number: string;
  readonly clinicId: string;
  readonly personId: string;
  /** The alert's, which is the gravest of its reports. */
  readonly severity: AlertSeverity;
  readonly type: string;
  readonly sessionId: string | null;
  readonly isDrill: boolean;
  /** False where the person had an open alert already. */
  readonly isNew: boolean;
}

const RANKS = `ARRAY['low', 'medium', 'high', 'critical']`;

/** The graver one of two severities, in SQL. */
function graver(one: string, other: string): string {
  const rank = (name: string): string => `array_position(${RANKS}, ${name})`;
  return `(${RANKS})[greatest(${rank(one)}, ${rank(other)})]`;
}

/** An open alert takes the report; of two that open one at once, the later joins the earlier. */
const JOIN_OR_OPEN = `
  WITH joined AS (
    UPDATE crisis_alerts SET severity = ${graver('severity', ':severity')},
      session_id = coalesce(session_id, :sessionId)
    WHERE person_id = :personId AND status <> 'resolved' AND NOT is_drill AND NOT :isDrill
    RETURNING id, number, clinic_id, severity, type, session_id),
  opened AS (
    INSERT INTO crisis_alerts AS alert
      (id, number, clinic_id, person_id, severity, type, session_id, is_drill)
    SELECT :alertId, 'CA-' || to_char(now() AT TIME ZONE 'UTC', 'YYYY') || '-'
        || (SELECT lpad(n::text, greatest(6, length(n::text)), '0')
            FROM nextval('crisis_alert_numbers') AS n),
      :clinicId, :personId, :severity, :type, :sessionId, :isDrill
    WHERE NOT EXISTS (SELECT FROM joined)
    ON CONFLICT (person_id) WHERE status <> 'resolved' AND NOT is_drill
    DO UPDATE SET severity = ${graver('alert.severity', 'excluded.severity')},
      session_id = coalesce(alert.session_id, excluded.session_id)
    RETURNING id, number, clinic_id, severity, type, session_id)
  SELECT id AS "alertId", number, clinic_id AS "clinicId", severity, type,
    session_id AS "sessionId" FROM joined
  UNION ALL SELECT * FROM opened`;

const REPORT = `
  WITH report AS (
    INSERT INTO crisis_triggers (id, alert_id, clinic_id, severity, source, session_id, message_id,
      reported_by, details)
    VALUES (:triggerId, :alertId, :clinicId, :severity, :source, :sessionId, :messageId,
      :reportedBy, :details)
    ON CONFLICT (id) DO NOTHING),
  event AS (
    INSERT INTO crisis_events (alert_id, kind, actor_id, via, data)
    VALUES (:alertId, :kind, :reportedBy, :source, :data::jsonb))
  INSERT INTO outbox (topic, clinic_id, payload) VALUES ('crisis.raised', :clinicId, :payload::jsonb)`;

/**
 * Writes a report into the caller's transaction: into the person's open alert, whose severity it
 * raises if it is graver, or into a new one. Whoever has to act hears of it with the commit. After
 * the commit, `startAlert` starts or informs the workflow at once; if it can't, the outbox does.
 */
export async function recordTrigger(
  trx: Knex.Transaction,
  trigger: NewTrigger,
): Promise<RaisedAlert> {
  const { details, ...given } = trigger;
  const isDrill = trigger.source === 'drill';
  const { alertId: ownAlertId = newId(), triggerId = newId() } = trigger;
  const { rows } = await trx.raw<{ rows: Omit<RaisedAlert, 'triggerId' | 'isNew'>[] }>(
    JOIN_OR_OPEN,
    { ...given, alertId: ownAlertId, isDrill },
  );
  const alert = rows[0]!;
  const { alertId, number, clinicId, severity } = alert;
  const isNew = alertId === ownAlertId;
  const sealed = details === null ? null : await details({ alertId, triggerId });
  await trx.raw(REPORT, {
    ...given,
    alertId,
    triggerId,
    clinicId,
    details: sealed,
    kind: isNew ? 'raised' : 'raised_again',
    data: JSON.stringify({ triggerId, severity: trigger.severity, type: trigger.type }),
    payload: JSON.stringify({ alertId, triggerId, severity, personId: trigger.personId, number }),
  });
  const ids = { alertId, triggerId, severity };
  await broadcast(trx, { room: `crisis:${clinicId}`, event: 'crisis-alert', ids });
  return { ...alert, personId: trigger.personId, triggerId, isDrill, isNew };
}
