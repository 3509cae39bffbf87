import type { Knex } from 'knex';
import type { Interval } from '../domain/intervals.ts';
import { MINUTE_MS } from '../domain/local-time.ts';
import { datesTouched, watchedDates } from '../domain/slot-days.ts';
import { CalendarFeed } from './models/calendar-feed.ts';
import { insertOutboxRow } from './outbox.ts';

/** What an attempt to read an outside calendar came to. */
export type ReadingOutcome =
  | {
      readonly kind: 'read';
      readonly busy: readonly Interval[];
      readonly skippedEvents: number;
      readonly etag: string | null;
      readonly lastModified: string | null;
    }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly error: string };

export interface ReadingRecord {
  readonly outcome: ReadingOutcome;
  readonly nextReadAt: Date;
  /** Busy times of a calendar that has been failing since before then no longer count. */
  readonly forgetBefore: Date;
}

/** An import as its reader needs it. */
export type ImportSource = CalendarFeed & {
  readonly sourceUrl: Buffer;
  /** The zone that the person works in. */
  readonly timeZone: string;
};

/** The import with this id, unless it has been revoked. */
export async function findImport(db: Knex, id: string): Promise<ImportSource | null> {
  const found = await CalendarFeed.query(db)
    .join('people', 'people.id', 'calendar_feeds.person_id')
    .leftJoin('therapist_profiles AS profile', 'profile.person_id', 'people.id')
    .where({ 'calendar_feeds.id': id, kind: 'import' })
    .whereNull('revoked_at')
    .select('calendar_feeds.*')
    .select(db.raw('coalesce(profile.time_zone, people.time_zone) AS time_zone'))
    .first();
  return found === undefined ? null : (found as ImportSource);
}

/** Imports that should have been read long ago: nobody looks after them. */
export async function neglectedImports(db: Knex, lateSeconds: number): Promise<string[]> {
  const feeds = await CalendarFeed.query(db)
    .where({ kind: 'import' })
    .whereNull('revoked_at')
    .whereRaw('next_read_at < now() - make_interval(secs => ?)', [lateSeconds])
    .orderBy('next_read_at')
    .limit(500)
    .select('id');
  return feeds.map(({ id }) => id);
}

export interface BusyChanges {
  readonly feed: CalendarFeed;
  readonly added: number;
  readonly removed: number;
}

/**
 * Writes down an attempt, and takes over the busy times that it found, all or nothing. Null where
 * the feed has been revoked meanwhile. Sessions are never touched.
 */
export async function recordReading(
  trx: Knex.Transaction,
  id: string,
  { outcome, nextReadAt, forgetBefore }: ReadingRecord,
): Promise<BusyChanges | null> {
  // A second attempt of the same reading waits here for the first.
  const feed = await CalendarFeed.query(trx).findById(id).whereNull('revoked_at').forUpdate();
  if (feed === undefined) return null;
  const now = new Date();
  const isFailure = outcome.kind === 'failed';
  const failingSince = isFailure ? (feed.failingSince ?? now) : null;
  const isForgotten = failingSince !== null && failingSince < forgetBefore;
  await CalendarFeed.query(trx)
    .findById(id)
    .patch({
      lastAttemptAt: now,
      nextReadAt,
      failingSince,
      lastError: isFailure ? outcome.error : null,
      ...(isFailure ? {} : { lastReadAt: now }),
      ...(outcome.kind === 'read'
        ? {
            readInFullAt: now,
            etag: outcome.etag,
            lastModified: outcome.lastModified,
            skippedEvents: outcome.skippedEvents,
          }
        : {}),
      ...(isForgotten ? { readInFullAt: null, etag: null, lastModified: null } : {}),
    });
  if (outcome.kind === 'read') return replaceBusy(trx, feed, outcome.busy);
  return isForgotten ? replaceBusy(trx, feed, []) : { feed, added: 0, removed: 0 };
}

const STRETCH = `json_build_object(
  'startMs', (extract(epoch FROM lower(during)) * 1000)::float8,
  'endMs', (extract(epoch FROM upper(during)) * 1000)::float8)`;

/** Most of a calendar is the same from one reading to the next: only what differs is written. */
const REPLACE = `
  WITH fresh AS (
    SELECT tstzrange(to_timestamp(start_s), to_timestamp(end_s)) AS during
    FROM unnest(:starts::float8[], :ends::float8[]) AS given (start_s, end_s)
  ), removed AS (
    DELETE FROM external_busy WHERE feed_id = :feedId
      AND NOT EXISTS (SELECT FROM fresh WHERE fresh.during = external_busy.during)
    RETURNING during
  ), added AS (
    INSERT INTO external_busy (person_id, feed_id, during)
    SELECT :personId, :feedId, fresh.during FROM fresh
    WHERE NOT EXISTS (SELECT FROM external_busy
      WHERE feed_id = :feedId AND external_busy.during = fresh.during)
    RETURNING during
  )
  SELECT (SELECT count(*)::int FROM added) AS added,
    (SELECT count(*)::int FROM removed) AS removed,
    (SELECT json_agg(${STRETCH}) FROM (
      SELECT during FROM added UNION ALL SELECT during FROM removed) changed) AS changed`;

async function replaceBusy(
  trx: Knex.Transaction,
  feed: CalendarFeed,
  busy: readonly Interval[],
): Promise<BusyChanges> {
  const { rows } = await trx.raw<{
    rows: [{ added: number; removed: number; changed: Interval[] | null }];
  }>(REPLACE, {
    feedId: feed.id,
    personId: feed.personId,
    starts: busy.map(({ startMs }) => startMs / 1000),
    ends: busy.map(({ endMs }) => endMs / 1000),
  });
  const [{ added, removed, changed }] = rows;
  await noteSlots(trx, feed.personId, changed ?? []);
  return { feed, added, removed };
}

/** Forgets the busy times that came of a feed. */
export async function dropBusy(
  trx: Knex.Transaction,
  { id, personId }: { readonly id: string; readonly personId: string },
): Promise<void> {
  const { rows } = await trx.raw<{ rows: { stretch: Interval }[] }>(
    `DELETE FROM external_busy WHERE feed_id = ? RETURNING ${STRETCH} AS stretch`,
    [id],
  );
  const dropped = rows.map(({ stretch }) => stretch);
  await noteSlots(trx, personId, dropped);
}

/** Tells of the days on which a therapist's slots may have changed. Others have no slots. */
async function noteSlots(
  trx: Knex.Transaction,
  therapistId: string,
  changed: readonly Interval[],
): Promise<void> {
  if (changed.length === 0) return;
  const profile = await trx('therapist_profiles')
    .where({ person_id: therapistId })
    .first('clinic_id', 'time_zone', 'buffer_before_minutes', 'buffer_after_minutes');
  if (profile === undefined) return;
  const zone: string = profile.time_zone;
  const touched = changed.flatMap(({ startMs, endMs }) =>
    datesTouched(zone, {
      startMs: startMs - profile.buffer_after_minutes * MINUTE_MS,
      endMs: endMs + profile.buffer_before_minutes * MINUTE_MS,
    }),
  );
  const watched = new Set(watchedDates(zone, Date.now(), null));
  const dates = [...new Set(touched)].filter((date) => watched.has(date));
  if (dates.length === 0) return;
  await insertOutboxRow(trx, {
    topic: 'availability.changed',
    clinicId: profile.clinic_id,
    payload: { therapistId, dates },
  });
}
