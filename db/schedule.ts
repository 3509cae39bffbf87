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
}

/** Instants are in UTC and as the database writes them: `2024-01-25 14:00:00`. */
export interface ScheduleRow {
  readonly id: string;
  readonly therapist_id: string;
  readonly therapist_name: string;
  readonly client_id: string | null;
  readonly client_name: string | null;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly duration_minutes: number;
  readonly time_zone: string;
  readonly status: SessionStatus;
  readonly session_type: string;
  readonly format: SessionFormat;
  readonly location_id: string | null;
  readonly service_id: string | null;
  readonly payment: string;
  readonly created_at: string;
  readonly updated_at: string;
  /** Left out unless it was asked for. */
  readonly authorisation?: Readonly<Record<string, unknown>> | null;
}

export interface SchedulePage {
  readonly rows: readonly ScheduleRow[];
  readonly total: number;
}

/** The driver takes three times as long over a timestamp as over a text. */
const INSTANT = (column: string): string =>
  `(page.${column} AT TIME ZONE 'UTC')::text AS ${column}`;

/** What each session of the page is or would be paid by: for all of them at once. */
const AUTHORISED = `
  authorised AS MATERIALIZED (
    SELECT DISTINCT ON (page.id) page.id, json_build_object('payer', payer, 'number', number,
      'valid_from', valid_from, 'valid_to', valid_to, 'sessions_granted', sessions_granted,
      'sessions_used', sessions_used, 'sessions_remaining', sessions_granted - sessions_used
    ) AS shown
    FROM page JOIN insurance_authorisations granted ON granted.client_id = page.client_id
      AND (granted.id = page.authorisation_id OR (page.authorisation_id IS NULL
        AND (page.starts_at AT TIME ZONE page.time_zone)::date BETWEEN valid_from AND valid_to))
    ORDER BY page.id, valid_to, granted.id)`;

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
 * One page of a clinic's sessions, by their starts, with how many there are. What lies before the
 * page, and how many there are, is read from an index alone where only a range is asked for.
 */
export async function readSchedule(knex: Knex, question: ScheduleQuestion): Promise<SchedulePage> {
  const { where, bindings } = conditionsOf(question);
  const { limit, offset } = question;
  const { rows } = await knex.raw<{ rows: ScheduleRow[] }>(
    `WITH first AS MATERIALIZED (
       SELECT starts_at, id FROM sessions WHERE ${where}
       ORDER BY starts_at, id LIMIT 1 OFFSET :offset),
     page AS MATERIALIZED (
       SELECT ${PAGE_COLUMNS} FROM sessions WHERE ${where}
         AND (starts_at, id) >= ((SELECT starts_at FROM first), (SELECT id FROM first))
       ORDER BY starts_at, id LIMIT :limit)
       ${question.withAuthorisations ? `, ${AUTHORISED}` : ''}
     ${pageSql(question)}`,
    { ...bindings, limit, offset } as never,
  );
  const isLast = rows.length < limit && (rows.length > 0 || offset === 0);
  return { rows, total: isLast ? offset + rows.length : await countSchedule(knex, question) };
}

async function countSchedule(knex: Knex, filter: ScheduleFilter): Promise<number> {
  const { where, bindings } = conditionsOf(filter);
  const { rows } = await knex.raw<{ rows: [{ total: number }] }>(
    `SELECT count(*)::int AS total FROM sessions WHERE ${where}`,
    bindings as never,
  );
  return rows[0].total;
}

const PAGE_COLUMNS = `id, therapist_id, client_id, starts_at, ends_at, time_zone, status, format,
  session_type, location_id, service_id, authorisation_id, payment, created_at, updated_at`;

function pageSql({ withAuthorisations }: ScheduleQuestion): string {
  return `
    SELECT page.id, page.therapist_id, profile.display_name AS therapist_name, page.client_id,
      coalesce(client.preferred_name, client.first_name) || ' ' || client.last_name AS client_name,
      ${INSTANT('starts_at')}, ${INSTANT('ends_at')},
      (date_part('epoch', page.ends_at - page.starts_at) / 60)::int AS duration_minutes,
      page.time_zone, page.status, page.session_type, page.format, page.location_id,
      page.service_id, page.payment, ${INSTANT('created_at')}, ${INSTANT('updated_at')}
      ${withAuthorisations ? ', authorised.shown AS authorisation' : ''}
    FROM page
      JOIN therapist_profiles profile ON profile.person_id = page.therapist_id
      LEFT JOIN people client ON client.id = page.client_id
      ${withAuthorisations ? 'LEFT JOIN authorised ON authorised.id = page.id' : ''}
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
