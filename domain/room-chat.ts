import { around } from './room-reach.ts';
import type { RoomState } from './room-state.ts';

/** Something that was written in a room: by whom, where, and who was there to read it. */
export interface ChatEntry {
  readonly id: string;
  /** The placement of the room that it was written in, and its number there, from one on. */
  readonly epoch: number;
  readonly sequence: number;
  readonly senderId: string;
  /** As others were shown the sender. */
  readonly name: string;
  /** The breakout that it was written in; null for the main room. */
  readonly breakoutId: string | null;
  readonly text: string;
  /** Epoch ms; of two in one room, the later one has the later instant. */
  readonly at: number;
  /** Everybody who was in the same place, the sender included. */
  readonly audience: readonly string[];
  /** Everybody who was inside, but in another place. */
  readonly elsewhere: readonly string[];
}

export type ChatPlace = Pick<ChatEntry, 'breakoutId' | 'audience' | 'elsewhere'>;

/** Where somebody's words go, as the room is now. */
export function placeOfWords(state: RoomState, senderId: string): ChatPlace {
  const audience = [...around(state, senderId), senderId];
  const elsewhere = Object.values(state.occupants)
    .filter(({ place, personId }) => place === 'inside' && !audience.includes(personId))
    .map(({ personId }) => personId);
  return { breakoutId: state.occupants[senderId]?.breakoutId ?? null, audience, elsewhere };
}

export interface ChatReader {
  readonly personId: string;
  /** The session's own host, whose record all of it is. */
  readonly isTherapist: boolean;
  /** Has been let in at some time. */
  readonly hasBeenInside: boolean;
}

/**
 * Who may read what was written: whoever was there. Of the main room also who came later, where the
 * session's plan says so; but nobody who was in a breakout meanwhile, and of a breakout nobody else.
 */
export function mayRead(entry: ChatPlace, reader: ChatReader, isShownToLater: boolean): boolean {
  if (reader.isTherapist || entry.audience.includes(reader.personId)) return true;
  const isOfAll = entry.breakoutId === null && !entry.elsewhere.includes(reader.personId);
  return isOfAll && isShownToLater && reader.hasBeenInside;
}

type Ordered = Pick<ChatEntry, 'epoch' | 'sequence'>;

/** The order in which things were written: hosts' clocks may differ, placements follow each other. */
export function byOrder(one: Ordered, other: Ordered): number {
  return one.epoch - other.epoch || one.sequence - other.sequence;
}
