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
const KNOWN_FOR_MS = 5 * 60_000;

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
  /** When all of it was read, epoch ms: names change. */
  readonly readAtMs: number;
}

export type ContextDeps = { readonly knex: Knex; readonly cipher: FieldCipher };

/** Remembers those who write, so that a message in a running conversation needs no look first. */
export class SenderContexts {
  readonly #known = new Map<string, SenderContext>();
  readonly #refused = new Map<string, readonly Utterance[]>();

  /** Null where there is no such session. */
  async get(deps: ContextDeps, sessionId: string, personId: string): Promise<SenderContext | null> {
    const known = this.#known.get(keyOf(sessionId, personId));
    const isFresh = known !== undefined && Date.now() - known.readAtMs < KNOWN_FOR_MS;
    return isFresh ? known : readContext(deps, sessionId, personId);
  }

  /** Notes what somebody has just written, at the version that the database gave it. */
  wrote(personId: string, context: SenderContext, said: Utterance, chatVersion: number): void {
    const previous = [...context.previous, said].slice(-PREVIOUS_MESSAGES);
    const key = keyOf(context.session.id, personId);
    remember(this.#known, key, { ...context, chatVersion, previous });
  }

  /** Notes what somebody wrote in vain: it was said all the same. */
  wroteInVain(personId: string, said: Utterance): void {
    const before = this.#refused.get(personId) ?? [];
    remember(this.#refused, personId, [...before, said].slice(-PREVIOUS_MESSAGES));
  }

  /** The sender's texts that are still near enough to belong to what comes next, oldest first. */
  textsInView(personId: string, context: SenderContext | null, nowMs: number): string[] {
    const said = [...(context?.previous ?? []), ...(this.#refused.get(personId) ?? [])];
    return said
      .filter(({ atMs }) => nowMs - atMs <= PREVIOUS_WITHIN_MS)
      .toSorted((one, other) => one.atMs - other.atMs)
      .slice(-PREVIOUS_MESSAGES)
      .map(({ text }) => text);
  }

  forget(sessionId: string, personId: string): void {
    this.#known.delete(keyOf(sessionId, personId));
  }
}

/** What was noted longest ago is forgotten first. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  const oldest = map.keys().next();
  if (map.size >= MOST_REMEMBERED && oldest.done !== true) map.delete(oldest.value);
  map.set(key, value);
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
  const readAtMs = Date.now();
  if (view === null) return { session, sender: null, chatVersion: 0, previous: [], readAtMs };
  const { lastMessages, chatVersion, ...sender } = view;
  const sealed = lastMessages.map(({ id, content }) => ({ id, sessionId, content }));
  const contents = await openContents(cipher, knex, sealed);
  const previous = contents.map(({ text }, at) => {
    return { text, atMs: lastMessages[at]!.createdAt.getTime() };
  });
  return { session, sender, chatVersion, previous, readAtMs };
}
