import type { Knex } from 'knex';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  EVERYTHING,
  findChatMessages,
  listChatMessages,
  numberOfMessage,
  scanChatMessages,
} from '../../../db/chat-lists.ts';
import type { MessageRange, ReadFrom } from '../../../db/chat-lists.ts';
import type { ChatMessage } from '../../../db/chat-messages.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { isUuid } from '../../../domain/ids.ts';
import { readInstant } from '../../../domain/time-text.ts';
import { openContents } from './sealed-content.ts';
import type { ReadDeps } from './read-message.ts';

/** So many messages a search decrypts at most; `before` and `after` take it on from there. */
export const SEARCHED_AT_MOST = 2_000;
const SEARCHED_AT_ONCE = 250;
const INSTANT =
  /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** `before` and `after` are a message's id or an ISO instant; `messageId` asks for the page around it. */
export type PageQuery = {
  readonly limit: number;
  readonly before?: string;
  readonly after?: string;
  readonly messageId?: string;
  readonly search?: string;
};

export interface MessagePage {
  /** In order of their numbers. */
  readonly messages: readonly ChatMessage[];
  readonly hasMore: boolean;
  readonly search: SearchReach | null;
}

export interface SearchReach {
  readonly matches: number;
  readonly searched: number;
  /** There were more than a search looks at. */
  readonly isCapped: boolean;
  /** The last message that was looked at, from which another search goes on. */
  readonly untilId: string | null;
}

/** Reads one page. Throws `malformed_request` and, for another session's message, `not_found`. */
export async function readPage(
  deps: ReadDeps,
  sessionId: string,
  query: PageQuery,
): Promise<MessagePage> {
  const { knex } = deps;
  const { before, after, messageId, limit, search } = query;
  if (
    messageId !== undefined &&
    search === undefined &&
    before === undefined &&
    after === undefined
  ) {
    return pageAround(knex, sessionId, await numberOf(knex, sessionId, messageId), limit);
  }
  const range = {
    ...EVERYTHING,
    ...(await bound(knex, sessionId, 'before', before)),
    ...(await bound(knex, sessionId, 'after', after)),
  };
  const from: ReadFrom = after !== undefined && before === undefined ? 'oldest' : 'newest';
  if (search !== undefined && search.trim() !== '') {
    return searchPage(deps, sessionId, range, { from, limit, search });
  }
  // One more than is shown tells whether there is more.
  const found = await listChatMessages(knex, sessionId, range, { from, limit: limit + 1 });
  const hasMore = found.length > limit;
  const messages = from === 'oldest' ? found.slice(0, limit) : found.slice(-limit);
  return { messages, hasMore, search: null };
}

async function bound(
  knex: Knex,
  sessionId: string,
  side: 'before' | 'after',
  value: string | undefined,
): Promise<Partial<MessageRange>> {
  if (value === undefined) return {};
  // `Date.parse` reads the 30th of February as the 2nd of March.
  const isDay = readInstant(`${value.slice(0, 10)}T00:00:00Z`).kind === 'read';
  const atMs = isDay && INSTANT.test(value) ? Date.parse(value) : Number.NaN;
  if (!Number.isNaN(atMs)) return { [`${side}At`]: new Date(atMs) };
  return { [`${side}Number`]: await numberOf(knex, sessionId, value, side) };
}

async function numberOf(
  knex: Knex,
  sessionId: string,
  id: string,
  field = 'messageId',
): Promise<number> {
  if (!isUuid(id.toLowerCase())) {
    const message = "must be a message's id or an ISO time";
    const fields = [{ field, message }];
    throw new HoldfastError('malformed_request', `${field} ${message}`, { fields });
  }
  const number = await numberOfMessage(knex, sessionId, id.toLowerCase());
  if (number === null) throw new HoldfastError('not_found', 'There is no such message');
  return number;
}

/** As many before the message as after it, where there are as many. */
async function pageAround(
  knex: Knex,
  sessionId: string,
  number: number,
  limit: number,
): Promise<MessagePage> {
  const half = Math.floor(limit / 2);
  const earlier = { ...EVERYTHING, beforeNumber: number };
  const later = { ...EVERYTHING, afterNumber: number - 1 };
  const [before, after] = await Promise.all([
    listChatMessages(knex, sessionId, earlier, { from: 'newest', limit: limit + 1 }),
    listChatMessages(knex, sessionId, later, { from: 'oldest', limit: limit + 1 }),
  ]);
  const shownAfter = after.slice(0, Math.max(limit - half, limit - before.length));
  const shownBefore = before.slice(Math.max(0, before.length - (limit - shownAfter.length)));
  const hasMore = shownAfter.length < after.length || shownBefore.length < before.length;
  return { messages: [...shownBefore, ...shownAfter], hasMore, search: null };
}

/** Decrypts from one end of the range on and keeps what contains the words. */
async function searchPage(
  deps: ReadDeps,
  sessionId: string,
  range: MessageRange,
  { from, limit, search }: { from: ReadFrom; limit: number; search: string },
): Promise<MessagePage> {
  const { knex, cipher } = deps;
  const sealed = await scanChatMessages(knex, sessionId, range, {
    from,
    limit: SEARCHED_AT_MOST + 1,
  });
  const isCapped = sealed.length > SEARCHED_AT_MOST;
  const searched = sealed.slice(0, SEARCHED_AT_MOST);
  const sought = searchForm(search);
  const matches: string[] = [];
  for (let start = 0; start < searched.length; start += SEARCHED_AT_ONCE) {
    const batch = searched.slice(start, start + SEARCHED_AT_ONCE);
    const contents = await openContents(cipher, knex, batch);
    contents.forEach(({ text }, at) => {
      if (searchForm(text).includes(sought)) matches.push(batch[at]!.id);
    });
    // Other requests have their turn in between.
    await nextTurn();
  }
  const messages = await findChatMessages(knex, sessionId, matches.slice(0, limit));
  const untilId = searched.at(-1)?.id ?? null;
  const reach = { matches: matches.length, searched: searched.length, isCapped, untilId };
  return { messages, hasMore: matches.length > limit || isCapped, search: reach };
}

/** Case, width and accents' spelling make no difference. */
function searchForm(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
