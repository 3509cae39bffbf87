import type { ChatLine } from './chat-line.ts';
import { Refused, type Signal } from './signal.ts';

export interface ChatMessage {
  readonly messageId: string;
  readonly personId: string;
  readonly name: string;
  readonly text: string;
  readonly at: number;
  /** The breakout that it was written in; null for the main room. */
  readonly breakoutId: string | null;
  /** Of one's own: the id that it was sent with. */
  readonly sentAs?: string;
}

/** Whether it was just written, or before one came. */
export type ChatAge = 'new' | 'earlier';

/** Words that did not come back by then go another way. */
const ECHO_WITHIN_MS = 3_000;

/**
 * What is written in a room, over whichever path there is: a data channel, else signalling. Each
 * message carries an id, so that one that is sent over both is taken in once.
 */
export class Chat {
  readonly #onMessage: (message: ChatMessage, age: ChatAge) => void;
  readonly #known = new Set<string>();
  readonly #echoes = new Map<string, () => void>();
  #signal: Signal | null = null;
  #line: ChatLine | null = null;
  /** Words of which nobody knows whether they were taken in: said again, they are the same message. */
  #unsure: { readonly text: string; readonly messageId: string } | null = null;

  constructor(onMessage: (message: ChatMessage, age: ChatAge) => void) {
    this.#onMessage = onMessage;
  }

  /** From now on over this connection. */
  listen(signal: Signal): void {
    this.#signal = signal;
    this.#line = null;
    signal.on('chat', (message: ChatMessage) => this.#take(message, 'new'));
    signal.on('refused', ({ event }: { event?: string }) => {
      // Signalling says why.
      if (event === 'chat') this.#hurry();
    });
  }

  /** From now on over this channel while it is open. */
  use(line: ChatLine): Promise<void> {
    this.#line = line;
    return line.open(
      (message) => this.#take(message as ChatMessage, 'new'),
      () => void this.catchUp('new'),
    );
  }

  /** Asks for what was written and has not come here. */
  async catchUp(age: ChatAge = 'earlier'): Promise<void> {
    const answer = await this.#signal
      ?.ask<{ messages: ChatMessage[] }>('chat-history')
      // Whoever has lost this connection asks again over the next.
      .catch(() => undefined);
    for (const message of answer?.messages ?? []) this.#take(message, age);
  }

  /** Rejects with {@link Refused} where it can not be said. */
  async write(text: string): Promise<void> {
    const known = this.#unsure?.text === text ? this.#unsure : null;
    const words = known ?? { text, messageId: crypto.randomUUID() };
    this.#unsure = null;
    try {
      await this.#write(words);
    } catch (error) {
      this.#unsure = words;
      throw error;
    }
  }

  async #write(words: { readonly text: string; readonly messageId: string }): Promise<void> {
    if (this.#line?.isOpen === true && (await this.#writeByLine(words))) return;
    if (this.#signal === null) {
      throw new Refused('DISCONNECTED', 'There is no connection just now.');
    }
    const { message } = await this.#signal.ask<{ message: ChatMessage }>('chat', words);
    this.#take(message, 'new');
  }

  /** Whether it came back, which is to say that it was taken in. */
  #writeByLine(words: { readonly messageId: string }): Promise<boolean> {
    const { messageId } = words;
    return new Promise<boolean>((resolve) => {
      const end = (isTaken: boolean): void => {
        clearTimeout(timer);
        this.#echoes.delete(messageId);
        resolve(isTaken);
      };
      const timer = setTimeout(() => end(false), ECHO_WITHIN_MS);
      this.#echoes.set(messageId, () => end(this.#known.has(messageId)));
      this.#line?.say(words);
    });
  }

  #hurry(): void {
    for (const settle of this.#echoes.values()) settle();
  }

  #take(message: ChatMessage, age: ChatAge): void {
    const { messageId, sentAs } = message;
    if (sentAs !== undefined) {
      this.#known.add(sentAs);
      this.#echoes.get(sentAs)?.();
    }
    if (this.#known.has(messageId)) return;
    this.#known.add(messageId);
    this.#onMessage(message, age);
  }
}
