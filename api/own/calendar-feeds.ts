import type { Knex } from 'knex';
import { tellCalendarImport, startCalendarImport } from '../../activities/calendars/starting.ts';
import { readOutboundUrl } from '../../activities/gateways/public-address.ts';
import { sourceRef } from '../../activities/calendars/source.ts';
import {
  type NewFeed,
  findFeed,
  insertFeed,
  listFeeds,
  revokeFeed,
} from '../../db/calendar-feeds.ts';
import type { CalendarFeed } from '../../db/models/calendar-feed.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce, mayHaveFeed } from '../access/clinic-access.ts';
import { newSecret } from '../auth/secrets.ts';
import { safely } from '../http/error-handler.ts';
import type { Answer, Call } from '../http/handler.ts';
import { pageOf, readCursor } from './paging.ts';
import type { PageQuery } from './paging.ts';

export type FeedBody =
  { readonly kind: 'export' } | { readonly kind: 'import'; readonly url: string };

/** GET /api/v1/calendar-feeds */
export async function listCalendarFeeds(call: Call<unknown, PageQuery>): Promise<Answer> {
  const { deps, principal, query } = call;
  const feeds = await listFeeds(deps.knex, {
    personId: principal.personId,
    after: readCursor(query.cursor, isUuid),
    limit: query.limit + 1,
  });
  return { status: 200, body: pageOf(feeds, query.limit, present) };
}

/** POST /api/v1/calendar-feeds */
export async function createCalendarFeed(call: Call<FeedBody>): Promise<Answer> {
  const { body, deps } = call;
  if (body.kind === 'import') return createImport(call, body.url);
  const { token, hash } = newSecret();
  const feed = await recordFeed(call, async () => ({ kind: 'export', tokenHash: hash }));
  // Said once: the database keeps a digest of it, and the list does not tell it.
  const url = `${deps.http.publicUrl}/calendar-feeds/${token}.ics`;
  return { status: 201, body: { ...present(feed), url } };
}

async function createImport(call: Call, text: string): Promise<Answer> {
  const { cipher, outbound, temporal } = call.deps;
  const url = readOutboundUrl(text, outbound);
  if (typeof url === 'string') throw refusal(url);
  const feed = await recordFeed(call, async (trx) => ({
    kind: 'import',
    sourceUrl: await cipher.sealField(trx, sourceRef(call.newId), url.href),
    sourceHost: url.hostname,
  }));
  await startCalendarImport(temporal, feed.id);
  return { status: 201, body: present(feed) };
}

function refusal(fault: 'bad_address' | 'blocked_address'): HoldfastError {
  const message =
    fault === 'bad_address'
      ? 'must be an https:// or webcal:// address without a user name'
      : 'must lead to a public host';
  const fields = [{ field: 'url', message }];
  return new HoldfastError('malformed_request', `url ${message}`, { fields });
}

/** Makes the feed; `describe` is told of the transaction, in which it may seal what it needs. */
async function recordFeed(
  { deps, newId, principal, requestId }: Call,
  describe: (trx: Knex.Transaction) => Promise<NewFeed['feed']>,
): Promise<CalendarFeed> {
  const { clinicId, personId } = principal;
  return inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
    const feed = await describe(trx);
    audit({
      action: 'calendar_feed.create',
      objectType: 'calendar_feed',
      objectId: newId,
      subjectId: personId,
      changes: { kind: feed.kind },
    });
    return insertFeed(trx, { id: newId, clinicId, personId, feed });
  });
}

/** DELETE /api/v1/calendar-feeds/{id} */
export async function revokeCalendarFeed(call: Call): Promise<Answer> {
  const { deps, log, principal, requestId } = call;
  const id = call.params['id']!;
  const target = { action: 'calendar_feed.revoke', objectType: 'calendar_feed', objectId: id };
  const known = await findFeed(deps.knex, id);
  await enforce(call, mayHaveFeed(principal, known), target);
  await inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
    await revokeFeed(trx, principal.personId, id);
    audit({ ...target, subjectId: principal.personId });
  });
  if (known?.kind === 'import') {
    // It would find out by itself when it looks next.
    await tellCalendarImport(deps.temporal, id).catch((error: unknown) =>
      log.warn({ error: safely(error) }, 'an import was not told of its end'),
    );
  }
  return { status: 204 };
}

function present(feed: CalendarFeed): Record<string, unknown> {
  const { id, kind, sourceHost } = feed;
  const common = { id, kind, createdAt: feed.createdAt.toISOString() };
  const lastReadAt = feed.lastReadAt?.toISOString() ?? null;
  if (kind === 'export') return { ...common, lastReadAt };
  return {
    ...common,
    sourceHost,
    state: stateOf(feed),
    lastFetchedAt: lastReadAt,
    lastAttemptAt: feed.lastAttemptAt?.toISOString() ?? null,
    lastError: feed.lastError,
    failingSince: feed.failingSince?.toISOString() ?? null,
    skippedEvents: feed.skippedEvents,
  };
}

function stateOf({ lastAttemptAt, lastError }: CalendarFeed): 'pending' | 'ok' | 'failing' {
  if (lastAttemptAt === null) return 'pending';
  return lastError === null ? 'ok' : 'failing';
}
