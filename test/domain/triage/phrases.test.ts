import { describe, expect, test } from '@jest/globals';
import { detect } from '../../../domain/triage/detect.ts';
import { SEVERITIES } from '../../../domain/triage/types.ts';
import type { Case } from './cases.ts';
import { EVERYDAY, EVERYDAY_ALARMS } from './everyday.ts';
import { PARAPHRASES } from './paraphrases.ts';
import { BENIGN } from './phrases-benign.ts';
import { EXPLICIT, IMPLICIT, OTHERS, PAST, STILL_MEANT } from './phrases-crisis.ts';

const CASES: Readonly<Record<string, readonly Case[]>> = {
  explicit: EXPLICIT,
  implicit: IMPLICIT,
  'of others': OTHERS,
  past: PAST,
  'still meant': STILL_MEANT,
};

function rank(severity: string): number {
  return (SEVERITIES as readonly string[]).indexOf(severity);
}

describe.each(Object.entries(CASES))('%s', (_, cases) => {
  test.each(cases.map((row) => [row[0], row] as const))('%s', (_text, row) => {
    const [text, atLeast, category, subject] = row;
    const found = detect(text);
    expect(`${found.severity} (at least ${atLeast})`).toBe(
      `${rank(found.severity) >= rank(atLeast) ? found.severity : atLeast} (at least ${atLeast})`,
    );
    if (category !== undefined) expect(found.category).toBe(category);
    if (subject !== undefined) expect(found.evidence[0]?.subject).toBe(subject);
    for (const { spans } of found.evidence) {
      for (const span of spans) expect(text.slice(span.start, span.end)).toBe(span.text);
    }
  });
});

test('what others go through is graded below the same of oneself', () => {
  expect(rank(detect('my friend wants to die').severity)).toBeLessThan(
    rank(detect('I want to die').severity),
  );
});

test.each(PAST)('what is over is graded below the present: %s', (text) => {
  expect(rank(detect(text).severity)).toBeLessThanOrEqual(rank('medium'));
});

/** A counted few of the benign may be taken for more than they are; an alarm is one from medium. */
const MOST_ALARMS = 0;
const MOST_NOTES = 2;

test('hardly anything benign raises an alarm', () => {
  const texts = Object.values(BENIGN).flat();
  const found = texts.map((text) => [text, detect(text).severity] as const);
  const alarms = found.filter(([, severity]) => rank(severity) >= rank('medium'));
  const notes = found.filter(([, severity]) => severity === 'low');
  expect({ of: texts.length, alarms, notes: notes.slice(MOST_NOTES) }).toEqual({
    of: texts.length,
    alarms: alarms.slice(0, MOST_ALARMS),
    notes: [],
  });
});

test.each(PARAPHRASES)('said in other words: %s', (text) => {
  expect(rank(detect(text).severity)).toBeGreaterThanOrEqual(rank('medium'));
});

test('everyday texts raise no other alarms than those listed', () => {
  const alarms = EVERYDAY.filter((text) => rank(detect(text).severity) >= rank('medium'));
  expect(alarms).toEqual(EVERYDAY.filter((text) => EVERYDAY_ALARMS.has(text)));
});

test('the table is large enough to tell something', () => {
  const crisis = Object.values(CASES).flat().length;
  expect(crisis + Object.values(BENIGN).flat().length).toBeGreaterThanOrEqual(180);
});
