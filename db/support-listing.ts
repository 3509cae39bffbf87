import type { Knex } from 'knex';
import type { AlertSeverity } from '../domain/escalation-policy.ts';
import type { SupportHelperType, SupportType } from '../domain/support-session.ts';
import { SUPPORT_COLUMNS, supportSessionFrom } from './support-sessions.ts';
import type { SupportSession, SupportSessionRow } from './support-sessions.ts';

/** Words of both published versions for how a session stands. */
export const STATUS_FILTERS = {
  pending: "session.status = 'waiting'",
  waiting: "session.status = 'waiting' AND NOT session.is_escalated",
  active: "session.status = 'active'",
  escalated: 'session.is_escalated AND session.ended_at IS NULL',
  completed: "session.status = 'closed'",
  closed: "session.status IN ('closed', 'cancelled')",
  cancelled: "session.status = 'cancelled'",
} as const;
export type StatusFilter = keyof typeof STATUS_FILTERS;

const SORT_COLUMNS = {
  createdAt: 'session.created_at',
  updatedAt: 'session.updated_at',
  status: 'session.status',
} as const;
export type SupportSort = keyof typeof SORT_COLUMNS;

export interface SupportFilter {
  readonly personId: string;
  readonly status: StatusFilter | null;
  readonly type: SupportType | null;
  readonly helperType: SupportHelperType | null;
  readonly severity: AlertSeverity | null;
  readonly from: Date | null;
  readonly to: Date | null;
  readonly sort: SupportSort;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly offset: number;
}

export interface SupportPage {
  readonly sessions: readonly SupportSession[];
  readonly total: number;
  /** Of all the person's sessions, whatever was asked for. */
  readonly summary: {
    readonly total: number;
    readonly active: number;
    readonly waiting: number;
    readonly closed: number;
  };
}

const THEIRS = `session.id IN (
  SELECT session_id FROM support_participants WHERE person_id = :personId AND left_at IS NULL)`;

/** The sessions in which somebody takes part, one page of them. */
export async function listSupportSessions(db: Knex, filter: SupportFilter): Promise<SupportPage> {
  const { status, sort, order, ...values } = filter;
  const condition = `${THEIRS} AND ${status === null ? 'true' : STATUS_FILTERS[status]}
    AND (:type::text IS NULL OR session.type = :type)
    AND (:helperType::text IS NULL OR session.helper_type = :helperType)
    AND (:severity::text IS NULL OR session.severity = :severity)
    AND (:from::timestamptz IS NULL OR session.created_at >= :from)
    AND (:to::timestamptz IS NULL OR session.created_at <= :to)`;
  const [found, counted] = await Promise.all([
    db.raw<{ rows: SupportSessionRow[] }>(
      `SELECT ${SUPPORT_COLUMNS} FROM support_sessions AS session WHERE ${condition}
       ORDER BY ${SORT_COLUMNS[sort]} ${order}, session.id ${order} LIMIT :limit OFFSET :offset`,
      values,
    ),
    db.raw<{ rows: [SupportPage['summary'] & { readonly matching: number }] }>(
      `SELECT count(*)::int AS total,
         count(*) FILTER (WHERE status = 'active')::int AS active,
         count(*) FILTER (WHERE status = 'waiting')::int AS waiting,
         count(*) FILTER (WHERE ended_at IS NOT NULL)::int AS closed,
         count(*) FILTER (WHERE ${condition})::int AS matching
       FROM support_sessions AS session WHERE ${THEIRS}`,
      values,
    ),
  ]);
  const { matching, ...summary } = counted.rows[0];
  return { sessions: found.rows.map(supportSessionFrom), total: matching, summary };
}
