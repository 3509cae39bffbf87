import type { SupportSession } from '../../db/support-sessions.ts';
import type { Connection } from './connection.ts';

export type Payload = Readonly<Record<string, unknown>>;

/** What the patient of an anonymous session is shown, and what everybody else is. */
export interface Shown {
  readonly toPatient: Payload;
  readonly toOthers: Payload;
}

/** A message as it goes to sockets. */
export interface LiveMessage {
  readonly sessionId: string;
  /** From 1, without gaps. */
  readonly number: number;
  /** Null for what was deleted. */
  readonly shown: Shown | null;
}

export interface MessageRange {
  readonly sessionId: string;
  /** Messages with a greater number. */
  readonly after: number;
}

export interface ChatNews {
  /** In the order of their numbers within each session. */
  readonly messages: readonly LiveMessage[];
  /** Who takes part in each session now. */
  readonly participants: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What the rooms read of the database: once for all sockets of the process. */
export interface ChatSource {
  readNews(ranges: readonly MessageRange[]): Promise<ChatNews>;
  /** At most so many messages after a number, in order. */
  readPage(range: MessageRange, limit: number): Promise<readonly LiveMessage[]>;
  /** The number of each session's last message. */
  lastNumbers(sessionIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

export interface Member {
  readonly connection: Connection;
  readonly personId: string;
  /** What goes on while earlier messages are sent; null for a member who hears all at once. */
  buffer: LiveMessage[] | null;
}

export interface ChatRoom {
  readonly sessionId: string;
  readonly patientId: string;
  readonly isAnonymous: boolean;
  /** Its therapist, where a group shares the room. */
  readonly leaderId: string | null;
  readonly members: Map<string, Member>;
  /** What this process knows already and can't send before those in between. */
  readonly early: Map<number, LiveMessage>;
  /** The last message that every member has. */
  cursor: number;
  /** The last message that this process knows of. */
  heard: number;
}

export function newRoom(session: SupportSession): ChatRoom {
  const { id, patientId, isAnonymous, isChatRoom, helperId, messageCount } = session;
  return {
    sessionId: id,
    patientId,
    isAnonymous,
    leaderId: isChatRoom ? helperId : null,
    members: new Map(),
    early: new Map(),
    cursor: messageCount,
    heard: messageCount,
  };
}

/** Whether a person's name is kept from the others. */
export function hidesName(room: ChatRoom, personId: string): boolean {
  if (room.leaderId !== null) return room.leaderId !== personId;
  return room.isAnonymous && room.patientId === personId;
}

/** Keeps a message until those in between are there. */
export function keepEarly(room: ChatRoom, message: LiveMessage): void {
  room.early.set(message.number, message);
  room.heard = Math.max(room.heard, message.number);
}

/** What follows the cursor without a gap; the cursor moves with it. */
export function* takeNext(room: ChatRoom): Generator<LiveMessage> {
  for (;;) {
    const message = room.early.get(room.cursor + 1);
    if (message === undefined) return;
    room.early.delete(message.number);
    room.cursor = message.number;
    yield message;
  }
}

/** Tells one member, by what they may know of its author. */
export function tell(
  { patientId }: ChatRoom,
  { connection, personId }: Member,
  shown: Shown,
): void {
  const { toPatient, toOthers } = shown;
  connection.socket.emit('new-message', personId === patientId ? toPatient : toOthers);
}

export function roomName({ sessionId }: ChatRoom): string {
  return `session:${sessionId}`;
}
