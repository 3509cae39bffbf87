import type { Knex } from 'knex';

/** What has to come to its end before somebody can be erased. */
export const BLOCKER_KINDS = [
  'open_session',
  'open_seat',
  'open_series',
  'open_offer',
  'open_support_session',
  'open_alert',
  'money_in_flight',
  'open_task',
  'leads_group',
  'on_call',
] as const;
export type BlockerKind = (typeof BLOCKER_KINDS)[number];

export interface Blocker {
  readonly kind: BlockerKind;
  /** Of the session, the alert, the payment, the group, the roster. */
  readonly id: string;
}

const OPEN = `('planned', 'held', 'requested', 'awaiting_payment', 'confirmed', 'in_progress')`;
const MOVING = `('created', 'requires_action', 'processing', 'saved', 'authorised')`;

const QUERIES: Readonly<Record<BlockerKind, string>> = {
  open_session: `SELECT id FROM sessions
    WHERE (client_id = :person OR therapist_id = :person) AND status IN ${OPEN}`,
  open_seat: `SELECT seat.session_id AS id FROM enrolments seat
    JOIN sessions ON sessions.id = seat.session_id
    WHERE seat.person_id = :person AND sessions.client_id IS NULL
      AND seat.state NOT IN ('left', 'cancelled') AND sessions.status IN ${OPEN}`,
  open_series: `SELECT id FROM series WHERE (client_id = :person OR therapist_id = :person)
    AND status = 'requested'`,
  open_offer: `SELECT id FROM offers WHERE (client_id = :person OR therapist_id = :person)
    AND state IN ('preparing', 'open')`,
  open_support_session: `SELECT id FROM support_sessions
    WHERE (patient_id = :person OR helper_id = :person) AND status IN ('waiting', 'active')
      AND NOT is_chat_room`,
  open_alert: `SELECT id FROM crisis_alerts
    WHERE (person_id = :person OR holder_id = :person) AND status <> 'resolved'`,
  money_in_flight: `SELECT id FROM payments WHERE person_id = :person AND state IN ${MOVING}
    UNION ALL SELECT refunds.id FROM refunds JOIN payments ON payments.id = payment_id
      WHERE payments.person_id = :person AND refunds.state <> 'succeeded'
    UNION ALL SELECT id FROM credit_purchases WHERE person_id = :person
      AND state IN ('requires_action', 'processing')
    UNION ALL SELECT id FROM credit_accounts WHERE person_id = :person
      AND kind = 'reserved' AND balance_cents <> 0`,
  open_task: `SELECT id FROM tasks WHERE state = 'open' AND (
      session_id IN (SELECT id FROM sessions WHERE client_id = :person)
      OR payment_id IN (SELECT id FROM payments WHERE person_id = :person)
      OR data->>'alertId' IN (SELECT id::text FROM crisis_alerts WHERE person_id = :person))`,
  leads_group: `SELECT id FROM therapy_groups WHERE therapist_id = :person AND is_active`,
  on_call: `SELECT id FROM rosters
      WHERE clinic_id = :clinic AND position(:person::text IN rotations::text) > 0
    UNION ALL SELECT roster_id FROM roster_overrides
      WHERE person_id = :person AND ends_at > now()
    UNION ALL SELECT clinic_id FROM escalation_policies
      WHERE clinic_id = :clinic AND position(:person::text IN policies::text) > 0`,
};

const BLOCKERS = Object.entries(QUERIES)
  .map(([kind, sql]) => `SELECT '${kind}' AS kind, id::text FROM (${sql}) of_${kind}`)
  .join(' UNION ALL ');
/** So many are named; whoever closes them hears of the rest. */
const MOST = 100;

/** What keeps a person from being erased; the caller holds the person's row. */
export async function blockersOf(
  trx: Knex,
  { personId, clinicId }: { readonly personId: string; readonly clinicId: string },
): Promise<Blocker[]> {
  const { rows } = await trx.raw<{ rows: Blocker[] }>(
    `SELECT DISTINCT kind, id FROM (${BLOCKERS}) blockers ORDER BY kind, id LIMIT ${MOST}`,
    { person: personId, clinic: clinicId },
  );
  return rows;
}
