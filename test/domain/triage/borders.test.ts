import { describe, expect, test } from '@jest/globals';
import { detect } from '../../../domain/triage/detect.ts';
import {
  CALM_AT_BORDERS,
  CALM_IN_QUOTES,
  CRIES_AT_BORDERS,
  CRIES_IN_QUOTES,
  CRIES_IN_SAYINGS,
} from './borders.ts';

/** Whether a human is called: from medium on. */
function isAlarm(text: string): boolean {
  return !['none', 'low'].includes(detect(text).severity);
}

describe('what is said beyond a comma, a dash or a line', () => {
  test.each(CRIES_AT_BORDERS)('explains nothing away: %j', (text) => {
    expect(isAlarm(text)).toBe(true);
  });

  test.each(CALM_AT_BORDERS)('may belong to a saying: %j', (text) => {
    expect(isAlarm(text)).toBe(false);
  });
});

test.each(CRIES_IN_SAYINGS)('a saying does not hide what is said beside it: %j', (text) => {
  expect(isAlarm(text)).toBe(true);
});

describe('a quotation beside a word of a story', () => {
  test.each(CRIES_IN_QUOTES)('may be what the writer wishes: %j', (text) => {
    expect(isAlarm(text)).toBe(true);
  });

  test.each(CALM_IN_QUOTES)('may be the story: %j', (text) => {
    expect(isAlarm(text)).toBe(false);
  });

  test('is graded one step lower where the writer is around', () => {
    expect(detect('I wrote one line: "I want to die"').evidence[0]).toMatchObject({
      severity: 'medium',
      adjustments: ['fiction'],
    });
  });
});
