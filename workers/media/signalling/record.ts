import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { FieldCipher } from '../../../crypto/field-cipher.ts';
import type { Knex } from 'knex';
import { recordCry, recordPanic } from '../../../activities/rooms/calls-for-help.ts';
import { type KeptMemory, keepRoomMemory } from '../../../db/room-memories.ts';
import { recordConsentInRoom } from '../../../activities/rooms/recording-consent.ts';
import { recordPresence } from '../../../db/room-presence.ts';
import type { RoomEpoch } from '../../../db/rooms.ts';
import { rememberRoom } from '../../../domain/room-memory.ts';
import type { Screening } from '../../../domain/triage/screen.ts';
import type { RoomRecord } from './live-room.ts';
import type { MediaRoom } from './media-room.ts';

export interface RecordDeps {
  readonly knex: Knex;
  readonly cipher: FieldCipher;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 5_000;
/** A database that is away for longer than this has lost more than a ledger's rows. */
const GIVE_UP_AFTER_MS = 10 * 60_000;

/** What rooms have to write down: each room's words one after another, until they are written. */
export class Records {
  readonly #deps: RecordDeps;
  readonly #turns = new Map<string, Promise<void>>();

  constructor(deps: RecordDeps) {
    this.#deps = deps;
  }

  of({ sessionId, epoch }: Pick<MediaRoom, 'sessionId' | 'epoch'>): RoomRecord {
    const { knex } = this.#deps;
    const remember = this.#keeperOf({ sessionId, epoch });
    return {
      remember: (state, heardUpTo) => remember({ memory: rememberRoom(state), heardUpTo }),
      presence: (change) =>
        void this.#later(sessionId, () => recordPresence(knex, { ...change, sessionId, epoch })),
      alert: (call) => void this.#later(`${sessionId} alert`, () => this.#panic(sessionId, call)),
      consent: ({ personId, isGiven }) => {
        const said = { sessionId, personId, isGiven };
        return this.#later(`${sessionId} consent`, () => recordConsentInRoom(knex, said));
      },
    };
  }

  /** Somebody's words in a room were a cry for help. */
  cry(sessionId: string, personId: string, words: string, screening: Screening): void {
    const cry = { sessionId, personId, words, screening };
    void this.#later(`${sessionId} alert`, () => recordCry(this.#deps, cry));
  }

  /** Resolves when everything that was said up to now has been written, or given up. */
  async settled(): Promise<void> {
    await Promise.all(this.#turns.values());
  }

  /** Writes down the latest of what a room knows, as soon as what it knew before is written. */
  #keeperOf(placement: RoomEpoch): (kept: KeptMemory) => void {
    let [latest, written]: [KeptMemory | null, string] = [null, ''];
    const write = async (): Promise<void> => {
      const [kept, text] = [latest, JSON.stringify(latest)];
      if (kept === null || text === written) return;
      await keepRoomMemory(this.#deps, placement, kept);
      written = text;
    };
    return (kept) => {
      latest = kept;
      void this.#later(`${placement.sessionId} memory ${placement.epoch}`, write);
    };
  }

  #panic(sessionId: string, call: { by: string; about: string }): Promise<void> {
    return recordPanic(this.#deps, { ...call, sessionId });
  }

  /** Resolves when it is written, or given up. */
  #later(queue: string, write: () => Promise<unknown>): Promise<void> {
    const before = this.#turns.get(queue) ?? Promise.resolve();
    const turn = before.then(() => this.#write(write));
    this.#turns.set(queue, turn);
    void turn.then(() => {
      if (this.#turns.get(queue) === turn) this.#turns.delete(queue);
    });
    return turn;
  }

  async #write(write: () => Promise<unknown>): Promise<void> {
    const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
      try {
        await write();
        return;
      } catch (error) {
        const name = error instanceof Error ? error.name : 'unknown';
        if (performance.now() > giveUpAt) {
          this.#deps.log.error({ error: name }, 'what a room had to write down is lost');
          return;
        }
        this.#deps.log.warn({ error: name }, 'what a room has to write down waits');
      }
      await sleep(pauseMs);
    }
  }
}
