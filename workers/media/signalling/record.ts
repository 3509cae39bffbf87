import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { FieldCipher } from '../../../crypto/field-cipher.ts';
import type { Knex } from 'knex';
import { recordCry, recordPanic } from '../../../activities/rooms/calls-for-help.ts';
import { recordChatShown } from '../../../activities/rooms/chat-shown.ts';
import { recordPower } from '../../../activities/rooms/powers.ts';
import { type BreakoutPlan, keepBreakouts } from '../../../db/breakouts.ts';
import { type KeptMemory, keepRoomMemory } from '../../../db/room-memories.ts';
import { recordConsentInRoom } from '../../../activities/rooms/recording-consent.ts';
import { recordPresence } from '../../../db/room-presence.ts';
import type { RoomEpoch } from '../../../db/rooms.ts';
import { chatMarks, keepChat, openChat } from '../../../db/session-chat.ts';
import { errorCodeOf } from '../../../domain/errors.ts';
import type { ChatEntry } from '../../../domain/room-chat.ts';
import { rememberRoom } from '../../../domain/room-memory.ts';
import { occupantsOf } from '../../../domain/room-reach.ts';
import type { RoomState } from '../../../domain/room-state.ts';
import type { Alarming } from '../../../domain/triage/screen.ts';
import { LIMITS } from './limits.ts';
import type { MediaRoom } from './media-room.ts';
import { CHAT_AT_HAND } from './room-chat.ts';
import type { RoomRecord } from './room-record.ts';

export interface RecordDeps {
  readonly knex: Knex;
  readonly cipher: FieldCipher;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 5_000;
/** A database that is away for longer than this has lost more than a ledger's rows. */
const GIVE_UP_AFTER_MS = 10 * 60_000;

interface Writing {
  readonly done?: () => void;
  readonly isNeverLost?: boolean;
}

/** What rooms have to write down: each room's words one after another, until they are written. */
export class Records {
  readonly #deps: RecordDeps;
  readonly #turns = new Map<string, Promise<void>>();
  /** How much of each session's chat waits to be written down. */
  readonly #unwritten = new Map<string, number>();

  constructor(deps: RecordDeps) {
    this.#deps = deps;
  }

  /** `opened` is what the room has opened with, and what is on record. */
  of({ sessionId, epoch }: Pick<MediaRoom, 'sessionId' | 'epoch'>, opened: RoomState): RoomRecord {
    const { knex } = this.#deps;
    const remember = this.#keeperOf({ sessionId, epoch });
    const follow = this.#followerOf(sessionId, opened);
    const unwritten = this.#unwritten;
    return {
      remember: (state, known) => {
        follow(state);
        return remember({ memory: rememberRoom(state), ...known });
      },
      get isFull() {
        return (unwritten.get(sessionId) ?? 0) >= LIMITS.chatUnwritten;
      },
      chat: (entry) => this.#keepChat(sessionId, entry),
      chatShown: (to) =>
        void this.#later(`${sessionId} shown`, () => recordChatShown(knex, { ...to, sessionId })),
      presence: (change) =>
        void this.#later(sessionId, () => recordPresence(knex, { ...change, sessionId, epoch })),
      // Ahead of whatever else waits, and for as long as this process lives.
      alert: (call) =>
        this.#later(`${sessionId} call`, () => this.#panic(sessionId, call), { isNeverLost: true }),
      power: (command, isOnRecord) => {
        const power = { sessionId, command, isOnRecord };
        void this.#later(`${sessionId} powers`, () => recordPower(knex, power));
      },
      consent: ({ personId, isGiven }) => {
        const said = { sessionId, personId, isGiven };
        return this.#later(`${sessionId} consent`, () => recordConsentInRoom(knex, said));
      },
    };
  }

  /** The last of what was written in earlier placements of a session's room. */
  async chatBefore(sessionId: string): Promise<ChatEntry[]> {
    const marks = await chatMarks(this.#deps.knex, sessionId, CHAT_AT_HAND);
    try {
      return await openChat(this.#deps, sessionId, marks);
    } catch (error) {
      // A room opens also where its earlier words can not be read any more.
      if (errorCodeOf(error) !== 'internal') throw error;
      this.#deps.log.warn({ sessionId }, 'what was written in a room can not be read');
      return [];
    }
  }

  /** Somebody's words in a room were a cry for help. */
  cry(sessionId: string, personId: string, words: string, screening: Alarming): void {
    const cry = { sessionId, personId, words, screening };
    void this.#later(`${sessionId} alert`, () => recordCry(this.#deps, cry));
  }

  /** Resolves when everything that was said up to now has been written, or given up. */
  async settled(): Promise<void> {
    await Promise.all(this.#turns.values());
  }

  /** Writes down the latest of what a room knows, as soon as what it knew before is written. */
  #keeperOf(placement: RoomEpoch): (kept: KeptMemory) => Promise<void> {
    let [latest, written]: [KeptMemory | null, string] = [null, ''];
    const write = async (): Promise<void> => {
      const [kept, text] = [latest, JSON.stringify(latest)];
      if (kept === null || text === written) return;
      await keepRoomMemory(this.#deps, placement, kept);
      written = text;
    };
    return (kept) => {
      latest = kept;
      return this.#later(`${placement.sessionId} memory ${placement.epoch}`, write);
    };
  }

  #keepChat(sessionId: string, entry: ChatEntry): void {
    const count = (by: number): void => {
      const left = (this.#unwritten.get(sessionId) ?? 0) + by;
      if (left === 0) this.#unwritten.delete(sessionId);
      else this.#unwritten.set(sessionId, left);
    };
    count(1);
    void this.#later(`${sessionId} chat`, () => keepChat(this.#deps, sessionId, entry), {
      done: () => count(-1),
    });
  }

  /** Has the session's record show the room's breakouts, whoever has made or ended them. */
  #followerOf(sessionId: string, opened: RoomState): (state: RoomState) => void {
    let known = JSON.stringify(planOf(opened));
    return (state) => {
      const plan = planOf(state);
      const text = JSON.stringify(plan);
      if (text === known) return;
      known = text;
      void this.#later(`${sessionId} breakouts`, () => keepBreakouts(this.#deps, sessionId, plan));
    };
  }

  #panic(sessionId: string, call: { by: string; about: string }): Promise<void> {
    return recordPanic(this.#deps, { ...call, sessionId });
  }

  /** Resolves when it is written, or given up. */
  #later(
    queue: string,
    write: () => Promise<unknown>,
    { done = () => undefined, isNeverLost = false }: Writing = {},
  ): Promise<void> {
    const before = this.#turns.get(queue) ?? Promise.resolve();
    const giveUpAfterMs = isNeverLost ? Infinity : GIVE_UP_AFTER_MS;
    const turn = before.then(() => this.#write(write, giveUpAfterMs)).then(done);
    this.#turns.set(queue, turn);
    void turn.then(() => {
      if (this.#turns.get(queue) === turn) this.#turns.delete(queue);
    });
    return turn;
  }

  async #write(write: () => Promise<unknown>, giveUpAfterMs: number): Promise<void> {
    const giveUpAt = performance.now() + giveUpAfterMs;
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

function planOf(state: RoomState): BreakoutPlan | null {
  const { breakouts } = state;
  if (breakouts === null) return null;
  const inside = occupantsOf(state).filter(({ place }) => place === 'inside');
  const places = [
    ...inside.map(({ personId, breakoutId }) => [personId, breakoutId] as const),
    ...Object.entries(breakouts.awaited ?? {}),
  ];
  const rooms = Object.entries(breakouts.rooms).map(([id, { name }]) => ({
    id,
    name,
    personIds: places.flatMap(([personId, place]) => (place === id ? [personId] : [])),
  }));
  return { endsAt: breakouts.endsAt, rooms };
}
