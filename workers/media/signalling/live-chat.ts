import { HoldfastError } from '../../../domain/errors.ts';
import type { ChatEntry } from '../../../domain/room-chat.ts';
import type { RoomState } from '../../../domain/room.ts';
import { tellChat } from './chat-channel.ts';
import type { MediaRoom } from './media-room.ts';
import type { Peer } from './peer.ts';
import { type ChatNews, RoomChat, type Words, newsOf } from './room-chat.ts';
import type { RoomRecord } from './room-record.ts';

/** What the chat needs to know of a room. */
interface WritingRoom {
  readonly media: MediaRoom;
  readonly state: RoomState;
  readonly peers: ReadonlyMap<string, Peer>;
}

/** What is written in a room: told to those around, and put on record. */
export class LiveChat {
  readonly #room: WritingRoom;
  readonly #record: RoomRecord;
  readonly #chat: RoomChat;

  /** `former` is what was written in earlier placements. */
  constructor(room: WritingRoom, record: RoomRecord, former: readonly ChatEntry[]) {
    this.#room = room;
    this.#record = record;
    this.#chat = new RoomChat(room.media, former);
  }

  /** Whether it was sent before, over whichever path. */
  knows(personId: string, words: Words): boolean {
    return this.#chat.knows(personId, words);
  }

  /** Somebody writes to those around them; what was sent before, over another path, says nothing new. */
  write(personId: string, words: Words): { readonly message: ChatNews } {
    if (this.#record.isFull && !this.knows(personId, words)) {
      throw new HoldfastError('dependency_unavailable', 'Nothing can be written down just now');
    }
    const { entry, isNew } = this.#chat.write(this.#room.state, personId, words, Date.now());
    const message = newsOf(entry);
    const { messageId: sentAs } = words;
    const echo = sentAs === undefined ? message : { ...message, sentAs };
    if (isNew) {
      for (const peer of this.#room.peers.values()) {
        if (peer.personId === personId) tellChat(peer, echo);
        else if (entry.audience.includes(peer.personId)) tellChat(peer, message);
      }
      this.#record.chat(entry);
    }
    return { message: echo };
  }

  /** What was written and may be read by somebody who is inside. */
  historyFor(personId: string): { readonly messages: readonly ChatNews[] } {
    const messages = this.#chat.historyFor(this.#room.state, personId);
    if (messages.length > 0) this.#record.chatShown({ personId, count: messages.length });
    return { messages };
  }
}
