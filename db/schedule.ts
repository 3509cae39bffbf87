import type { Knex } from 'knex';
import type { SessionFormat } from './sessions.ts';
import type { SessionStatus } from '../domain/session.ts';

/** Which sessions of a clinic are meant; null leaves a condition out. Epoch ms. */
export interface ScheduleFilter {
  readonly clinicId: string;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly therapistIds: readonly string[] | null;
  readonly clientIds: readonly string[] | null;
  readonly statuses: readonly SessionStatus[] | null;
  readonly formats: readonly SessionFormat[] | null;
}

export interface ScheduleQuestion extends ScheduleFilter {
  readonly limit: number;
  readonly offset: number;
  /** Whether the client's insurance authorisation may be shown. */
  readonly withAuthorisations: boolean;
  /** SQL that gives the door's word for `page.status` and `page.format`. */
  readonly words: { readonly status: string; readonly format: string };
}

export interface SchedulePage {
  /** A JSON array of sessions, as the database has written it. */
  readonly sessionsJson: string;
  readonly count: number;
  readonly total: number;
}

const INSTANT = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

const AUTHORISATION_JOIN = `
  LEFT JOIN LATERAL (
    SELECT json_build_object('payer', payer, 'number', number,
      'valid_from', valid_from, 'valid_to', valid_to, 'sessions_granted', sessions_granted,
      'sessions_used', sessions_used, 'sessions_remaining', sessions_granted - sessions_used
    ) AS shown
    FROM insurance_authorisations granted
    WHERE granted.client_id = page.client_id
      AND (granted.id = page.authorisation_id OR (page.authorisation_id IS NULL
        AND (page.starts_at AT TIME ZONE page.time_zone)::date BETWEEN valid_from AND valid_to))
    ORDER BY valid_to, id LIMIT 1) authorised ON true`;

type Bindings = Record<string, string | number | Date | readonly string[]>;

/** A lapsed hold was never anybody's appointment: calendars leave it out. */
function conditionsOf(filter: ScheduleFilter): { where: string; bindings: Bindings } {
  const { clinicId, fromMs, toMs, therapistIds, clientIds, statuses, formats } = filter;
  const parts = ['clinic_id = :clinicId', `missed_deadline IS DISTINCT FROM 'hold'`];
  const bindings: Bindings = { clinicId };
  const add = (part: string, name: string, value: Bindings[string] | null): void => {
    if (value === null) return;
    parts.push(part);
    bindings[name] = value;
  };
  add('starts_at >= :fromAt', 'fromAt', fromMs === null ? null : new Date(fromMs));
  add('starts_at < :toAt', 'toAt', toMs === null ? null : new Date(toMs));
  add('therapist_id = ANY (:therapistIds::uuid[])', 'therapistIds', therapistIds);
  add('client_id = ANY (:clientIds::uuid[])', 'clientIds', clientIds);
  add('status = ANY (:statuses::text[])', 'statuses', statuses);
  add('format = ANY (:formats::text[])', 'formats', formats);
  return { where: parts.join(' AND '), bindings };
}

/**
 * One page of a clinic's sessions, by their starts, with how many there are. The database writes
 * the JSON: a page of a thousand sessions passes through as one text.
 */
export async function readSchedule(knex: Knex, question: ScheduleQuestion): Promise<SchedulePage> {
  const { where, bindings } = conditionsOf(question);
  const { rows } = await knex.raw<{ rows: { sessions: string; count: number; total: number }[] }>(
    `WITH wanted AS MATERIALIZED (
       SELECT * FROM sessions WHERE ${where}
       ORDER BY starts_at, id LIMIT :limit OFFSET :offset)
     SELECT coalesce(json_agg(shown)::text, '[]') AS sessions, count(*)::int AS count,
       (SELECT count(*)::int FROM sessions WHERE ${where}) AS total
     FROM (${pageSql(question)}) shown`,
    { ...bindings, limit: question.limit, offset: question.offset } as never,
  );
  const { sessions, count, total } = rows[0]!;
  return { sessionsJson: sessions, count, total };
}

function pageSql({ withAuthorisations, words }: ScheduleQuestion): string {
  return `
    SELECT page.id, page.therapist_id, profile.display_name AS therapist_name, page.client_id,
      coalesce(client.preferred_name, client.first_name) || ' ' || client.last_name AS client_name,
      ${INSTANT('page.starts_at')} AS start_time, ${INSTANT('page.ends_at')} AS end_time,
      (extract(epoch FROM page.ends_at - page.starts_at) / 60)::int AS duration_minutes,
      page.time_zone, ${words.status} AS status, page.session_type,
      ${words.format} AS location_type, page.location_id, page.service_id,
      page.payment AS payment_status, ${INSTANT('page.created_at')} AS created_at,
      ${INSTANT('page.updated_at')} AS updated_at
      ${withAuthorisations ? `, authorised.shown AS "authorization"` : ''}
    FROM wanted page
      JOIN therapist_profiles profile ON profile.person_id = page.therapist_id
      LEFT JOIN people client ON client.id = page.client_id
      ${withAuthorisations ? AUTHORISATION_JOIN : ''}
    ORDER BY page.starts_at, page.id`;
}

export interface ScheduleSummary {
  readonly total: number;
  readonly minutes: number;
  readonly therapists: number;
  readonly clients: number;
  readonly byStatus: Readonly<Partial<Record<SessionStatus, number>>>;
  readonly byFormat: Readonly<Partial<Record<SessionFormat, number>>>;
}

/** What the sessions of a filter come to, in one query. */
export async function summariseSchedule(
  knex: Knex,
  filter: ScheduleFilter,
): Promise<ScheduleSummary> {
  const { where, bindings } = conditionsOf(filter);
  const { rows } = await knex.raw<{ rows: ScheduleSummary[] }>(
    `WITH counted AS MATERIALIZED (
       SELECT status, format, therapist_id, client_id, ends_at - starts_at AS length
       FROM sessions WHERE ${where})
     SELECT count(*)::int AS total,
       coalesce(sum(extract(epoch FROM length)) / 60, 0)::float8 AS minutes,
       count(DISTINCT therapist_id)::int AS therapists,
       count(DISTINCT client_id)::int AS clients,
       (SELECT coalesce(json_object_agg(status, many), '{}') FROM (
          SELECT status, count(*)::int AS many FROM counted GROUP BY status) each) AS "byStatus",
       (SELECT coalesce(json_object_agg(format, many), '{}') FROM (
          SELECT format, count(*)::int AS many FROM counted GROUP BY format) each) AS "byFormat"
     FROM counted`,
    bindings as never,
  );
  return rows[0]!;
}
