import type { Knex } from 'knex';
import type { SeriesNotice } from './series.ts';

const BATCH = 200;
/** An occurrence is opened so long before its start, or a day before its card is charged. */
const OPENS_BEFORE_DAYS = 14;
const MOST_DAYS_BEFORE = 120;

const IS_DUE = `sessions.starts_at <= now() + make_interval(days => ${MOST_DAYS_BEFORE})
  AND sessions.starts_at <= now() + greatest(make_interval(days => ${OPENS_BEFORE_DAYS}),
    make_interval(days => 1,
      secs => coalesce((sessions.plan#>>'{payment,nearSessionMs}')::float8, 0) / 1000))`;

/** Series of which an occurrence is to be opened, or should have been and has begun meanwhile. */
export async function seriesToOpen(knex: Knex): Promise<string[]> {
  const { rows } = await knex.raw<{ rows: { id: string }[] }>(
    `SELECT series.id FROM sessions
     JOIN series_occurrences occurrence ON occurrence.session_id = sessions.id
     JOIN series ON series.id = occurrence.series_id
     WHERE sessions.status = 'planned' AND series.status = 'active' AND ${IS_DUE}
     GROUP BY series.id ORDER BY min(sessions.starts_at) LIMIT ?`,
    [BATCH],
  );
  return rows.map(({ id }) => id);
}

/** The planned occurrences of a series that are due, in the order of their times. */
export async function dueOccurrences(knex: Knex, seriesId: string): Promise<string[]> {
  const { rows } = await knex.raw<{ rows: { id: string }[] }>(
    `SELECT sessions.id FROM series_occurrences occurrence
     JOIN sessions ON sessions.id = occurrence.session_id
     WHERE occurrence.series_id = ? AND sessions.status = 'planned' AND ${IS_DUE}
     ORDER BY sessions.starts_at, sessions.id`,
    [seriesId],
  );
  return rows.map(({ id }) => id);
}

/** Series that were asked for and not answered in time. */
export async function unansweredSeries(knex: Knex): Promise<string[]> {
  const { rows } = await knex.raw<{ rows: { id: string }[] }>(
    `SELECT id FROM series WHERE status = 'requested' AND answer_due_at <= now()
     ORDER BY answer_due_at LIMIT ?`,
    [BATCH],
  );
  return rows.map(({ id }) => id);
}

/** Occurrences whose running workflow has yet to be asked for what an edit decided. */
export async function occurrencesWithWishes(knex: Knex): Promise<string[]> {
  const { rows } = await knex.raw<{ rows: { session_id: string }[] }>(
    `SELECT session_id FROM series_occurrences WHERE wanted IS NOT NULL
     ORDER BY session_id LIMIT ?`,
    [BATCH],
  );
  return rows.map((row) => row.session_id);
}

export interface WaitingNotice {
  readonly seriesId: string;
  readonly kind: SeriesNotice;
  readonly version: number;
}

export async function waitingNotices(knex: Knex): Promise<WaitingNotice[]> {
  const { rows } = await knex.raw<{ rows: WaitingNotice[] }>(
    `SELECT series_id AS "seriesId", kind, version FROM series_notices
     WHERE done_at IS NULL ORDER BY created_at LIMIT ?`,
    [BATCH],
  );
  return rows;
}

export async function settleNotice(knex: Knex, notice: WaitingNotice): Promise<void> {
  await knex.raw(
    `UPDATE series_notices SET done_at = now() WHERE series_id = ? AND kind = ? AND version = ?`,
    [notice.seriesId, notice.kind, notice.version],
  );
}
