import type { Knex } from 'knex';
import type { AlertSeverity } from '../domain/escalation-policy.ts';
import type { PresentHelper, QueuedSession } from '../domain/support-queue.ts';
import type { SupportHelperType } from '../domain/support-session.ts';
import { LIVE_LEASE } from './presence.ts';
import { SUPPORT_COLUMNS, supportSessionFrom } from './support-sessions.ts';
import type { SupportSession, SupportSessionRow } from './support-sessions.ts';

/** Whoever was seen within this time is there, s. */
const PRESENT_SECONDS = 300;
const RECENT_DAYS = 30;
const MOST_RECENT = 50;
/** Far more than people who could be served. */
const LONGEST_QUEUE = 2_000;

/** What an estimate of waits is made of. */
export interface QueueFacts {
  readonly queue: readonly QueuedSession[];
  readonly helpers: readonly PresentHelper[];
  /** How long the clinic's recent sessions took, by type of helper, ms. */
  readonly handlingMs: Readonly<Partial<Record<SupportHelperType, readonly number[]>>>;
}

interface FactsRow {
  readonly queue: readonly QueuedSession[] | null;
  readonly helpers: readonly PresentHelper[] | null;
  readonly handling:
    readonly { readonly helperType: SupportHelperType; readonly ms: number }[] | null;
}

/** A clinic's waiting sessions, its helpers who are there now, and how long sessions took lately. */
export async function findQueueFacts(db: Knex, clinicId: string): Promise<QueueFacts> {
  const { rows } = await db.raw<{ rows: [FactsRow] }>(
    `SELECT
       (SELECT json_agg(json_build_object('id', id, 'type', type, 'helperType', helper_type,
           'severity', severity, 'isEscalated', is_escalated, 'isReturned', is_returned,
           'waitingSinceMs', extract(epoch FROM waiting_since) * 1000))
         FROM (SELECT * FROM support_sessions WHERE clinic_id = :clinicId AND status = 'waiting'
           ORDER BY created_at LIMIT :longest) AS waiting) AS queue,
       (SELECT json_agg(json_build_object('role', helper.role, 'acceptedAtMs',
           coalesce((SELECT json_agg(extract(epoch FROM busy.accepted_at) * 1000)
             FROM support_sessions AS busy
             WHERE busy.helper_id = helper.id AND busy.status = 'active'), '[]')))
         FROM people AS helper
         WHERE helper.clinic_id = :clinicId AND helper.role IN ('peer', 'counselor')
           AND helper.verified_at IS NOT NULL AND helper.suspended_at IS NULL
           AND helper.id IN (${PRESENT_HELPERS})) AS helpers,
       (SELECT json_agg(json_build_object('helperType', helper_type,
           'ms', extract(epoch FROM ended_at - accepted_at) * 1000))
         FROM (SELECT helper_type, ended_at, accepted_at FROM support_sessions
           WHERE clinic_id = :clinicId AND status = 'closed' AND accepted_at IS NOT NULL
             AND ended_at > now() - :days * interval '1 day'
           ORDER BY ended_at DESC LIMIT :most) AS recent) AS handling`,
    {
      clinicId,
      longest: LONGEST_QUEUE,
      seconds: PRESENT_SECONDS,
      days: RECENT_DAYS,
      most: MOST_RECENT,
    },
  );
  const { queue, helpers, handling } = rows[0];
  const byType = Object.groupBy(handling ?? [], ({ helperType }) => helperType);
  const handlingMs = Object.fromEntries(
    Object.entries(byType).map(([type, sessions]) => [type, sessions.map(({ ms }) => ms)]),
  );
  return { queue: queue ?? [], helpers: helpers ?? [], handlingMs };
}

const PRESENT_HELPERS = `
  SELECT person_id FROM support_helpers_seen
    WHERE seen_at > now() - :seconds * interval '1 second'
  UNION SELECT lease.person_id FROM ${LIVE_LEASE}
  UNION SELECT person_id FROM support_participants
    WHERE last_seen_at > now() - :seconds * interval '1 second'`;

/** A helper has looked at the queue. */
export async function seeHelper(db: Knex, personId: string): Promise<void> {
  await db.raw(
    `INSERT INTO support_helpers_seen (person_id) VALUES (?)
     ON CONFLICT (person_id) DO UPDATE SET seen_at = now()
       WHERE support_helpers_seen.seen_at < now() - interval '20 seconds'`,
    [personId],
  );
}

/** A participant has read or written in the session; writes once in a while only. */
export async function seeParticipant(db: Knex, sessionId: string, personId: string): Promise<void> {
  await db.raw(
    `UPDATE support_participants SET last_seen_at = now()
     WHERE session_id = ? AND person_id = ? AND last_seen_at < now() - interval '20 seconds'`,
    [sessionId, personId],
  );
}

export interface WaitingFilter {
  readonly clinicId: string;
  /** Whoever asks: what they have declined and what is their own is left out. */
  readonly helperId: string;
  readonly role: 'peer' | 'counselor' | 'admin';
  readonly helperType: SupportHelperType | null;
  readonly severity: AlertSeverity | null;
  /** Escalated, high, critical, or an intervention. */
  readonly onlyUrgent: boolean;
  readonly showsDeclined: boolean;
  readonly limit: number;
}

export interface WaitingSessions {
  readonly sessions: readonly SupportSession[];
  /** All that fit, shown or not. */
  readonly total: number;
}

const RANK = "array_position(ARRAY['low', 'medium', 'high', 'critical'], session.severity)";

/** Waiting sessions that the helper could take, in the order in which they are to be served. */
export async function listWaiting(db: Knex, filter: WaitingFilter): Promise<WaitingSessions> {
  const { rows } = await db.raw<{ rows: (SupportSessionRow & { readonly total: string })[] }>(
    `SELECT ${SUPPORT_COLUMNS}, count(*) OVER () AS total
     FROM support_sessions AS session
     WHERE session.clinic_id = :clinicId AND session.status = 'waiting'
       AND session.patient_id <> :helperId
       AND (:role <> 'peer' OR (session.helper_type <> 'counselor'
         AND session.type = 'peer_support' AND session.severity <> 'critical'))
       AND (:helperType::text IS NULL OR session.helper_type = :helperType)
       AND (:severity::text IS NULL OR session.severity = :severity)
       AND (NOT :onlyUrgent OR session.is_escalated OR session.severity IN ('high', 'critical')
         OR session.type = 'crisis_intervention')
       AND (:showsDeclined OR NOT EXISTS (SELECT FROM support_declines AS declined
         WHERE declined.session_id = session.id AND declined.person_id = :helperId))
     ORDER BY ${RANK} DESC, session.is_escalated DESC, session.is_returned DESC,
       session.waiting_since, session.id
     LIMIT :limit`,
    { ...filter },
  );
  return {
    sessions: rows.map(({ total: _total, ...row }) => supportSessionFrom(row)),
    total: Number(rows[0]?.total ?? 0),
  };
}
