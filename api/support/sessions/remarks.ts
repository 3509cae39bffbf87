import { FieldReader } from './fields.ts';

const LONGEST_FEEDBACK = 10_000;
const LONGEST_NOTES = 50_000;
const MOST_TAGS = 30;
const LONGEST_TAG = 60;

const ENDING = new Set(['closed', 'completed', 'cancelled']);
const OTHERS = new Set(['waiting', 'pending', 'active', 'escalated']);

/** What somebody says about a session; null for what they leave as it is. */
export interface Remarks {
  readonly rating: number | null;
  readonly feedback: string | null;
  readonly notes: string | null;
  readonly tags: readonly string[] | null;
  readonly ends: boolean;
  /** A state of either version that is no end. */
  readonly requestedStatus: string | null;
}

/** Throws `malformed_request`. */
export function readRemarks(body: unknown): Remarks {
  const fields = new FieldReader(body);
  const known = (word: unknown): string | null =>
    typeof word === 'string' && (ENDING.has(word) || OTHERS.has(word)) ? word : null;
  const status = fields.word(['status'], known);
  const remarks = {
    rating: fields.integer('rating', 1, 5),
    feedback: fields.text('feedback', LONGEST_FEEDBACK),
    notes: fields.text('sessionNotes', LONGEST_NOTES),
    tags: fields.texts('tags', MOST_TAGS, LONGEST_TAG),
  };
  fields.check();
  const ends = status !== null && ENDING.has(status);
  return { ...remarks, ends, requestedStatus: ends ? null : status };
}
