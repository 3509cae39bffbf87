import type { Knex } from 'knex';
import type { FieldCipher, FieldRef, SealedField } from '../../crypto/field-cipher.ts';
import type { CompanionTurn } from '../../db/companion.ts';
import type { CompanionReply, CompanionState } from '../../domain/companion/types.ts';
import type { AlertSeverity } from '../../domain/escalation-policy.ts';

/** What somebody said in a turn. */
export interface SaidWords {
  readonly text: string;
}

/** What was answered, with all that goes with it. Health data: sealed together. */
export interface GivenReply extends CompanionReply {
  /** The model that wrote it, or the product's own companion. */
  readonly model: string;
  /** The detector's word on what the person said; null where it found nothing. */
  readonly severity: AlertSeverity | null;
  /** The alert that the turn raised, or that was open already. */
  readonly alertId: string | null;
  /** The support session in which a human goes on. */
  readonly handedOverTo: string | null;
}

/** What a conversation was begun with. */
export interface OpeningDetails {
  readonly mood: string | null;
  readonly language: string | null;
  readonly style: string | null;
  readonly goals: readonly string[];
  readonly topics: readonly string[];
}

export interface ClosingWords {
  readonly feedback: string | null;
  readonly helpfulTopics: readonly string[];
}

export type CompanionColumn = 'state' | 'details' | 'closing' | 'words' | 'reply' | 'partial';

/** Every conversation has a data key of its own; each text is bound to its place. */
export function companionRef(
  conversationId: string,
  column: CompanionColumn,
  turnId?: string,
): FieldRef {
  const place = { purpose: 'companion', objectId: conversationId, column };
  return turnId === undefined ? place : { ...place, rowId: turnId };
}

interface Sealed {
  readonly state: CompanionState;
  readonly details: OpeningDetails;
  readonly closing: ClosingWords;
  readonly words: SaidWords;
  readonly reply: GivenReply;
  readonly partial: SaidWords;
}

/** Seals for one conversation, in the pool or transaction that writes it. */
export function sealing(
  cipher: FieldCipher,
  db: Knex,
  conversationId: string,
): <Column extends CompanionColumn>(
  column: Column,
  value: Sealed[Column],
  turnId?: string,
) => Promise<Buffer> {
  return (column, value, turnId) =>
    cipher.sealField(db, companionRef(conversationId, column, turnId), JSON.stringify(value));
}

export async function openSealed<Column extends CompanionColumn>(
  cipher: FieldCipher,
  db: Knex,
  place: { readonly conversationId: string; readonly turnId?: string },
  column: Column,
  sealed: Buffer,
): Promise<Sealed[Column]> {
  const ref = companionRef(place.conversationId, column, place.turnId);
  return JSON.parse(await cipher.openField(db, ref, sealed)) as Sealed[Column];
}

/** A turn in clear. */
export interface OpenedTurn {
  readonly id: string;
  readonly number: number;
  /** Null where the companion began. */
  readonly words: SaidWords | null;
  readonly reply: GivenReply;
  readonly isCrisis: boolean;
  readonly saidAt: Date;
  readonly repliedAt: Date;
}

/** What was said in some turns, and nothing of the answers. */
export async function openWords(
  cipher: FieldCipher,
  db: Knex,
  conversationId: string,
  turns: readonly CompanionTurn[],
): Promise<SaidWords[]> {
  const fields = turns.flatMap(({ id, words }): SealedField[] =>
    words === null ? [] : [{ ref: companionRef(conversationId, 'words', id), sealed: words }],
  );
  const texts = fields.length === 0 ? [] : await cipher.openFields(db, fields);
  return texts.map((text) => JSON.parse(text) as SaidWords);
}

/** Many at once, in their order, with one query for the key. */
export async function openTurns(
  cipher: FieldCipher,
  db: Knex,
  conversationId: string,
  turns: readonly CompanionTurn[],
): Promise<OpenedTurn[]> {
  const fields = turns.flatMap(({ id, words, reply }): SealedField[] => [
    ...(words === null ? [] : [{ ref: companionRef(conversationId, 'words', id), sealed: words }]),
    { ref: companionRef(conversationId, 'reply', id), sealed: reply },
  ]);
  const texts = fields.length === 0 ? [] : await cipher.openFields(db, fields);
  let at = 0;
  const next = (): unknown => JSON.parse(texts[at++]!);
  return turns.map(({ id, number, words, isCrisis, saidAt, repliedAt }) => {
    const said = words === null ? null : (next() as SaidWords);
    return { id, number, words: said, reply: next() as GivenReply, isCrisis, saidAt, repliedAt };
  });
}
