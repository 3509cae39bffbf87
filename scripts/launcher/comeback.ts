import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../provision/progress.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** A part that has run this long without falling is well again. */
const STEADY_AFTER_MS = 30_000;
/** A part that all others need is given up when it could not be started so often in a row. */
const MOST_FAILURES = 6;

export interface ComebackOptions {
  readonly name: string;
  /** Aborted when nobody wants the part back. */
  readonly signal: AbortSignal;
  /** Told, in one sentence, that a part can't be had back; without it, it is tried for ever. */
  readonly giveUp?: (sentence: string) => void;
  /** Before it is first tried again. */
  readonly firstPauseMs?: number;
}

/** Brings a part that has fallen back, after pauses that grow while it goes on falling. */
export class Comeback {
  readonly #options: ComebackOptions;
  readonly #firstPauseMs: number;
  #pauseMs: number;

  constructor(options: ComebackOptions) {
    this.#options = options;
    this.#firstPauseMs = options.firstPauseMs ?? FIRST_PAUSE_MS;
    this.#pauseMs = this.#firstPauseMs;
  }

  /** Resolves when `start` has worked, or once it is given up or unwanted. */
  async begin(start: () => Promise<void>): Promise<void> {
    const { name, signal, giveUp } = this.#options;
    for (let failures = 0; ;) {
      await this.#pause();
      if (signal.aborted) return;
      const began = performance.now();
      try {
        await start();
        console.error(`  ${name} is back after ${seconds(performance.now() - began)} s`);
        setTimeout(() => (this.#pauseMs = this.#firstPauseMs), STEADY_AFTER_MS).unref();
        return;
      } catch (fault) {
        if (signal.aborted) return;
        failures += 1;
        if (giveUp !== undefined && failures === MOST_FAILURES) return giveUp(messageOf(fault));
        console.error(`  ${messageOf(fault)}`);
      }
    }
  }

  async #pause(): Promise<void> {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    await delay(pauseMs, undefined, { signal: this.#options.signal }).catch(() => undefined);
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
