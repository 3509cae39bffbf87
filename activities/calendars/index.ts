import type { Knex } from 'knex';
import type { FieldCipher } from '../../crypto/field-cipher.ts';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { type ReadingOutcome, findImport, recordReading } from '../../db/external-busy.ts';
import { inTransaction } from '../../db/transaction.ts';
import { DAY_MS, MINUTE_MS } from '../../domain/local-time.ts';
import type { OutboundHttp } from '../gateways/outbound-http.ts';
import { type ReadBusyTimes, createBusyReader } from './busy-reader.ts';
import type { CalendarActivities, CalendarReading } from './contract.ts';
import { fetchCalendar } from './fetch-calendar.ts';
import { sourceRef } from './source.ts';

export interface CalendarDeps {
  readonly knex: Knex;
  readonly cipher: FieldCipher;
  readonly outbound: OutboundHttp;
}

/** Busy times of a calendar that can't be read count for as long as this. */
const KEPT_MS = 2 * DAY_MS;
const EVERY_MS = 15 * MINUTE_MS;
/** The window of busy times moves on, so that an unchanged calendar is read anew by then. */
const FULL_READING_EVERY_MS = 0.8 * DAY_MS;
const PAST_MS = DAY_MS;
const FUTURE_MS = 400 * DAY_MS;

/** Reads outside calendars. */
export function createCalendarActivities(
  deps: CalendarDeps,
  readBusyTimes: ReadBusyTimes = createBusyReader(),
): CalendarActivities {
  return { readCalendar: ({ feedId }) => readCalendar(deps, readBusyTimes, feedId) };
}

async function readCalendar(
  deps: CalendarDeps,
  readBusyTimes: ReadBusyTimes,
  feedId: string,
): Promise<CalendarReading> {
  const now = Date.now();
  const source = await findImport(deps.knex, feedId);
  if (source === null) return { kind: 'gone' };
  const { cipher, knex, outbound } = deps;
  const url = await cipher.openField(knex, sourceRef(feedId), source.sourceUrl);
  const isFresh = (source.readInFullAt?.getTime() ?? 0) > now - FULL_READING_EVERY_MS;
  const fetched = await fetchCalendar(outbound, url, isFresh ? source : null);
  const outcome =
    fetched.kind === 'fetched'
      ? await understand(readBusyTimes, fetched, source.timeZone, now)
      : fetched;
  const nextInMs = pauseAfter(outcome, source.failingSince, now);
  return (await record(deps, feedId, outcome, now, nextInMs))
    ? { kind: outcome.kind, nextInMs }
    : { kind: 'gone' };
}

async function understand(
  readBusyTimes: ReadBusyTimes,
  { text, etag, lastModified }: { text: string; etag: string | null; lastModified: string | null },
  zone: string,
  now: number,
): Promise<ReadingOutcome> {
  const window = { startMs: now - PAST_MS, endMs: now + FUTURE_MS };
  const answer = await readBusyTimes({ text, zone, window });
  if (answer.kind !== 'busy') return { kind: 'failed', error: answer.kind };
  const { busy, skippedEvents } = answer;
  return { kind: 'read', busy, skippedEvents, etag, lastModified };
}

/** A calendar that fails is asked again soon, then ever more seldom. Chance keeps feeds apart. */
function pauseAfter(outcome: ReadingOutcome, failingSince: Date | null, now: number): number {
  const chance = 0.8 + 0.4 * Math.random();
  if (outcome.kind !== 'failed') return Math.round(EVERY_MS * chance);
  const failingMs = now - (failingSince?.getTime() ?? now);
  const pauseMs = Math.min(Math.max(failingMs / 4, 5 * MINUTE_MS), 120 * MINUTE_MS);
  return Math.round(pauseMs * chance);
}

/** False where the feed has been revoked meanwhile. */
async function record(
  { knex }: CalendarDeps,
  feedId: string,
  outcome: ReadingOutcome,
  now: number,
  nextInMs: number,
): Promise<boolean> {
  const reading = {
    outcome,
    nextReadAt: new Date(now + nextInMs),
    forgetBefore: new Date(now - KEPT_MS),
  };
  return inTransaction(knex, { actor: SYSTEM_ACTOR, requestId: null }, async (trx, audit) => {
    const changes = await recordReading(trx, feedId, reading);
    if (changes === null) return false;
    const { added, removed, feed } = changes;
    if (added + removed > 0) {
      audit({
        action: 'calendar_feed.import',
        objectType: 'calendar_feed',
        objectId: feedId,
        clinicId: feed.clinicId,
        subjectId: feed.personId,
        changes: { added, removed },
      });
    }
    return true;
  });
}
