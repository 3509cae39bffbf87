import type { Knex } from 'knex';
import type { CompanionConversation } from '../../db/companion.ts';
import type { CompanionState } from '../../domain/companion/types.ts';
import { PREVIOUS_MESSAGES } from '../../domain/triage/detect.ts';
import { BoundedCache } from '../auth/bounded-cache.ts';
import { KeyedQueue } from '../support/messages/keyed-queue.ts';
import { PREVIOUS_WITHIN_MS } from '../support/messages/sender-context.ts';
import type { Utterance } from '../support/messages/sender-context.ts';

/** A conversation as this process knows it; the database refuses a turn that an older one led to. */
export interface KnownConversation {
  readonly conversation: CompanionConversation;
  /** In clear; null before the first turn. */
  readonly state: CompanionState | null;
  /** What its owner said last, oldest first. */
  readonly said: readonly Utterance[];
}

const MOST_KNOWN = 5_000;
const KNOWN_FOR_MS = 5 * 60_000;

/** What a process remembers, so that a turn in a running conversation needs no look first. */
export class CompanionMemory {
  readonly conversations = new BoundedCache<KnownConversation>(MOST_KNOWN, KNOWN_FOR_MS);
  /** One conversation's turns, one after the other, as far as they are put on record. */
  readonly queue = new KeyedQueue();
  readonly #said = new BoundedCache<readonly Utterance[]>(MOST_KNOWN, PREVIOUS_WITHIN_MS);

  /** Notes what somebody said, wherever and whatever became of it: a cry may be split over turns. */
  heard(personId: string, said: Utterance): void {
    const before = this.#said.get(personId) ?? [];
    this.#said.set(personId, [...before, said].slice(-PREVIOUS_MESSAGES));
  }

  /** What somebody said lately, oldest first, as far as it belongs to what comes next. */
  lately(personId: string, known: KnownConversation | null, nowMs: number): string[] {
    const here = this.#said.get(personId) ?? [];
    // What this process heard is in the record, too, unless it was refused.
    const others = (known?.said ?? []).filter(
      ({ text }) => !here.some((utterance) => utterance.text === text),
    );
    return [...others, ...here]
      .filter(({ atMs }) => nowMs - atMs <= PREVIOUS_WITHIN_MS)
      .toSorted((one, other) => one.atMs - other.atMs)
      .slice(-PREVIOUS_MESSAGES)
      .map(({ text }) => text);
  }
}

const memories = new WeakMap<Knex, CompanionMemory>();

export function memoryOf({ knex }: { readonly knex: Knex }): CompanionMemory {
  const memory = memories.get(knex) ?? new CompanionMemory();
  memories.set(knex, memory);
  return memory;
}
