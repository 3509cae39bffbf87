import type { KeptMemory } from '../../../db/room-memories.ts';
import type { ChatEntry } from '../../../domain/room-chat.ts';
import type { RoomCommand, RoomRole, RoomState } from '../../../domain/room.ts';

/** What a room tells the outside. */
export interface RoomRecord {
  /** In the order of the calls; whatever fails is tried again. */
  presence(change: {
    readonly personId: string;
    readonly role: RoomRole;
    readonly kind: 'waiting' | 'joined' | 'left';
    readonly at: Date;
  }): void;
  /** In the order of the calls, and apart from who came: it was delivered before. */
  chat(entry: ChatEntry): void;
  /** So much has not been written down yet that no more is taken in. */
  readonly isFull: boolean;
  /** Somebody was shown what was written before they came. */
  chatShown(to: { readonly personId: string; readonly count: number }): void;
  /** Somebody has called for help without a word. Resolves when it is on record; never given up. */
  alert(call: { readonly by: string; readonly about: string }): Promise<void>;
  /** A host has used their power; `isOnRecord` where whoever passed the word on has written it down. */
  power(command: RoomCommand, isOnRecord: boolean): void;
  /** What the room knows now. Resolves when it is on record, or given up. */
  remember(state: RoomState, known: Omit<KeptMemory, 'memory'>): Promise<void>;
  /** What somebody has said to being recorded. Resolves when it is on record, or given up. */
  consent(said: { readonly personId: string; readonly isGiven: boolean }): Promise<void>;
}
