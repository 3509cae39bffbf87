import type { Knex } from 'knex';
import type { FieldCipher, FieldRef, SealedField } from '../../../crypto/field-cipher.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';

/** What a patient typed when they asked for help. */
export interface SupportDetails {
  readonly title: string | null;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly preferences: Readonly<Record<string, unknown>> | null;
}

export interface SupportTexts extends SupportDetails {
  /** What was confided to the companion, passed on with consent to those who take part. */
  readonly summary: string | null;
  readonly notes: string | null;
  readonly feedback: string | null;
}

type SealedDetails = SupportDetails & Pick<SupportTexts, 'summary'>;

const NO_DETAILS: SealedDetails = {
  title: null,
  description: null,
  tags: [],
  preferences: null,
  summary: null,
};

const COLUMN_NAMES = {
  details: 'details',
  notes: 'notes',
  feedback: 'feedback',
  helperFeedback: 'helper_feedback',
} as const;
type Column = keyof typeof COLUMN_NAMES;

/** Where a session's texts live: under the key of its conversation. */
export function conversationRef(sessionId: string, column: string, rowId?: string): FieldRef {
  const place = { purpose: 'conversation', objectId: sessionId, column };
  return rowId === undefined ? place : { ...place, rowId };
}

export async function sealSupportText(
  cipher: FieldCipher,
  db: Knex,
  sessionId: string,
  column: (typeof COLUMN_NAMES)[Column],
  text: string,
): Promise<Buffer> {
  return cipher.sealField(db, conversationRef(sessionId, column), text);
}

/** As it is sealed: what is told of a session before its messages, together. */
export function detailsIn(texts: SealedDetails): string {
  const { title, description, tags, preferences, summary } = texts;
  return JSON.stringify({ title, description, tags, preferences, summary });
}

/** The texts of some sessions in their order, with one query for all keys. */
export async function openSupportTexts(
  cipher: FieldCipher,
  db: Knex,
  sessions: readonly SupportSession[],
  columns: readonly Column[] = ['details'],
): Promise<SupportTexts[]> {
  const fields: SealedField[] = sessions.flatMap((session) =>
    columns.flatMap((column) => {
      const sealed = session[column];
      return sealed === null
        ? []
        : [{ ref: conversationRef(session.id, COLUMN_NAMES[column]), sealed }];
    }),
  );
  const opened = fields.length === 0 ? [] : await cipher.openFields(db, fields);
  let at = 0;
  return sessions.map((session) => {
    const texts: Partial<Record<Column, string>> = {};
    for (const column of columns) if (session[column] !== null) texts[column] = opened[at++]!;
    const given =
      texts.details === undefined ? {} : (JSON.parse(texts.details) as Partial<SealedDetails>);
    const feedback = texts.feedback ?? texts.helperFeedback ?? null;
    return { ...NO_DETAILS, ...given, notes: texts.notes ?? null, feedback };
  });
}
