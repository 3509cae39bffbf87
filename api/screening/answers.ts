import type { Knex } from 'knex';
import type { FieldCipher, FieldRef } from '../../crypto/field-cipher.ts';
import type { ScreeningResponse } from '../../db/screening-responses.ts';
import type { ScreeningResult } from '../../db/screening-results.ts';
import type { ChosenValues } from '../../domain/screening/score.ts';

/** What was answered to one question. */
export interface GivenAnswer {
  readonly value?: number;
  readonly text?: string;
}

export type GivenAnswers = ReadonlyMap<number, GivenAnswer>;

function answersRef(responseId: string): FieldRef {
  return { purpose: 'screening', objectId: responseId, column: 'answers' };
}

export function reviewNotesRef(responseId: string): FieldRef {
  return { purpose: 'screening', objectId: responseId, column: 'review_notes' };
}

export async function openAnswers(
  cipher: FieldCipher,
  db: Knex,
  { id, answers }: Pick<ScreeningResponse, 'id' | 'answers'>,
): Promise<Map<number, GivenAnswer>> {
  if (answers === null) return new Map();
  const clear = await cipher.openField(db, answersRef(id), answers);
  return new Map(JSON.parse(clear) as [number, GivenAnswer][]);
}

export function sealAnswers(
  cipher: FieldCipher,
  db: Knex,
  responseId: string,
  answers: GivenAnswers,
): Promise<Buffer> {
  return cipher.sealField(db, answersRef(responseId), JSON.stringify([...answers]));
}

export function chosenValues(answers: GivenAnswers): ChosenValues {
  const values = new Map<number, number>();
  for (const [number, { value }] of answers) if (value !== undefined) values.set(number, value);
  return values;
}

/** Null where nothing was noted, or nobody has looked at the result yet. */
export async function openReviewNotes(
  cipher: FieldCipher,
  db: Knex,
  { responseId, reviewNotes }: Pick<ScreeningResult, 'responseId' | 'reviewNotes'>,
): Promise<string | null> {
  if (reviewNotes === null) return null;
  return cipher.openField(db, reviewNotesRef(responseId), reviewNotes);
}
