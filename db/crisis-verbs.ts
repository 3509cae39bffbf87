import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { openAlert } from '../domain/alert.ts';
import type { AlertEvent, AlertRefusal, AlertState } from '../domain/alert-events.ts';
import { applyEvent } from '../domain/alert-verbs.ts';
import { type AlertLine, lockAlert, writeStep } from './crisis-record.ts';
import { stopOpenPages } from './crisis-pages.ts';
import { readEscalationPolicies } from './escalation-policies.ts';
import { PAGEABLE } from './on-call.ts';
import { insertOutboxRow } from './outbox.ts';

export type HumanEvent = Extract<AlertEvent, { by: string }>;

export interface Decided {
  readonly state: AlertState;
  readonly refusal: AlertRefusal | null;
  /** Calls that may still ring, by the provider's names: to be hung up. */
  readonly calls: readonly string[];
}

/**
 * Decides a human's verb on the alert's row, under its lock, by the same rules as its workflow; the
 * workflow goes on from there when it is back. Pages that are due are the auditor's then. Null for
 * an unknown alert.
 */
export async function decideOnRow(
  trx: Knex.Transaction,
  alertId: string,
  event: HumanEvent,
  via: string,
): Promise<Decided | null> {
  const alert = await lockAlert(trx, alertId);
  if (alert === null) return null;
  const nowMs = Date.now();
  const { effective: policies } = await readEscalationPolicies(trx, alert.clinicId);
  const { severity, createdAt, clinicId } = alert;
  const before = alert.state ?? openAlert(policies, severity, createdAt.getTime());
  const { state, effects, refusal } = applyEvent({ policies }, before, event, nowMs);
  if (refusal !== null || state === before) return { state, refusal, calls: [] };
  const line: AlertLine = {
    kind: event.kind,
    atMs: nowMs,
    actorId: event.by,
    via,
    data: { status: state.kind, byRecord: true },
  };
  const version = alert.version + 1;
  const lines = event.kind === 'sign' ? [] : [line];
  await writeStep(trx, alert, { state, version, mark: `verb:${newId()}`, lines });
  await insertOutboxRow(trx, { topic: 'crisis.verb', clinicId, payload: { alertId, version } });
  const isStopped = effects.some(({ kind }) => kind === 'stop_pages');
  return { state, refusal, calls: isStopped ? await stopOpenPages(trx, alertId) : [] };
}

/**
 * Nobody has what somebody had who has no business here any more: it is paged for again, by its
 * workflow, or by the auditor where that does not.
 */
export async function reopenAlertsOf(trx: Knex.Transaction, holderId: string): Promise<void> {
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    `SELECT id FROM crisis_alerts WHERE holder_id = ? AND status <> 'resolved' ORDER BY id`,
    [holderId],
  );
  for (const { id } of rows) await reopenOnRow(trx, id, holderId);
}

async function reopenOnRow(trx: Knex.Transaction, alertId: string, from: string): Promise<void> {
  const alert = await lockAlert(trx, alertId);
  if (alert === null || alert.state === null) return;
  const { effective: policies } = await readEscalationPolicies(trx, alert.clinicId);
  const [event, atMs] = [{ kind: 'release', by: from } as const, Date.now()];
  const { state, refusal } = applyEvent({ policies }, alert.state, event, atMs);
  // Somebody else has it by now, or it is over.
  if (refusal !== null) return;
  const data = { because: 'holder_suspended', from, byRecord: true };
  const line: AlertLine = { kind: 'reopened', atMs, actorId: null, via: null, data };
  const version = alert.version + 1;
  await writeStep(trx, alert, { state, version, mark: `verb:${newId()}`, lines: [line] });
  const { clinicId } = alert;
  await insertOutboxRow(trx, { topic: 'crisis.verb', clinicId, payload: { alertId, version } });
}

/** The alerts of a session that a person has, or had until nobody did. */
export async function findHeldAlerts(
  db: Knex,
  sessionId: string,
  personId: string,
): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `SELECT id FROM crisis_alerts WHERE session_id = :sessionId AND status <> 'resolved'
       AND (holder_id = :personId OR state->>'lastHolderId' = :personId::text)`,
    { sessionId, personId },
  );
  return rows.map(({ id }) => id);
}

/** Whether somebody has been paged for an alert. */
export async function wasPaged(db: Knex, alertId: string, personId: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    'SELECT FROM crisis_pages WHERE alert_id = ? AND person_id = ? LIMIT 1',
    [alertId, personId],
  );
  return rows.length > 0;
}

/**
 * A page by text or call was the one that was answered, unless by somebody whom nobody would page any
 * more, suspended or gone from the alert's clinic meanwhile: false then, and the page stays as it is.
 */
export async function markAnswered(
  db: Knex,
  page: {
    readonly alertId: string;
    readonly sentBy: string;
    readonly batch: number;
    readonly personId: string;
    readonly channel: string;
  },
): Promise<boolean> {
  // An alert may be paged for before it is on record.
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `WITH taker AS (
       SELECT person.id FROM people AS person
       LEFT JOIN crisis_alerts AS alert ON alert.id = :alertId
       WHERE person.id = :personId AND ${PAGEABLE}
         AND coalesce(alert.clinic_id, person.clinic_id) = person.clinic_id),
     answered AS (
       UPDATE crisis_pages SET state = 'answered', settled_at = clock_timestamp()
       WHERE alert_id = :alertId AND sent_by = :sentBy AND batch = :batch
         AND person_id IN (SELECT id FROM taker) AND channel = :channel)
     SELECT FROM taker`,
    { ...page },
  );
  return rows.length > 0;
}
