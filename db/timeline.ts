import type { Knex } from 'knex';

/** One thing that happened to a session, as ids, codes and instants. */
export interface TimelineEntry {
  readonly at: Date;
  readonly source: 'session' | 'message' | 'payment' | 'refund';
  readonly kind: string;
  /** Who did it, where a person did. */
  readonly actorId: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

interface TimelineRow {
  readonly at: Date;
  readonly source: TimelineEntry['source'];
  readonly kind: string;
  readonly actor_id: string | null;
  readonly data: Record<string, unknown>;
}

const TIMELINE = `
  SELECT at, 'session' AS source, kind, actor_id, data, id AS step
  FROM session_events WHERE session_id = :sessionId
    AND (:enrolmentId::uuid IS NULL OR enrolment_id IS NULL OR enrolment_id = :enrolmentId)
  UNION ALL
  SELECT coalesce(sent_at, created_at), 'message', kind || '.' || state, NULL,
    jsonb_strip_nulls(jsonb_build_object('key', key, 'channel', channel,
      'recipientId', recipient_id, 'scheduleVersion', schedule_version, 'reason', reason,
      'dueAt', due_at, 'settledAt', settled_at)), 0
  FROM sends WHERE session_id = :sessionId
    AND (:personId::uuid IS NULL OR recipient_id = :personId)
  UNION ALL
  SELECT updated_at, 'payment', 'payment.' || state, person_id,
    jsonb_strip_nulls(jsonb_build_object('paymentId', id, 'attempt', attempt, 'method', method,
      'amountCents', amount_cents, 'capturedCents', captured_cents,
      'refundedCents', refunded_cents, 'currency', currency, 'errorCode', error_code,
      'createdAt', created_at)), 0
  FROM payments WHERE session_id = :sessionId
    AND (:personId::uuid IS NULL OR person_id = :personId)
  UNION ALL
  SELECT refunds.updated_at, 'refund', 'refund.' || refunds.state, NULL,
    jsonb_build_object('refundId', refunds.id, 'paymentId', payment_id,
      'amountCents', refunds.amount_cents, 'reason', refunds.reason,
      'createdAt', refunds.created_at), 0
  FROM refunds JOIN payments ON payments.id = refunds.payment_id
  WHERE payments.session_id = :sessionId
    AND (:personId::uuid IS NULL OR payments.person_id = :personId)
  ORDER BY 1, step`;

/** Of a group, the one member who looks. */
export interface TimelineMember {
  readonly personId: string;
  readonly enrolmentId: string;
}

/** Everything on record about a session, oldest first: its own steps, messages, payments, refunds. */
export async function sessionTimeline(
  db: Knex,
  sessionId: string,
  member: TimelineMember | null = null,
): Promise<TimelineEntry[]> {
  const { rows } = await db.raw<{ rows: TimelineRow[] }>(TIMELINE, {
    sessionId,
    personId: member?.personId ?? null,
    enrolmentId: member?.enrolmentId ?? null,
  });
  return rows.map((row) => ({
    at: row.at,
    source: row.source,
    kind: row.kind,
    actorId: row.actor_id,
    data: row.data,
  }));
}
