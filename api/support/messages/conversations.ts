import type { Knex } from 'knex';
import { KeyedQueue } from './keyed-queue.ts';
import { SenderContexts } from './sender-context.ts';

/** What this process remembers of the conversations of one database. */
export interface Conversations {
  readonly contexts: SenderContexts;
  /** One sender's messages in one session, one after the other. */
  readonly queue: KeyedQueue;
}

const known = new WeakMap<Knex, Conversations>();

export function conversationsOf({ knex }: { readonly knex: Knex }): Conversations {
  const conversations = known.get(knex) ?? {
    contexts: new SenderContexts(),
    queue: new KeyedQueue(),
  };
  known.set(knex, conversations);
  return conversations;
}
