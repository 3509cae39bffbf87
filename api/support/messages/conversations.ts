import type { Knex } from 'knex';
import { MessageBatches } from '../../../db/message-batches.ts';
import { KeyedQueue } from './keyed-queue.ts';
import { SenderContexts } from './sender-context.ts';

/** What this process remembers of the conversations of one database. */
export interface Conversations {
  readonly contexts: SenderContexts;
  /** One sender's messages in one session, one after the other. */
  readonly queue: KeyedQueue;
  readonly batches: MessageBatches;
}

const known = new WeakMap<Knex, Conversations>();

export function conversationsOf({ knex }: { readonly knex: Knex }): Conversations {
  const conversations = known.get(knex) ?? {
    contexts: new SenderContexts(),
    queue: new KeyedQueue(),
    batches: new MessageBatches(knex),
  };
  known.set(knex, conversations);
  return conversations;
}
