import type { Knex } from 'knex';
import type { FieldCipher } from '../../../crypto/field-cipher.ts';
import { findSenderView } from '../../../db/chat-messages.ts';
import type { ChatPerson } from '../../../db/chat-messages.ts';
import { findSupportSession } from '../../../db/support-sessions.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';
import { PREVIOUS_MESSAGES } from '../../../domain/triage/detect.ts';
import { openContents } from './sealed-content.ts';

/** A cry that is split over messages is typed within this time. */
export const PREVIOUS_WITHIN_MS = 10 * 60_000;
const MOST_REMEMBERED = 5_000;

export interface Utterance {
  readonly text: string;
  /** Epoch ms. */
  readonly atMs: number;
}

/** What a process knows of a session and of one who writes in it. */
export interface SenderContext {
  /** As it was when it was read: who may write now is for the database to say. */
  readonly session: SupportSession;
  /** Null for somebody who has never taken part. */
  readonly sender: ChatPerson | null;
  /** The database refuses a message that was screened with an older one. */
  readonly chatVersion: number;
  /** The sender's own last messages, oldest first. */
  readonly previous: readonly Utterance[];
}

export type ContextDeps = { readonly knex: Knex; readonly cipher: FieldCipher };

/** Remembers those who write, so that a message in a running conversation needs no look first. */
export class SenderContexts {
  readonly #known = new Map<string, SenderContext>();

  /** Null where there is no such session. */
  async get(deps: ContextDeps, sessionId: string, personId: string): Promise<SenderContext | null> {
    const known = this.#known.get(keyOf(sessionId, personId));
    return known ?? readContext(deps, sessionId, personId);
  }

  /** Notes what somebody has just written, at the version that the database gave it. */
  wrote(personId: string, context: SenderContext, said: Utterance, chatVersion: number): void {
    const key = keyOf(context.session.id, personId);
    this.#known.delete(key);
    const oldest = this.#known.keys().next();
    if (this.#known.size >= MOST_REMEMBERED && oldest.done !== true) {
      this.#known.delete(oldest.value);
    }
    const previous = [...context.previous, said].slice(-PREVIOUS_MESSAGES);
    this.#known.set(key, { ...context, chatVersion, previous });
  }

  forget(sessionId: string, personId: string): void {
    this.#known.delete(keyOf(sessionId, personId));
  }
}

/** The texts that are still near enough to belong to what comes next. */
export function textsInView(context: SenderContext | null, nowMs: number): string[] {
  const recent = context?.previous.filter(({ atMs }) => nowMs - atMs <= PREVIOUS_WITHIN_MS);
  return recent?.map(({ text }) => text) ?? [];
}

function keyOf(sessionId: string, personId: string): string {
  return `${sessionId} ${personId}`;
}

async function readContext(
  { knex, cipher }: ContextDeps,
  sessionId: string,
  personId: string,
): Promise<SenderContext | null> {
  const last = { count: PREVIOUS_MESSAGES, withinMs: PREVIOUS_WITHIN_MS };
  const [session, view] = await Promise.all([
    findSupportSession(knex, sessionId),
    findSenderView(knex, sessionId, personId, last),
  ]);
  if (session === null) return null;
  if (view === null) return { session, sender: null, chatVersion: 0, previous: [] };
  const { lastMessages, chatVersion, ...sender } = view;
  const sealed = lastMessages.map(({ id, content }) => ({ id, sessionId, content }));
  const contents = await openContents(cipher, knex, sealed);
  const previous = contents.map(({ text }, at) => {
    return { text, atMs: lastMessages[at]!.createdAt.getTime() };
  });
  return { session, sender, chatVersion, previous };
}
