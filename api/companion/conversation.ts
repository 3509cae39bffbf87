import type { Knex } from 'knex';
import {
  type CompanionConversation,
  findConversation,
  findConversationOfName,
  findConversationOfSession,
  listTurns,
} from '../../db/companion.ts';
import { findSupportSession } from '../../db/support-sessions.ts';
import { readCompanionState } from '../../domain/companion/state.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { PREVIOUS_MESSAGES } from '../../domain/triage/detect.ts';
import { relationToConversation } from '../access/companion-access.ts';
import type { Principal } from '../access/principal.ts';
import { relationToSupport } from '../access/support-access.ts';
import type { ApiDeps } from '../context.ts';
import { PREVIOUS_WITHIN_MS } from '../support/messages/sender-context.ts';
import { clientNameOf } from './client-name.ts';
import { memoryOf } from './memory.ts';
import type { KnownConversation } from './memory.ts';
import { openSealed, openTurns } from './sealed-texts.ts';
import type { TurnWish } from './turn-wish.ts';

interface Deps extends Pick<ApiDeps, 'knex' | 'cipher'> {
  /** The pool to read from: whoever cries for help waits for no other than that for crises. */
  readonly db: Knex;
}

/** Where a turn belongs: a conversation that is there, or one to be begun. */
export type Place =
  | { readonly kind: 'known'; readonly known: KnownConversation }
  | {
      readonly kind: 'new';
      readonly sessionId: string | null;
      /** The digest of the client's own name for it. */
      readonly clientName?: Buffer;
    };

/**
 * Finds the conversation that somebody goes on with. Throws `not_found` for one that isn't theirs,
 * and for a session that isn't. A session's name that is no id of ours is a client's own: the first
 * time it begins a conversation.
 */
export async function placeOf(deps: Deps, principal: Principal, wish: TurnWish): Promise<Place> {
  const { conversationId, sessionId } = wish;
  if (conversationId !== null) {
    return { kind: 'known', known: await ownConversation(deps, principal, conversationId) };
  }
  const id = sessionId?.toLowerCase() ?? null;
  if (id === null || id.trim() === '') return { kind: 'new', sessionId: null };
  if (!isUuid(id)) return ofName(deps, principal, clientNameOf(principal.personId, sessionId!));
  const remembered = memoryOf(deps).conversations.get(id);
  const known = remembered?.conversation ?? (await findConversation(deps.db, id));
  if (known !== null) return { kind: 'known', known: await ownConversation(deps, principal, id) };
  return besideSession(deps, principal, id);
}

/** One open conversation for each name that somebody's client has for its sessions. */
async function ofName(deps: Deps, { personId }: Principal, clientName: Buffer): Promise<Place> {
  const named = await findConversationOfName(deps.db, personId, clientName);
  return named === null
    ? { kind: 'new', sessionId: null, clientName }
    : { kind: 'known', known: await knownConversation(deps, named.id, named) };
}

/** The companion beside a support session of one's own: one open conversation for each. */
async function besideSession(deps: Deps, principal: Principal, id: string): Promise<Place> {
  const session = await findSupportSession(deps.db, id);
  if (relationToSupport(principal, session) !== 'patient') throw unknown();
  const beside = await findConversationOfSession(deps.db, principal.personId, id);
  return beside === null
    ? { kind: 'new', sessionId: id }
    : { kind: 'known', known: await knownConversation(deps, beside.id, beside) };
}

async function ownConversation(
  deps: Deps,
  principal: Principal,
  given: string,
): Promise<KnownConversation> {
  const id = given.toLowerCase();
  const known = await knownConversation(deps, id, null);
  if (relationToConversation(principal, known.conversation) !== 'owner') throw unknown();
  return known;
}

async function knownConversation(
  deps: Deps,
  id: string,
  found: CompanionConversation | null,
): Promise<KnownConversation> {
  const { conversations } = memoryOf(deps);
  const remembered = conversations.get(id);
  if (remembered !== undefined) return remembered;
  const conversation = found ?? (await findConversation(deps.db, id));
  if (conversation === null) throw unknown();
  const known = await readConversation(deps, conversation);
  conversations.set(id, known);
  return known;
}

/** Opens what the next turn needs of a conversation. */
async function readConversation(
  { db, cipher }: Deps,
  conversation: CompanionConversation,
): Promise<KnownConversation> {
  const { id: conversationId, state } = conversation;
  const isRecent = Date.now() - conversation.lastTurnAt.getTime() <= PREVIOUS_WITHIN_MS;
  const turns = isRecent ? await listTurns(db, conversationId, PREVIOUS_MESSAGES) : [];
  const [opened, openedTurns] = await Promise.all([
    state === null ? null : openSealed(cipher, db, { conversationId }, 'state', state),
    openTurns(cipher, db, conversationId, turns),
  ]);
  const said = openedTurns.flatMap(({ words, saidAt }) =>
    words === null ? [] : [{ text: words.text, atMs: saidAt.getTime() }],
  );
  return { conversation, state: opened && readCompanionState(opened, Date.now()), said };
}

function unknown(): HoldfastError {
  return new HoldfastError('not_found', 'There is no such conversation');
}
