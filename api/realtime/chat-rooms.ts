import type { Server } from 'socket.io';
import type { SupportSession } from '../../db/support-sessions.ts';
import type { Connection } from './connection.ts';
import {
  type ChatRoom,
  type ChatSource,
  type LiveMessage,
  type Member,
  type Payload,
  hidesName,
  keepEarly,
  newRoom,
  roomName,
  takeNext,
  tell,
} from './chat-room.ts';

const PAGE = 200;
/** What sending an earlier message costs of a socket's share, in events. */
const COST_OF_REPLAY = 0.25;
/** Notices of one moment are read together; those of this process's own messages need no reading. */
const GATHER_MS = 3;

/**
 * The support sessions that sockets of this process listen to. Each has a cursor: whatever tells of
 * a new message, a notice, this process's own sending or the regular look, only makes it move on,
 * so that members get every message once and in order.
 */
export class ChatRooms {
  readonly #io: Server;
  readonly #source: ChatSource;
  readonly #onFault: (error: unknown) => void;
  readonly #rooms = new Map<string, ChatRoom>();
  readonly #wanted = new Set<ChatRoom>();
  #gathering: NodeJS.Timeout | undefined;

  constructor(io: Server, source: ChatSource, onFault: (error: unknown) => void) {
    this.#io = io;
    this.#source = source;
    this.#onFault = onFault;
  }

  has(sessionId: string): boolean {
    return this.#rooms.has(sessionId);
  }

  isMember(sessionId: string, { socket }: Connection): boolean {
    return this.#rooms.get(sessionId)?.members.has(socket.id) === true;
  }

  /** Whether a person's name is kept from the others; null without anybody here who listens. */
  hides(sessionId: string, personId: string): boolean | null {
    const room = this.#rooms.get(sessionId);
    return room === undefined ? null : hidesName(room, personId);
  }

  /** Whether another socket of the person is in the room, in this process. */
  hasOther(sessionId: string, personId: string, { socket }: Connection): boolean {
    const members = this.#rooms.get(sessionId)?.members ?? new Map<string, Member>();
    return [...members].some(([id, member]) => id !== socket.id && member.personId === personId);
  }

  /**
   * Lets a participant's socket in. With `after` it first gets every message with a greater number,
   * then all that follow; no message is missing and none comes twice.
   */
  async enter(
    connection: Connection,
    session: SupportSession,
    after: number | null,
  ): Promise<void> {
    const { socket, holder } = connection;
    if (holder === null || !socket.connected) return;
    const room = this.#open(session);
    const known = room.members.get(socket.id);
    if (known !== undefined && after === null) return;
    await socket.leave(roomName(room));
    const { personId } = holder.principal;
    const member: Member = { connection, personId, buffer: [] };
    room.members.set(socket.id, member);
    try {
      await this.#read([room]);
      const last = await this.#replay(room, member, after ?? session.messageCount, after !== null);
      if (room.members.get(socket.id) !== member) return;
      for (const message of member.buffer ?? []) {
        if (message.number > last && message.shown !== null) {
          tell(room, member, message.shown);
        }
      }
      member.buffer = null;
      await socket.join(roomName(room));
    } catch (error) {
      if (room.members.get(socket.id) === member) this.leave(connection, room.sessionId);
      throw error;
    }
  }

  leave({ socket }: Connection, sessionId: string): boolean {
    const room = this.#rooms.get(sessionId);
    if (room === undefined || !room.members.delete(socket.id)) return false;
    void socket.leave(roomName(room));
    if (room.members.size === 0) this.#rooms.delete(sessionId);
    return true;
  }

  /** A socket that has ended is in no room any more. */
  forget(connection: Connection): void {
    for (const sessionId of this.#rooms.keys()) this.leave(connection, sessionId);
  }

  /** Whoever takes part no more hears nothing more. */
  keepOnly(sessionId: string, participants: ReadonlySet<string>): void {
    const room = this.#rooms.get(sessionId);
    if (room !== undefined) this.#keep(room, ({ personId }) => participants.has(personId));
  }

  /** A message has been written, by whichever process. */
  hear(sessionId: string, number: number): void {
    const room = this.#rooms.get(sessionId);
    if (room === undefined || number <= room.cursor) return;
    room.heard = Math.max(room.heard, number);
    this.#want(room);
  }

  /** A message that this process has just written, and who took part when it was. */
  tell(message: LiveMessage, participants: ReadonlySet<string>): void {
    const room = this.#rooms.get(message.sessionId);
    if (room === undefined || message.number <= room.cursor) return;
    this.#keep(room, ({ personId }) => participants.has(personId));
    keepEarly(room, message);
    this.#flush(room);
    if (room.heard > room.cursor) this.#want(room);
  }

  /** Tells every member, each by what they may know. */
  tellAll(sessionId: string, event: string, shownTo: (personId: string) => Payload): void {
    for (const { connection, personId } of this.#rooms.get(sessionId)?.members.values() ?? []) {
      connection.socket.emit(event, shownTo(personId));
    }
  }

  /** Makes good for notices that were lost with a connection or a process. */
  async lookForMissed(): Promise<void> {
    const sessionIds = [...this.#rooms.keys()];
    if (sessionIds.length === 0) return;
    const last = await this.#source.lastNumbers(sessionIds);
    for (const [sessionId, number] of last) this.hear(sessionId, number);
  }

  close(): void {
    clearTimeout(this.#gathering);
    this.#rooms.clear();
  }

  #open(session: SupportSession): ChatRoom {
    const known = this.#rooms.get(session.id);
    if (known !== undefined) return known;
    const room = newRoom(session);
    this.#rooms.set(session.id, room);
    return room;
  }

  /** Sends a member what came after `after`, up to the cursor; returns the last number it has. */
  async #replay(room: ChatRoom, member: Member, after: number, isWanted: boolean): Promise<number> {
    const isIn = (): boolean => room.members.get(member.connection.socket.id) === member;
    let last = after;
    while (isWanted && last < room.cursor && isIn()) {
      const page = await this.#source.readPage({ sessionId: room.sessionId, after: last }, PAGE);
      if (!isIn()) break;
      member.connection.budget.spend(page.length * COST_OF_REPLAY);
      // Beyond the cursor every member is sent them, and this one has them in its buffer.
      for (const { number, shown } of page) {
        if (number > room.cursor) break;
        if (shown !== null) tell(room, member, shown);
        last = number;
      }
      if (page.length === 0) break;
    }
    return last;
  }

  #want(room: ChatRoom): void {
    this.#wanted.add(room);
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      const behind = [...this.#wanted].filter(({ heard, cursor }) => heard > cursor);
      this.#wanted.clear();
      this.#read(behind).catch(this.#onFault);
    }, GATHER_MS).unref();
  }

  /** Sends members what they don't have yet; those who take part no more are let out before. */
  async #read(wanted: readonly ChatRoom[]): Promise<void> {
    const rooms = wanted.filter((room) => this.#rooms.get(room.sessionId) === room);
    if (rooms.length === 0) return;
    const ranges = rooms.map(({ sessionId, cursor }) => ({ sessionId, after: cursor }));
    const { messages, participants } = await this.#source.readNews(ranges);
    const bySession = new Map(rooms.map((room) => [room.sessionId, room]));
    for (const room of rooms) {
      const taking = participants.get(room.sessionId);
      this.#keep(room, ({ personId }) => taking?.has(personId) === true);
    }
    for (const message of messages) {
      const room = bySession.get(message.sessionId);
      if (room !== undefined && message.number > room.cursor) keepEarly(room, message);
    }
    for (const room of rooms) this.#flush(room);
  }

  #flush(room: ChatRoom): void {
    if (this.#rooms.get(room.sessionId) !== room) return;
    for (const message of takeNext(room)) {
      const { shown } = message;
      if (shown === null) continue;
      if (!room.isAnonymous) this.#io.local.to(roomName(room)).emit('new-message', shown.toOthers);
      for (const member of room.members.values()) {
        if (member.buffer !== null) member.buffer.push(message);
        else if (room.isAnonymous) tell(room, member, shown);
      }
    }
  }

  #keep(room: ChatRoom, stays: (member: Member) => boolean): void {
    for (const member of room.members.values()) {
      if (!stays(member)) this.leave(member.connection, room.sessionId);
    }
  }
}
