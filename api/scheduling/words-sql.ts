import { SESSION_STATUSES } from '../../domain/session.ts';
import { locationTypeOf } from './session-block.ts';
import { statusWord } from './words.ts';

const FORMATS = ['video', 'audio', 'chat', 'in_person'] as const;

/** This door's words as SQL, made from the very functions that say them everywhere else. */
function caseOf<Value extends string>(
  column: string,
  values: readonly Value[],
  word: (value: Value) => string,
): string {
  const arms = values.map((value) => `WHEN '${value}' THEN '${word(value)}'`);
  return `CASE ${column} ${arms.join(' ')} END`;
}

export const WORDS_SQL = {
  status: caseOf('page.status', SESSION_STATUSES, statusWord),
  format: caseOf('page.format', FORMATS, locationTypeOf),
} as const;
