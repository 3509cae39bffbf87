import type { Knex } from 'knex';

export const BROADCAST_CHANNEL = 'holdfast_broadcast';

/** A person's sockets, those in a session, a clinic's crisis team, or who watches a therapist's day. */
export type Room =
  `person:${string}` | `session:${string}` | `crisis:${string}` | `slots:${string}:${string}`;

/** Ids, codes, instants and counts; a text has no place in a broadcast. */
export type BroadcastIds = Readonly<Record<string, string | number | boolean | null>>;

export interface Broadcast {
  readonly room: Room;
  readonly event: string;
  readonly ids: BroadcastIds;
}

const EVENT = /^[a-z][a-z-]{0,40}$/;
const ROOM = /^(?:(?:person|session|crisis):[0-9a-f-]{36}|slots:[0-9a-f-]{36}:\d{4}-\d{2}-\d{2})$/;
const CODE = /^[A-Za-z0-9_.:+-]{0,64}$/;

/** Throws a TypeError for anything that isn't ids and codes: whatever is broadcast passes through logs of others. */
export function assertBroadcast({ room, event, ids }: Broadcast): void {
  if (!ROOM.test(room))
    throw new TypeError('A broadcast needs a room of a person, a session or a day');
  if (!EVENT.test(event)) throw new TypeError('A broadcast needs an event name');
  for (const [name, value] of Object.entries(ids)) {
    if (typeof value === 'string' && !CODE.test(value)) {
      throw new TypeError(`A broadcast carries ids and codes only: ${name} is neither`);
    }
  }
}

/**
 * Tells the sockets of a room, whichever process they are connected to. Within a transaction it
 * goes out with the commit, or not at all.
 */
export async function broadcast(db: Knex, message: Broadcast): Promise<void> {
  assertBroadcast(message);
  await db.raw('SELECT pg_notify(?, ?)', [BROADCAST_CHANNEL, JSON.stringify(message)]);
}

/** As {@link broadcast}, many in one statement; the server drops those that are the same. */
export async function broadcastAll(db: Knex, messages: readonly Broadcast[]): Promise<void> {
  if (messages.length === 0) return;
  for (const message of messages) assertBroadcast(message);
  await db.raw('SELECT pg_notify(?, message) FROM unnest(?::text[]) AS message', [
    BROADCAST_CHANNEL,
    messages.map((message) => JSON.stringify(message)),
  ]);
}

/** Several broadcasts in one notice, and which process sent it: that one has shown them already. */
export interface Announcement {
  readonly from: string;
  readonly news: readonly Broadcast[];
}

/** The server takes notices of less than 8,000 bytes; broadcasts are ASCII and a few hundred long. */
const MOST_IN_NOTICE = 7_000;

/**
 * As {@link broadcastAll}, of what is committed already and would be found without it, too: it waits
 * for no disk, and as many as fit share a notice.
 */
export async function announceAll(
  db: Knex,
  from: string,
  messages: readonly Broadcast[],
): Promise<void> {
  for (const message of messages) assertBroadcast(message);
  await db.raw(
    `SELECT set_config('synchronous_commit', 'off', true), pg_notify(?, message)
     FROM unnest(?::text[]) AS message`,
    [BROADCAST_CHANNEL, noticesOf(from, messages)],
  );
}

function noticesOf(from: string, messages: readonly Broadcast[]): string[] {
  const notices: string[][] = [];
  let room = 0;
  for (const written of messages.map((message) => JSON.stringify(message))) {
    if (written.length > room) {
      notices.push([]);
      room = MOST_IN_NOTICE;
    }
    notices.at(-1)!.push(written);
    room -= written.length;
  }
  return notices.map((news) => `${beginningOf(from)}${news.join()}]}`);
}

function beginningOf(from: string): string {
  return `{"from":${JSON.stringify(from)},"news":[`;
}

/** Whether a notice is an announcement of this process: it need not even be read. */
export function isFrom(notice: string, from: string): boolean {
  return notice.startsWith(beginningOf(from));
}

/** Where those listen who watch a therapist's slots of one date in the therapist's own zone. */
export function slotsRoom(therapistId: string, date: string): Room {
  return `slots:${therapistId}:${date}`;
}
