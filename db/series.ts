import type { Knex } from 'knex';
import type { Place } from '../domain/series.ts';
import type { SessionRow } from './sessions.ts';

/** What a running workflow has yet to be asked for. Instants are epoch ms. */
export type Wanted =
  | {
      readonly kind: 'move';
      readonly startsAt: number;
      readonly endsAt: number;
      /** Claims that keep the new time until the workflow has claimed it itself. */
      readonly claimIds: readonly string[];
      readonly actor: WantedActor;
      /** Makes the request one, however often it is sent. */
      readonly requestId: string;
    }
  | { readonly kind: 'cancel'; readonly actor: WantedActor; readonly requestId: string };

export interface WantedActor {
  readonly personId: string;
  readonly party: 'client' | 'therapist' | 'staff';
}

/** An occurrence's session with its place in the series. */
export interface OccurrenceRow extends SessionRow {
  readonly series_id: string;
  /** `YYYY-MM-DD`: the local date that the series gives. */
  readonly occurs_on: string;
  /** Where the series has put it; null where that is not known. */
  readonly agreed_starts_at: Date | null;
  readonly agreed_ends_at: Date | null;
  readonly wanted: Wanted | null;
}

/** What is shown of an occurrence. */
export type OccurrenceView = Pick<
  OccurrenceRow,
  | 'id'
  | 'series_id'
  | 'occurs_on'
  | 'agreed_starts_at'
  | 'agreed_ends_at'
  | 'wanted'
  | 'starts_at'
  | 'ends_at'
  | 'status'
  | 'payment'
  | 'proposed_starts_at'
  | 'proposed_ends_at'
  | 'payment_due_at'
>;

export interface NewOccurrence {
  readonly sessionId: string;
  readonly place: Place;
}

export async function insertOccurrences(
  trx: Knex.Transaction,
  seriesId: string,
  occurrences: readonly NewOccurrence[],
): Promise<void> {
  if (occurrences.length === 0) return;
  await trx.raw(
    `INSERT INTO series_occurrences
       (session_id, series_id, occurs_on, agreed_starts_at, agreed_ends_at)
     SELECT session_id, ?, occurs_on, starts_at, ends_at
     FROM unnest(?::uuid[], ?::date[], ?::timestamptz[], ?::timestamptz[])
       AS given (session_id, occurs_on, starts_at, ends_at)`,
    [
      seriesId,
      occurrences.map(({ sessionId }) => sessionId),
      occurrences.map(({ place }) => place.occursOn),
      occurrences.map(({ place }) => new Date(place.startMs)),
      occurrences.map(({ place }) => new Date(place.endMs)),
    ],
  );
}

const WHOLE = `sessions.*, occurrence.series_id, occurrence.occurs_on::text,
  occurrence.agreed_starts_at, occurrence.agreed_ends_at, occurrence.wanted`;

/** All occurrences of one series with their sessions, in the order of their times. */
export async function occurrencesOf(knex: Knex, seriesId: string): Promise<OccurrenceRow[]> {
  const { rows } = await knex.raw<{ rows: OccurrenceRow[] }>(
    `SELECT ${WHOLE} FROM series_occurrences occurrence
     JOIN sessions ON sessions.id = occurrence.session_id
     WHERE occurrence.series_id = ? ORDER BY sessions.starts_at, sessions.id`,
    [seriesId],
  );
  return rows;
}

export async function findOccurrence(knex: Knex, sessionId: string): Promise<OccurrenceRow | null> {
  const { rows } = await knex.raw<{ rows: OccurrenceRow[] }>(
    `SELECT ${WHOLE} FROM series_occurrences occurrence
     JOIN sessions ON sessions.id = occurrence.session_id WHERE occurrence.session_id = ?`,
    [sessionId],
  );
  return rows[0] ?? null;
}

/** What is shown of the occurrences of several series, in the order of their times. */
export async function viewOccurrences(
  knex: Knex,
  seriesIds: readonly string[],
): Promise<OccurrenceView[]> {
  const { rows } = await knex.raw<{ rows: OccurrenceView[] }>(
    `SELECT sessions.id, occurrence.series_id, occurrence.occurs_on::text,
       occurrence.agreed_starts_at, occurrence.agreed_ends_at, occurrence.wanted, starts_at, ends_at, status, payment,
       proposed_starts_at, proposed_ends_at, payment_due_at
     FROM series_occurrences occurrence JOIN sessions ON sessions.id = occurrence.session_id
     WHERE occurrence.series_id = ANY(?) ORDER BY sessions.starts_at, sessions.id`,
    [[...seriesIds]],
  );
  return rows;
}

export interface OccurrenceChange {
  readonly sessionId: string;
  readonly seriesId: string;
  /** Where the series has it from now on; null leaves that as it is. */
  readonly agreed: Place | null;
  readonly wanted: Wanted | null;
}

/** Gives occurrences their new places, in one statement. */
export async function placeOccurrences(
  trx: Knex.Transaction,
  changes: readonly OccurrenceChange[],
): Promise<void> {
  if (changes.length === 0) return;
  await trx.raw(
    `UPDATE series_occurrences occurrence SET series_id = given."seriesId"::uuid,
       occurs_on = coalesce((given.agreed->>'occursOn')::date, occurrence.occurs_on),
       agreed_starts_at = coalesce(
         to_timestamp((given.agreed->>'startMs')::float8 / 1000), occurrence.agreed_starts_at),
       agreed_ends_at = coalesce(
         to_timestamp((given.agreed->>'endMs')::float8 / 1000), occurrence.agreed_ends_at),
       wanted = CASE jsonb_typeof(given.wanted) WHEN 'null' THEN NULL ELSE given.wanted END
     FROM jsonb_to_recordset(?::jsonb) AS given
       ("sessionId" uuid, "seriesId" text, agreed jsonb, wanted jsonb)
     WHERE occurrence.session_id = given."sessionId"`,
    [JSON.stringify(changes)],
  );
}

/** What an edit decided has been done, or can't be: it is asked for no more. */
export async function settleWanted(knex: Knex, sessionId: string, wanted: Wanted): Promise<void> {
  const claimIds = wanted.kind === 'move' ? wanted.claimIds : [];
  await knex.raw(
    `WITH settled AS (
       UPDATE series_occurrences SET wanted = NULL
       WHERE session_id = :sessionId AND wanted->>'requestId' = :requestId)
     UPDATE claims SET state = 'released' WHERE id = ANY(:claimIds::bigint[])`,
    { sessionId, requestId: wanted.requestId, claimIds: [...claimIds] },
  );
}

export type SeriesNotice =
  'requested' | 'approved' | 'declined' | 'expired' | 'cancelled' | 'changed' | 'booked';

/** Notes that people have to hear of what became of a series. */
export async function noteSeries(
  trx: Knex.Transaction,
  seriesId: string,
  kind: SeriesNotice,
  version: number,
): Promise<void> {
  await trx.raw(
    `INSERT INTO series_notices (series_id, kind, version) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
    [seriesId, kind, version],
  );
}
