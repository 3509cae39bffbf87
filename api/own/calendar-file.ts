import { createHash } from 'node:crypto';
import { type CalendarSession, calendarSessions } from '../../db/calendar-entries.ts';
import { openExport } from '../../db/calendar-feeds.ts';
import { inTransaction } from '../../db/transaction.ts';
import { type CalendarEntry, calendarStatusOf, feedIcs } from '../../domain/calendar.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { DAY_MS } from '../../domain/local-time.ts';
import { hashSecret } from '../auth/secrets.ts';
import type { Answer, PublicCall } from '../http/handler.ts';

const PAST_MS = 90 * DAY_MS;
const FUTURE_MS = 400 * DAY_MS;
const FILE = /^([A-Za-z0-9_-]{43})\.ics$/;

/** GET /calendar-feeds/{secret}.ics, by whoever knows the secret: programs can't sign in. */
export async function getCalendarFile(call: PublicCall): Promise<Answer> {
  const { deps, headers } = call;
  const token = FILE.exec(call.params['id']!)?.[1];
  const sessions = token === undefined ? null : await openCalendar(call, hashSecret(token));
  if (sessions === null) throw new HoldfastError('not_found', 'There is no such calendar');
  const { publicUrl, organizer } = deps.http;
  const entries = sessions.map((session) => entryOf(session, publicUrl));
  const body = feedIcs(entries, organizer);
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  const own = { etag, 'cache-control': 'private, no-cache', 'x-robots-tag': 'noindex' };
  if (matches(headers['if-none-match'], etag)) return { status: 304, headers: own };
  return { status: 200, body, headers: own, contentType: 'text/calendar; charset=utf-8' };
}

/** Every visit is on record with the feed it came by: who made it, nobody can tell. */
async function openCalendar(
  { deps, requestId }: PublicCall,
  tokenHash: Buffer,
): Promise<CalendarSession[] | null> {
  const now = Date.now();
  const actor = { id: null, role: 'calendar_feed', clinicId: null };
  return inTransaction(deps.knex, { actor, requestId }, async (trx, audit) => {
    const feed = await openExport(trx, tokenHash);
    if (feed === null) return null;
    const { id: objectId, personId: subjectId, clinicId } = feed;
    const read = { action: 'calendar_feed.read', objectType: 'calendar_feed', objectId };
    const window = { startMs: now - PAST_MS, endMs: now + FUTURE_MS };
    const sessions = await calendarSessions(trx, subjectId, window);
    audit({ ...read, subjectId, clinicId, changes: { shown: sessions.length } });
    return sessions;
  });
}

function entryOf(session: CalendarSession, publicUrl: string): CalendarEntry {
  return {
    sessionId: session.id,
    sequence: session.version,
    status: session.has_left ? 'cancelled' : calendarStatusOf(session.status),
    startsAt: session.starts_at.getTime(),
    endsAt: session.ends_at.getTime(),
    link: `${publicUrl}/room/${session.id}`,
    // The same file as long as nothing has changed, so that its tag is the same too.
    now: session.changed_at.getTime(),
  };
}

/** RFC 9110: `*`, or any of the tags, weak ones too. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}
