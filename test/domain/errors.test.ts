import { describe, expect, test } from '@jest/globals';
import {
  ERROR_RULES,
  type ErrorCode,
  HoldfastError,
  errorCodeOf,
  isErrorCode,
  isRetryable,
} from '../../domain/errors.ts';

const CODES = Object.keys(ERROR_RULES) as ErrorCode[];

describe('the vocabulary of errors', () => {
  test.each(CODES)('%s: only what passes by itself is retried', (code) => {
    const { status } = ERROR_RULES[code];
    expect(isRetryable(code)).toBe(status >= 500 || status === 429);
    expect(isErrorCode(code)).toBe(true);
  });

  test.each(['toString', '__proto__', 'constructor', 'hasOwnProperty', '', 'Forbidden', 7, null])(
    '%p is no code',
    (value) => {
      expect(isErrorCode(value)).toBe(false);
      expect(errorCodeOf({ code: value })).toBeNull();
    },
  );

  test('a code is known across copies of the class, by its name alone', () => {
    expect(errorCodeOf(new HoldfastError('not_found', 'No.'))).toBe('not_found');
    expect(errorCodeOf({ code: 'rate_limited' })).toBe('rate_limited');
    expect([errorCodeOf(null), errorCodeOf('not_found'), errorCodeOf(new Error('x'))]).toEqual([
      null,
      null,
      null,
    ]);
  });

  test('an error keeps its cause, and has none where none was given', () => {
    const cause = new Error('below');
    expect(new HoldfastError('internal', 'No.', {}, cause).cause).toBe(cause);
    expect('cause' in new HoldfastError('internal', 'No.')).toBe(false);
  });
});
