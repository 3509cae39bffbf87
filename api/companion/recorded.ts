import type { CompanionState } from '../../domain/companion/types.ts';
import type { Placed } from './record-turn.ts';
import type { GivenReply } from './sealed-texts.ts';

/** What a turn came to. */
export interface Taken {
  /** Null where nothing could be put on record but the alert. */
  readonly conversationId: string | null;
  readonly turnId: string;
  /** From 1; 0 where the turn is on no record. */
  readonly number: number;
  readonly reply: GivenReply;
  readonly isCrisis: boolean;
  readonly takenAt: Date;
}

/** A turn on record that the guided companion has answered. */
export interface Recorded {
  readonly taken: Taken;
  readonly placed: Placed;
  /** The guided companion's state before the turn and after it. */
  readonly before: CompanionState;
  readonly after: CompanionState;
  /** The conversation's version after the turn. */
  readonly version: number;
}

/** Nothing but replies to a crisis was answered before: the companion has yet to say what it is. */
export function isFirstAnswer({ before }: Recorded): boolean {
  return before.turns === 0;
}

/** `final` may not be replaced by a better answer any more. */
export type Outcome =
  | { readonly kind: 'final'; readonly taken: Taken }
  | { readonly kind: 'open'; readonly recorded: Recorded };

export function final(taken: Taken): Outcome {
  return { kind: 'final', taken };
}
