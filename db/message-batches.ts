import type { Knex } from 'knex';
import type { AuditInsert } from './audit/entry.ts';
import { SENT_COLUMNS, insertChatMessage, sendCall } from './chat-messages.ts';
import type { NewChatMessage, SendOutcome } from './chat-messages.ts';
import { isRefused, translateDatabaseError } from './database-errors.ts';
import { runStatement } from './statement.ts';
import type { Statement } from './statement.ts';
import { untilWon } from './transaction.ts';

/** What comes while a statement is under way goes into the next, which waits no longer, ms. */
const WAIT_MS = 10;
const MOST_TOGETHER = 50;

/** A message without files, as it is written: with its audit row. */
export interface PlainMessage {
  readonly message: NewChatMessage;
  /** The sender's version that it was screened with; null takes any. */
  readonly seenVersion: number | null;
  readonly audit: AuditInsert;
}

interface Waiting extends PlainMessage {
  readonly resolve: (outcome: SendOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes messages, those that come at the same time in one statement: each costs far less than with
 * one of its own. Whoever writes where another process holds the session, or along with a message that
 * the database refuses, is written alone, so that no message waits or fails for another.
 */
export class MessageBatches {
  readonly #knex: Knex;
  /** The sessions that statements under way write in. */
  readonly #held = new Set<string>();
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** As {@link insertChatMessage} under the terms of {@link untilWon}; resolves after the commit. */
  write(message: PlainMessage): Promise<SendOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...message, resolve, reject });
      if (this.#held.size === 0) this.#begin();
      else this.#timer ??= setTimeout(() => this.#begin(), WAIT_MS);
    });
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#takeNext();
    const [first] = batch;
    if (first === undefined) return;
    const sessionIds = batch.map(({ message }) => message.sessionId);
    for (const id of sessionIds) this.#held.add(id);
    const work = batch.length === 1 ? this.#writeAlone(first) : this.#writeTogether(batch);
    void work.finally(() => {
      for (const id of sessionIds) this.#held.delete(id);
      this.#begin();
    });
  }

  /** What a statement under way holds the session of would only wait for it. */
  #takeNext(): Waiting[] {
    const next: Waiting[] = [];
    const left: Waiting[] = [];
    for (const one of this.#waiting) {
      const isNext = next.length < MOST_TOGETHER && !this.#held.has(one.message.sessionId);
      (isNext ? next : left).push(one);
    }
    this.#waiting = left;
    return next;
  }

  async #writeAlone({ message, seenVersion, audit, resolve, reject }: Waiting): Promise<void> {
    const insert = (): Promise<SendOutcome> =>
      insertChatMessage(this.#knex, message, seenVersion, [audit]);
    await untilWon(insert).then(resolve, reject);
  }

  async #writeTogether(batch: readonly Waiting[]): Promise<void> {
    try {
      const rows = await runStatement<SentRow>(this.#knex, sendStatement(batch));
      const outcomes = new Map(rows.map(({ at, ...outcome }) => [Number(at) - 1, outcome]));
      for (const [at, waiting] of batch.entries()) {
        const outcome = outcomes.get(at);
        if (outcome === undefined) void this.#writeAlone(waiting);
        else waiting.resolve(outcome);
      }
    } catch (error) {
      for (const waiting of batch) {
        if (isRefused(error)) void this.#writeAlone(waiting);
        else waiting.reject(translateDatabaseError(error));
      }
    }
  }
}

type SentRow = SendOutcome & { readonly at: string };

function sendStatement(batch: readonly PlainMessage[]): Statement {
  const of = <Value>(value: (message: NewChatMessage) => Value): Value[] =>
    batch.map(({ message }) => value(message));
  const values = [
    of(({ id }) => id),
    of(({ sessionId }) => sessionId),
    of(({ senderId }) => senderId),
    of(({ senderRole }) => senderRole),
    of(({ type }) => type),
    of(({ content }) => content),
    of(({ isEncrypted }) => isEncrypted),
    of(({ isCrisis }) => isCrisis),
    of(({ clientKey }) => clientKey),
    of(({ replyTo }) => replyTo),
    batch.map(({ seenVersion }) => seenVersion),
    batch.map(({ audit }) => JSON.stringify([audit])),
  ];
  return { name: 'send-chat-messages', text: SEND_TOGETHER, values };
}

/** Those whose session is held by somebody else, or is none, are left out. */
const SEND_TOGETHER = `WITH free AS MATERIALIZED (
    SELECT id FROM support_sessions WHERE id = ANY($2::uuid[]) FOR NO KEY UPDATE SKIP LOCKED)
  SELECT given.at, ${SENT_COLUMNS}
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bytea[],
      $7::boolean[], $8::boolean[], $9::bytea[], $10::uuid[], $11::int[], $12::json[])
    WITH ORDINALITY AS given (message_id, session_id, sender_id, sender_role, type, content,
      is_encrypted, is_crisis, client_key, reply_to, seen_version, audit, at)
  JOIN free ON free.id = given.session_id
  CROSS JOIN LATERAL ${sendCall("'{}'::uuid[]")}`;
