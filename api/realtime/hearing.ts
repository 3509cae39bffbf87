import { assertBroadcast, isFrom } from '../../db/broadcasts.ts';
import type { Announcement, Broadcast } from '../../db/broadcasts.ts';
import { patientAlias } from '../../domain/support-session.ts';
import { safely } from '../http/error-handler.ts';
import { messageNewsOf } from '../support/messages/message-news.ts';
import { tellAlertChange } from './alert-changes.ts';
import { tellCompanionReply } from './companion-news.ts';
import { tellCrisisTeam } from './crisis-news.ts';
import { tellWaiting } from './crisis-waiting.ts';
import type { Live } from './live.ts';
import { tellEscalation, tellMessageChange, tellStatus } from './session-changes.ts';
import { shownName } from './people.ts';

/** What this process makes of a broadcast for its own sockets; every process hears each of them. */
type Presenter = (live: Live, message: Broadcast) => void | Promise<void>;

/** Those that are shown with more than their ids, or change who hears what. */
const PRESENTERS: ReadonlyMap<string, Presenter> = new Map<string, Presenter>([
  ['session-changed', showOut],
  ['message-created', newMessage],
  ['message-updated', tellMessageChange],
  ['message-deleted', tellMessageChange],
  ['message-reaction', tellMessageChange],
  ['support-session-changed', tellStatus],
  ['support-session-escalated', tellEscalation],
  ['crisis-alert', tellCrisisTeam],
  ['crisis-alert-changed', tellAlertChange],
  ['crisis-contact-lost', tellAlertChange],
  ['crisis-waiting', tellWaiting],
  ['user-status-change', statusChange],
  ['companion-reply-part', tellCompanionReply],
  ['companion-reply', tellCompanionReply],
]);

/** Hears what transactions have broadcast. */
export function hearBroadcast(live: Live, payload: string): void {
  const { knex, log } = live.deps;
  const onFault = (error: unknown): void =>
    log.warn({ error: safely(error) }, 'a broadcast was not passed on');
  try {
    if (isFrom(payload, messageNewsOf(knex).id)) return;
    const heard = JSON.parse(payload) as Broadcast | Announcement;
    const messages = 'news' in heard ? heard.news : [heard];
    for (const message of messages) present(live, message).catch(onFault);
  } catch (error) {
    onFault(error);
  }
}

async function present(live: Live, message: Broadcast): Promise<void> {
  assertBroadcast(message);
  await (PRESENTERS.get(message.event) ?? passOn)(live, message);
}

function passOn({ io }: Live, { room, event, ids }: Broadcast): void {
  // Most days of most therapists have nobody watching: their news is not even written out.
  if (io.of('/').adapter.rooms.has(room)) io.local.to(room).emit(event, ids);
}

/** Came to nothing, or left: completed sessions are not among them. */
const OFF = new Set<unknown>(['declined', 'expired', 'cancelled']);

/** Whose session is off, or who has left a group's, hears no more of what goes on in its room. */
function showOut(live: Live, message: Broadcast): void {
  passOn(live, message);
  const { room, ids } = message;
  if (!OFF.has(ids['status'])) return;
  live.io.local.in(room).socketsLeave(`session:${String(ids['sessionId'])}`);
}

function newMessage({ chats }: Live, { room, ids }: Broadcast): void {
  const number = ids['number'];
  if (typeof number === 'number') chats.hear(room.slice('session:'.length), number);
}

async function statusChange(
  { io, people }: Live,
  { room, event, ids: { userId, status, aliasIn } }: Broadcast,
): Promise<void> {
  if (!io.of('/').adapter.rooms.has(room)) return;
  if (typeof aliasIn === 'string') {
    const { id, username } = patientAlias(aliasIn);
    io.local.to(room).emit(event, { userId: id, username, status });
    return;
  }
  const card = await people.cardOf(String(userId));
  io.local.to(room).emit(event, { userId, username: shownName(card), status });
}
