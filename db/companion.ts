import type { Knex } from 'knex';
import { isUuid } from '../domain/ids.ts';
import type { AuditInsert } from './audit/entry.ts';
import { runStatement } from './statement.ts';

export type ReplySource = 'guided' | 'model' | 'crisis' | 'hand_over';

/** A conversation with the companion as it is stored; texts are sealed under its own key. */
export interface CompanionConversation {
  readonly id: string;
  readonly clinicId: string;
  readonly personId: string;
  readonly isAnonymous: boolean;
  readonly sessionId: string | null;
  readonly status: 'active' | 'ended';
  readonly state: Buffer | null;
  readonly details: Buffer | null;
  readonly version: number;
  readonly turnCount: number;
  readonly handedOverTo: string | null;
  readonly isSummaryShared: boolean;
  /** They were asked whether to pass a summary on, and have said nothing since. */
  readonly awaitsConsent: boolean;
  readonly rating: number | null;
  readonly startedAt: Date;
  readonly lastTurnAt: Date;
  readonly endedAt: Date | null;
}

export interface CompanionTurn {
  readonly id: string;
  readonly number: number;
  readonly words: Buffer | null;
  readonly reply: Buffer;
  readonly source: ReplySource;
  readonly isCrisis: boolean;
  readonly saidAt: Date;
  readonly repliedAt: Date;
}

const CONVERSATION = `c.id, c.clinic_id AS "clinicId", c.person_id AS "personId",
  c.is_anonymous AS "isAnonymous", c.session_id AS "sessionId", c.status, c.state, c.details,
  c.version, c.turn_count AS "turnCount", c.handed_over_to AS "handedOverTo",
  c.is_summary_shared AS "isSummaryShared", c.awaits_consent AS "awaitsConsent", c.rating, c.started_at AS "startedAt",
  c.last_turn_at AS "lastTurnAt", c.ended_at AS "endedAt"`;

const TURN = `t.id, t.number, t.words, t.reply, t.source, t.is_crisis AS "isCrisis",
  t.said_at AS "saidAt", t.replied_at AS "repliedAt"`;

/** Null for no such conversation and for no id at all. */
export async function findConversation(
  db: Knex,
  id: string,
): Promise<CompanionConversation | null> {
  if (!isUuid(id)) return null;
  const { rows } = await db.raw<{ rows: CompanionConversation[] }>(
    `SELECT ${CONVERSATION} FROM companion_conversations AS c WHERE c.id = ?`,
    [id],
  );
  return rows[0] ?? null;
}

/** The person's open conversation that goes along with a support session; null for none. */
export async function findConversationOfSession(
  db: Knex,
  personId: string,
  sessionId: string,
): Promise<CompanionConversation | null> {
  const { rows } = await db.raw<{ rows: CompanionConversation[] }>(
    `SELECT ${CONVERSATION} FROM companion_conversations AS c
     WHERE c.session_id = ? AND c.person_id = ? AND c.status = 'active'
     ORDER BY c.last_turn_at DESC LIMIT 1`,
    [sessionId, personId],
  );
  return rows[0] ?? null;
}

/** The person's open conversation that their client has this name for; null for none. */
export async function findConversationOfName(
  db: Knex,
  personId: string,
  clientName: Buffer,
): Promise<CompanionConversation | null> {
  const { rows } = await db.raw<{ rows: CompanionConversation[] }>(
    `SELECT ${CONVERSATION} FROM companion_conversations AS c
     WHERE c.person_id = ? AND c.client_name = ? AND c.status = 'active'`,
    [personId, clientName],
  );
  return rows[0] ?? null;
}

/** The newest turns of a conversation, oldest first. */
export async function listTurns(
  db: Knex,
  conversationId: string,
  limit: number,
): Promise<CompanionTurn[]> {
  const { rows } = await db.raw<{ rows: CompanionTurn[] }>(
    `SELECT ${TURN} FROM companion_turns AS t WHERE t.conversation_id = ?
     ORDER BY t.number DESC LIMIT ?`,
    [conversationId, limit],
  );
  return rows.toReversed();
}

export interface FoundTurn extends CompanionTurn {
  readonly conversationId: string;
  readonly partial: Buffer | null;
}

/** Null for no such turn. */
export async function findTurn(db: Knex, id: string): Promise<FoundTurn | null> {
  const { rows } = await db.raw<{ rows: FoundTurn[] }>(
    `SELECT ${TURN}, t.conversation_id AS "conversationId", t.partial
     FROM companion_turns AS t WHERE t.id = ?`,
    [id],
  );
  return rows[0] ?? null;
}

/** How a conversation is begun, together with its first turn. */
export interface Opening {
  readonly clinicId: string;
  readonly isAnonymous: boolean;
  readonly sessionId: string | null;
  /** The digest of what the client calls it; null without a name. */
  readonly clientName: Buffer | null;
  /** Sealed. */
  readonly details: Buffer | null;
}

export interface NewTurn {
  readonly id: string;
  readonly conversationId: string;
  readonly personId: string;
  readonly words: Buffer | null;
  readonly reply: Buffer;
  readonly source: ReplySource;
  readonly isCrisis: boolean;
  /** Null leaves it as it is. */
  readonly state: Buffer | null;
  /** The version that the reply was composed with; null takes any. */
  readonly seenVersion: number | null;
  /** Null for a conversation that is there. */
  readonly opening: Opening | null;
}

/**
 * `known`: the turn is there already. `alarmed`: an alert of the person's still pages, so that only
 * the reply to a crisis may be given. `unseen`: another turn came between.
 */
export type TurnOutcome =
  | {
      readonly outcome: 'taken';
      readonly number: number;
      readonly version: number;
      readonly takenAt: Date;
    }
  | { readonly outcome: 'alarmed'; readonly alertId: string }
  | { readonly outcome: 'none' | 'known' | 'over' | 'unseen' };

/**
 * A calm turn is answered before its commit is on disk: should the database's machine lose its power
 * right then, half a second of small talk is gone from the history. With a crisis nothing is risked.
 */
const NOT_AWAITED = `, set_config('synchronous_commit', 'off', true)`;

/** Takes a turn with its reply and its audit row, in one statement. */
export async function insertTurn(
  db: Knex,
  turn: NewTurn,
  audit: AuditInsert,
): Promise<TurnOutcome> {
  const { opening } = turn;
  const values = [
    turn.id,
    turn.conversationId,
    turn.personId,
    turn.words,
    turn.reply,
    turn.source,
    turn.isCrisis,
    turn.state,
    turn.seenVersion,
    opening === null ? null : openingIn(opening),
    audit.clinic_id,
    audit.actor_id,
    audit.actor_role,
    audit.action,
    audit.object_type,
    audit.request_id,
    JSON.stringify(audit.changes),
  ];
  const statement = turn.isCrisis ? TAKE_CRY : TAKE_CALM;
  const [outcome] = await runStatement<TurnOutcome>(db, { ...statement, values });
  return outcome!;
}

/** JSON has no bytes. */
function openingIn({ clientName, details, ...opening }: Opening): string {
  const bytes = { clientName, details };
  const texts = Object.entries(bytes).map(([name, value]) => [name, value?.toString('base64')]);
  return JSON.stringify({ ...opening, ...Object.fromEntries(texts) });
}

const TAKE = (also: string): string => `
  SELECT outcome, number, version, taken_at AS "takenAt", alert_id AS "alertId" ${also}
  FROM take_companion_turn($1::uuid, $2::uuid, $3::uuid, $4::bytea, $5::bytea, $6::text,
    $7::boolean, $8::bytea, $9::int, $10::json, $11::uuid, $12::uuid, $13::text, $14::text, $15::text,
    $16::text, $17::jsonb)`;
const TAKE_CALM = { name: 'take-calm-companion-turn', text: TAKE(NOT_AWAITED) };
const TAKE_CRY = { name: 'take-companion-cry', text: TAKE('') };

export interface Revision {
  readonly turnId: string;
  readonly conversationId: string;
  readonly personId: string;
  readonly reply: Buffer;
  readonly source: ReplySource;
  readonly isCrisis: boolean;
  /** The guided companion's state to go back to where nothing was said since; null keeps it. */
  readonly restoredState: Buffer | null;
  readonly seenVersion: number;
}

export type RevisionOutcome =
  | { readonly outcome: 'revised'; readonly version: number }
  | { readonly outcome: 'alarmed'; readonly alertId: string }
  | { readonly outcome: 'gone' };

/** Gives a turn that the guided companion has answered another answer, once. */
export async function reviseTurn(db: Knex, revision: Revision): Promise<RevisionOutcome> {
  const { rows } = await db.raw<{ rows: [RevisionOutcome] }>(
    `SELECT outcome, version, alert_id AS "alertId"
     FROM revise_companion_turn(?::uuid, ?::uuid, ?::uuid, ?::bytea, ?::text, ?::boolean, ?::bytea,
       ?::int)`,
    [
      revision.turnId,
      revision.conversationId,
      revision.personId,
      revision.reply,
      revision.source,
      revision.isCrisis,
      revision.restoredState,
      revision.seenVersion,
    ],
  );
  return rows[0];
}

export interface Closing {
  readonly rating: number | null;
  /** Sealed. */
  readonly closing: Buffer | null;
}

/** Ends an open conversation; null where it is over already. */
export async function endConversation(
  trx: Knex,
  id: string,
  { rating, closing }: Closing,
): Promise<CompanionConversation | null> {
  const { rows } = await trx.raw<{ rows: CompanionConversation[] }>(
    `UPDATE companion_conversations AS c
     SET status = 'ended', ended_at = clock_timestamp(), rating = ?, closing = ?,
       version = version + 1
     WHERE c.id = ? AND c.status = 'active' RETURNING ${CONVERSATION}`,
    [rating, closing, id],
  );
  return rows[0] ?? null;
}
