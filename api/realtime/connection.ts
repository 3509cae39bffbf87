import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'socket.io';
import { HoldfastError } from '../../domain/errors.ts';
import type { Principal } from '../access/principal.ts';
import { EventBudget } from './event-budget.ts';

const BURST = 100;
const EVENTS_PER_SECOND = 50;

/** Somebody with at least one signed-in socket in this process. */
export interface PersonHere {
  readonly personId: string;
  readonly connections: Set<Connection>;
  /** What all their sockets may send together. */
  readonly budget: EventBudget;
}

/** Who a socket speaks for, once it has signed in. */
export interface Holder {
  readonly principal: Principal;
  readonly token: string;
  readonly person: PersonHere;
}

/** The last word of somebody's typing, so that the same is not said over and over. */
export interface Typing {
  readonly sessionId: string;
  readonly isTyping: boolean;
  readonly atMs: number;
}

/** One socket from its handshake to its end. There are many: it holds no timers and no closures. */
export class Connection {
  readonly socket: Socket;
  readonly openedAtMs = Date.now();
  readonly budget = new EventBudget(BURST, EVENTS_PER_SECOND, performance.now());
  holder: Holder | null = null;
  /** The end of the token was announced. */
  isWarned = false;
  /** Events that wait for their turn, and words that wait for their reader. */
  waiting = 0;
  /** It sent too much, and is about to be closed. */
  isSentAway = false;
  typing: Typing | null = null;
  /** Ends when what was sent before has been dealt with. */
  turn: Promise<unknown> | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Runs `work` after all that was sent before it on this socket. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.turn === null ? work() : this.turn.then(work);
    const ended: Promise<void> = mine.then(
      () => this.#end(ended),
      () => this.#end(ended),
    );
    this.turn = ended;
    return mine;
  }

  /** As {@link inTurn}, not before `waitMs` from now have passed; not at all once it has ended. */
  later<Result>(waitMs: number, work: () => Promise<Result>): Promise<Result> {
    const dueMs = performance.now() + waitMs;
    this.waiting += 1;
    return this.inTurn(async () => {
      try {
        this.#assertHere();
        await sleep(Math.max(0, dueMs - performance.now()));
        this.#assertHere();
        return await work();
      } finally {
        this.waiting -= 1;
      }
    });
  }

  #assertHere(): void {
    if (!this.socket.connected) throw new HoldfastError('rate_limited', 'Too many events at once');
  }

  #end(ended: Promise<unknown>): void {
    if (this.turn === ended) this.turn = null;
  }
}
