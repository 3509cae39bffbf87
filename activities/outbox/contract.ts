import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import type { FieldCipher } from '../../crypto/field-cipher.ts';
import type { OutboxRow } from '../../db/outbox.ts';

/** What consumers reach outside with. */
export interface OutboxDeps {
  readonly knex: Knex;
  readonly temporal: Client;
  readonly cipher: FieldCipher;
}

/**
 * Somebody who has to hear of outgoing events. Each event of its topics is handed over at least
 * once, also after a crash in the middle, so `handle` must be safe to run twice. One that throws
 * is tried again later, with growing pauses, and holds up nobody else. Mostly events come in the
 * order of their ids, but with several workers, retries or late commits they may not.
 */
export interface OutboxConsumer {
  /** Never changes: pending events are kept under it. */
  readonly name: string;
  /** What it hears of: all events of a topic, or those whose `event` or `status` is named. */
  readonly topics: Readonly<Record<string, 'all' | readonly string[]>>;
  handle(deps: OutboxDeps, row: OutboxRow): Promise<void>;
}
