import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GAD_7 } from '../../../domain/screening/instruments/gad-7.ts';
import { GHQ_12, GHQ_28 } from '../../../domain/screening/instruments/ghq.ts';
import { SHIPPED } from '../../../domain/screening/instruments/index.ts';
import { PHQ_9 } from '../../../domain/screening/instruments/phq-9.ts';
import { missingNumbers, scoreOf } from '../../../domain/screening/score.ts';
import type { QuestionnaireTemplate } from '../../../domain/screening/template.ts';

function chosen(values: readonly number[]): Map<number, number> {
  return new Map(values.map((value, at) => [at + 1, value]));
}

/** Answers of 0 to 3 each that come to a total, filled up from one end or the other. */
function filled(count: number, total: number, isFromEnd = false): Map<number, number> {
  const values = Array.from({ length: count }, (_, at) => Math.max(0, Math.min(3, total - 3 * at)));
  return chosen(isFromEnd ? values.toReversed() : values);
}

/** Every combination of answers to so many questions. */
function* combinations(count: number): Generator<number[]> {
  for (let code = 0; code < 4 ** count; code += 1) {
    yield Array.from({ length: count }, (_, at) => Math.floor(code / 4 ** at) % 4);
  }
}

/** As published, written down a second time: the last total of each band. */
const PUBLISHED: readonly [QuestionnaireTemplate, readonly [number, string][]][] = [
  [
    PHQ_9,
    [
      [4, 'minimal'],
      [9, 'mild'],
      [14, 'moderate'],
      [19, 'moderately severe'],
      [27, 'severe'],
    ],
  ],
  [
    GAD_7,
    [
      [4, 'minimal'],
      [9, 'mild'],
      [14, 'moderate'],
      [21, 'severe'],
    ],
  ],
  [
    GHQ_12,
    [
      [15, 'minimal'],
      [20, 'moderate'],
      [36, 'severe'],
    ],
  ],
  [
    GHQ_28,
    [
      [22, 'minimal'],
      [40, 'mild'],
      [60, 'moderate'],
      [84, 'severe'],
    ],
  ],
];

describe.each(PUBLISHED)('$type', (template, bands) => {
  const most = bands.at(-1)![0];

  test('gives every total its published band, whichever answers it is made of', () => {
    for (let total = 0; total <= most; total += 1) {
      const label = bands.find(([last]) => total <= last)![1];
      for (const isFromEnd of [false, true]) {
        const score = scoreOf(template, filled(template.items.length, total, isFromEnd));
        expect([score.total, score.severity, score.maximum]).toEqual([total, label, most]);
        expect(score.percentage).toBe(Math.round((total / most) * 10_000) / 100);
      }
    }
  });

  test('raises the flag of the severe band from its first total on, and not one below', () => {
    const severeFrom = bands.at(-2)![0] + 1;
    const codes = (total: number): string[] =>
      scoreOf(template, filled(template.items.length, total)).flags.map(({ code }) => code);
    expect(codes(severeFrom)).toContain('severe_total');
    expect(codes(severeFrom - 1)).not.toContain('severe_total');
  });
});

test('GAD-7: every one of the 16,384 ways to answer', () => {
  for (const values of combinations(7)) {
    const total = values.reduce((sum, value) => sum + value, 0);
    const label = PUBLISHED[1]![1].find(([last]) => total <= last)![1];
    const score = scoreOf(GAD_7, chosen(values));
    // A plain comparison: a matcher for each would take a minute.
    const isRight =
      score.total === total &&
      score.severity === label &&
      score.flags.length === (total >= 15 ? 1 : 0) &&
      score.alert === null &&
      score.methods['sum']!.isCase === total >= 10;
    if (!isRight) throw new Error(`${values.join(' ')} was scored ${JSON.stringify(score)}`);
  }
});

describe('who has to be called', () => {
  test.each([
    [0, []],
    [1, ['high']],
    [2, ['high']],
    [3, ['critical']],
  ])('PHQ-9 question 9 answered %i', (value, alerts) => {
    const { flags } = scoreOf(PHQ_9, chosen([0, 0, 0, 0, 0, 0, 0, 0, value]));
    expect(flags.map(({ alert }) => alert)).toEqual(alerts);
    expect(flags.flatMap(({ items }) => items)).toEqual(value === 0 ? [] : [9]);
  });

  test('PHQ-9: question 9 alone decides about ideation, whatever the others say', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 9, maxLength: 9 }),
        (values) => {
          const codes = scoreOf(PHQ_9, chosen(values)).flags.map(({ code }) => code);
          expect(codes.includes('suicidal_ideation')).toBe(values[8]! > 0);
        },
      ),
    );
  });

  test('GHQ-28: each of the four questions by itself, at each answer', () => {
    for (let number = 1; number <= 28; number += 1) {
      for (const value of [0, 1, 2, 3]) {
        const values = chosen(Array.from({ length: 28 }, () => 0)).set(number, value);
        const { flags, alert } = scoreOf(GHQ_28, values);
        const isIdeation = [24, 25, 27, 28].includes(number) && value > 0;
        expect(flags.map(({ items }) => items)).toEqual(isIdeation ? [[number]] : []);
        expect(alert).toBe(isIdeation ? [null, 'medium', 'high', 'critical'][value] : null);
      }
    }
  });

  test('a flag names every question that raised it, with the gravest alert', () => {
    const values = chosen(Array.from({ length: 28 }, () => 0))
      .set(28, 1)
      .set(24, 3);
    expect(scoreOf(GHQ_28, values).flags).toMatchObject([
      { code: 'suicidal_ideation', items: [24, 28], alert: 'critical', isOfTotal: false },
    ]);
  });

  test('a clinic decides about severe totals, and never about what an item says', () => {
    const values = filled(9, 27);
    const alertsBy = (policy: Parameters<typeof scoreOf>[2]) =>
      Object.fromEntries(scoreOf(PHQ_9, values, policy).flags.map((f) => [f.code, f.alert]));
    expect(alertsBy({})).toEqual({ suicidal_ideation: 'critical', severe_total: 'medium' });
    expect(alertsBy({ severe_total: null, suicidal_ideation: null })).toEqual({
      suicidal_ideation: 'critical',
      severe_total: null,
    });
    expect(scoreOf(GAD_7, filled(7, 15), { severe_total: 'high' }).alert).toBe('high');
  });
});

test('a question that was left out raises nothing, however low the bound', () => {
  const template: QuestionnaireTemplate = {
    ...GAD_7,
    options: [-3, -2].map((value) => ({ value, text: String(value) })),
    items: GAD_7.items.slice(0, 2).map((item) => ({ ...item, isOptional: true })),
    bands: [{ min: -6, max: 0, label: 'any' }],
    categories: [],
    flags: [{ code: 'x', description: 'x', alert: 'high', kind: 'item', items: [1], atLeast: -2 }],
  };
  expect(scoreOf(template, new Map([[2, -2]])).flags).toEqual([]);
  expect(scoreOf(template, new Map([[1, -2]])).flags).toHaveLength(1);
});

describe('GHQ', () => {
  test.each([GHQ_12, GHQ_28])('$type: 0-0-1-1 beside Likert', (template) => {
    const count = template.items.length;
    for (const [value, points] of [0, 0, 1, 1].entries()) {
      const { methods } = scoreOf(template, chosen(Array.from({ length: count }, () => value)));
      expect(methods['ghq']).toMatchObject({ total: points * count, maximum: count });
      expect(methods['likert']).toMatchObject({ total: value * count, maximum: 3 * count });
    }
  });

  test.each([
    [GHQ_12, 3],
    [GHQ_28, 5],
  ])('$type: a case by the GHQ method from its cut-off on', (template, from) => {
    const isCase = (high: number): boolean | null => {
      const values = template.items.map((_, at) => (at < high ? 2 : 1));
      return scoreOf(template, chosen(values)).methods['ghq']!.isCase;
    };
    expect([isCase(from - 1), isCase(from)]).toEqual([false, true]);
  });

  test('GHQ-28: four subscales of seven that add up to the whole', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 28, maxLength: 28 }),
        (values) => {
          const { categories, total } = scoreOf(GHQ_28, chosen(values));
          const sums = [0, 7, 14, 21].map((first) =>
            values.slice(first, first + 7).reduce((sum, value) => sum + value, 0),
          );
          expect(Object.entries(categories).map(([id, { score }]) => [id, score])).toEqual([
            ['somatic_symptoms', sums[0]],
            ['anxiety_insomnia', sums[1]],
            ['social_dysfunction', sums[2]],
            ['severe_depression', sums[3]],
          ]);
          expect(sums.reduce((sum, part) => sum + part, 0)).toBe(total);
        },
      ),
    );
  });

  test.each([
    [6, 'minimal'],
    [7, 'mild'],
    [11, 'mild'],
    [12, 'moderate'],
    [16, 'moderate'],
    [17, 'severe'],
  ])('GHQ-28: a subscale of %i is %s', (total, label) => {
    const { categories } = scoreOf(GHQ_28, filled(28, total));
    expect(categories['somatic_symptoms']!.severity).toBe(label);
  });

  test.each([GHQ_12, GHQ_28])('$type ships no wording', ({ items, options }) => {
    expect(items.every(({ text }) => /^Question \d+$/.test(text))).toBe(true);
    expect(options.every(({ text }) => /^Option \d$/.test(text))).toBe(true);
  });
});

test.each(SHIPPED)('$type names what is missing, in order', (template) => {
  const answered = new Set(template.items.map(({ number }) => number));
  expect(missingNumbers(template, answered)).toEqual([]);
  answered.delete(3);
  answered.delete(1);
  expect(missingNumbers(template, answered)).toEqual([1, 3]);
});
