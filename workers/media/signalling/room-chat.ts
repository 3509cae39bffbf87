import { v5, v7 } from 'uuid';
import { HoldfastError } from '../../../domain/errors.ts';
import { type ChatEntry, byOrder, mayRead, placeOfWords } from '../../../domain/room-chat.ts';
import { maySpeak } from '../../../domain/room-reach.ts';
import type { RoomState } from '../../../domain/room-state.ts';

/** What somebody writes; the id is their client's own, and the same when it is sent again. */
export interface Words {
  readonly text: string;
  readonly messageId?: string;
}

/** How the written word is shown to those who may read it. */
export interface ChatNews {
  readonly messageId: string;
  readonly personId: string;
  readonly name: string;
  readonly text: string;
  readonly at: number;
  readonly breakoutId: string | null;
  /** To its sender: the id that their client gave it. */
  readonly sentAs?: string;
}

/** So many are kept at hand for those who come later; all are in the record. */
export const CHAT_AT_HAND = 500;

/** What is written in a room, in its order, and who may read it. */
export class RoomChat {
  readonly #sessionId: string;
  readonly #epoch: number;
  readonly #entries: ChatEntry[];
  readonly #known: Map<string, ChatEntry>;
  #sequence: number;
  #latest: number;

  /** `former` is what was written in earlier placements of the room. */
  constructor(
    { sessionId, epoch }: { readonly sessionId: string; readonly epoch: number },
    former: readonly ChatEntry[] = [],
  ) {
    this.#sessionId = sessionId;
    this.#epoch = epoch;
    this.#entries = former.toSorted(byOrder);
    this.#known = new Map(former.map((entry) => [entry.id, entry]));
    const last = this.#entries.at(-1);
    this.#sequence = last?.epoch === epoch ? last.sequence : 0;
    this.#latest = last?.at ?? 0;
  }

  /** Whether it was sent before, over whichever path. */
  knows(personId: string, words: Words): boolean {
    return this.#find(personId, words)?.text === words.text;
  }

  /** Takes words in, once. Throws `forbidden` where one may not write. */
  write(
    state: RoomState,
    personId: string,
    words: Words,
    now: number,
  ): { readonly entry: ChatEntry; readonly isNew: boolean } {
    if (!maySpeak(state, personId)) throw new HoldfastError('forbidden', 'You may only listen');
    const known = this.#find(personId, words);
    if (known !== undefined) return { entry: known, isNew: false };
    this.#sequence += 1;
    this.#latest = Math.max(now, this.#latest + 1);
    const { text, messageId } = words;
    const entry: ChatEntry = {
      id: messageId === undefined ? v7() : this.#idOf(personId, messageId),
      epoch: this.#epoch,
      sequence: this.#sequence,
      senderId: personId,
      name: state.occupants[personId]?.name ?? '',
      text,
      at: this.#latest,
      ...placeOfWords(state, personId),
    };
    this.#keep(entry);
    return { entry, isNew: true };
  }

  /** What somebody may read of what was written, in its order: nothing while they wait. */
  historyFor(state: RoomState, personId: string): ChatNews[] {
    if (state.occupants[personId]?.place !== 'inside') return [];
    const reader = { personId, isTherapist: false, hasBeenInside: true };
    const isShownToLater = state.policy.isChatShownToLater ?? true;
    return this.#entries
      .filter((entry) => mayRead(entry, reader, isShownToLater))
      .map((entry) => newsOf(entry));
  }

  #find(personId: string, { messageId }: Words): ChatEntry | undefined {
    return messageId === undefined ? undefined : this.#known.get(this.#idOf(personId, messageId));
  }

  #idOf(personId: string, messageId: string): string {
    return v5(`${personId} ${messageId}`, this.#sessionId);
  }

  #keep(entry: ChatEntry): void {
    this.#entries.push(entry);
    this.#known.set(entry.id, entry);
    if (this.#entries.length <= CHAT_AT_HAND) return;
    const [oldest] = this.#entries.splice(0, 1);
    this.#known.delete(oldest!.id);
  }
}

export function newsOf({ id, senderId, name, text, at, breakoutId }: ChatEntry): ChatNews {
  return { messageId: id, personId: senderId, name, text, at, breakoutId };
}
