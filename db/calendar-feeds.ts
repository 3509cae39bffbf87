import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';
import { dropBusy } from './external-busy.ts';
import { CalendarFeed } from './models/calendar-feed.ts';

/** More of one kind at once are a mistake rather than a wish. */
const MAX_FEEDS = 10;

export interface NewFeed {
  readonly id: string;
  readonly clinicId: string;
  readonly personId: string;
  /** The digest of its secret, or where an outside calendar is, sealed, with its host in clear. */
  readonly feed:
    | { readonly kind: 'export'; readonly tokenHash: Buffer }
    | { readonly kind: 'import'; readonly sourceUrl: Buffer; readonly sourceHost: string };
}

/**
 * Makes a feed. The same id again gives the feed of the first attempt, whose answer nobody has
 * heard: an export opens by the new secret from then on, and no longer by the first one. Throws
 * `refused_by_rule` where the person has as many of the kind as they may.
 */
export async function insertFeed(
  trx: Knex.Transaction,
  { feed, ...whose }: NewFeed,
): Promise<CalendarFeed> {
  // The person's lock: of two requests at once, the second one counts the first.
  await trx.raw(`SELECT pg_advisory_xact_lock(hashtextextended(?::text, 28))`, [whose.personId]);
  const known = await CalendarFeed.query(trx).findById(whose.id);
  if (known !== undefined) {
    if (feed.kind === 'import') return known;
    return CalendarFeed.query(trx).patchAndFetchById(whose.id, { tokenHash: feed.tokenHash });
  }
  const others = await CalendarFeed.query(trx)
    .where({ person_id: whose.personId, kind: feed.kind })
    .whereNull('revoked_at')
    .resultSize();
  if (others >= MAX_FEEDS) {
    throw new HoldfastError(
      'refused_by_rule',
      'You have as many calendars of this kind as one may',
    );
  }
  const isImport = feed.kind === 'import';
  await CalendarFeed.query(trx).insert({
    ...whose,
    ...feed,
    nextReadAt: isImport ? new Date() : null,
  });
  return (await CalendarFeed.query(trx).findById(whose.id))!;
}

export interface FeedFilter {
  readonly personId: string;
  readonly after: string | null;
  readonly limit: number;
}

/** A person's feeds that have not been revoked, in the order of their making. */
export async function listFeeds(db: Knex, filter: FeedFilter): Promise<CalendarFeed[]> {
  const query = CalendarFeed.query(db)
    .where({ person_id: filter.personId })
    .whereNull('revoked_at')
    .orderBy('id')
    .limit(filter.limit);
  if (filter.after !== null) query.where('id', '>', filter.after);
  return query;
}

export async function findFeed(db: Knex, id: string): Promise<CalendarFeed | null> {
  return (await CalendarFeed.query(db).findById(id)) ?? null;
}

/**
 * Ends a feed at once: its secret and its source are forgotten, and the busy times that came of
 * it go. Nothing happens to bookings. Throws `not_found` where the person has no such feed.
 */
export async function revokeFeed(
  trx: Knex.Transaction,
  personId: string,
  id: string,
): Promise<void> {
  const revoked = await CalendarFeed.query(trx)
    .patch({ revokedAt: new Date(), tokenHash: null, sourceUrl: null, nextReadAt: null })
    .where({ id, person_id: personId })
    .whereNull('revoked_at');
  if (revoked === 0) throw new HoldfastError('not_found', 'There is no such calendar');
  await dropBusy(trx, { id, personId });
}

/** The feed that a secret opens, which notes the visit; null for any other secret. */
export async function openExport(
  trx: Knex.Transaction,
  tokenHash: Buffer,
): Promise<Pick<CalendarFeed, 'id' | 'personId' | 'clinicId'> | null> {
  const { rows } = await trx.raw<{ rows: { id: string; person_id: string; clinic_id: string }[] }>(
    `UPDATE calendar_feeds feed SET last_read_at = now() FROM people
     WHERE feed.token_hash = ? AND feed.revoked_at IS NULL
       AND people.id = feed.person_id AND people.suspended_at IS NULL
     RETURNING feed.id, feed.person_id, feed.clinic_id`,
    [tokenHash],
  );
  const [row] = rows;
  return row === undefined
    ? null
    : { id: row.id, personId: row.person_id, clinicId: row.clinic_id };
}
