import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { announceAll } from '../../../db/broadcasts.ts';
import type { Broadcast } from '../../../db/broadcasts.ts';
import { afterAnswering } from '../../background.ts';
import type { ApiDeps } from '../../context.ts';
import { safely } from '../../http/error-handler.ts';
import type { MessageView } from './message-view.ts';

/** Told of a message right after its commit, and of who took part in the session then. */
export type MessageListener = (message: MessageView, participants: ReadonlySet<string>) => void;

/**
 * After a notice the next one waits so long, ms, and takes all that has come meanwhile: each wakes
 * every process. A message that comes alone is announced at once.
 */
const APART_MS = 40;
/** So many go out together. */
const MOST_AT_ONCE = 200;

/**
 * Tells of new messages: this process at once, the others by a notice with no more than ids.
 */
export class MessageNews {
  /** By which this process knows its own notices again. */
  readonly id = randomUUID();
  readonly #knex: Knex;
  readonly #listeners = new Set<MessageListener>();
  #waiting: Broadcast[] = [];
  #isSending = false;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Returns what ends it. */
  listen(listener: MessageListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(message: MessageView, participants: readonly string[], log: ApiDeps['log']): void {
    const people = new Set(participants);
    for (const listener of this.#listeners) listener(message, people);
    const { id: messageId, sessionId, number } = message;
    const ids = { messageId, number };
    this.#waiting.push({ room: `session:${sessionId}`, event: 'message-created', ids });
    if (!this.#isSending) afterAnswering(log, 'news of messages', () => this.#send(log));
  }

  async #send(log: ApiDeps['log']): Promise<void> {
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MOST_AT_ONCE);
      try {
        await announceAll(this.#knex, this.id, batch);
      } catch (error) {
        // Other processes look for what they were not told.
        log.warn({ error: safely(error) }, 'new messages were not announced');
      }
      await sleep(APART_MS);
    }
    this.#isSending = false;
  }
}

const news = new WeakMap<Knex, MessageNews>();

/** The news of one database in this process. */
export function messageNewsOf(knex: Knex): MessageNews {
  const known = news.get(knex);
  if (known !== undefined) return known;
  const made = new MessageNews(knex);
  news.set(knex, made);
  return made;
}
