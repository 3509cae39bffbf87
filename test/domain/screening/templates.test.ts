import { describe, expect, test } from '@jest/globals';
import { templateFaults } from '../../../domain/screening/check-template.ts';
import { departures } from '../../../domain/screening/departures.ts';
import { GAD_7 } from '../../../domain/screening/instruments/gad-7.ts';
import { SHIPPED, shippedOf, typeNamed } from '../../../domain/screening/instruments/index.ts';
import { PHQ_9 } from '../../../domain/screening/instruments/phq-9.ts';
import { reliableChange } from '../../../domain/screening/reliable-change.ts';
import type { QuestionnaireTemplate } from '../../../domain/screening/template.ts';

test.each(SHIPPED)('$type is sound', (template) => {
  expect(templateFaults(template)).toEqual([]);
  expect(departures(template, template)).toEqual([]);
});

const [FIRST, ...OTHERS] = GAD_7.items;
const FLAG = GAD_7.flags[0]!;

describe('a faulty template names its field', () => {
  const cases: readonly [string, Partial<QuestionnaireTemplate>, string][] = [
    ['a number left out', { items: OTHERS }, 'items[0].number'],
    ['an id twice', { items: [FIRST!, { ...FIRST!, number: 2 }] }, 'items[1].id'],
    ['nothing to score', { items: [{ ...FIRST!, kind: 'text' }] }, 'items'],
    ['one answer only', { options: GAD_7.options.slice(0, 1) }, 'options'],
    ['a value twice', { options: [...GAD_7.options, GAD_7.options[0]!] }, 'options[4].value'],
    ['no answers', { options: [] }, 'items[0].options'],
    [
      'answers to a text',
      { items: [FIRST!, { ...OTHERS[0]!, kind: 'text', options: GAD_7.options }] },
      'items[1].options',
    ],
    [
      'points for some answers',
      { methods: [{ ...GAD_7.methods[0]!, points: { '0': 0, '1': 1, '2': 2 } }] },
      'methods[0].points',
    ],
    ['a method twice', { methods: [GAD_7.methods[0]!, GAD_7.methods[0]!] }, 'methods[1].id'],
    [
      'a case beyond the total',
      { methods: [{ ...GAD_7.methods[0]!, caseFrom: 22 }] },
      'methods[0].caseFrom',
    ],
    ['a gap', { bands: [band(0, 4, 'a'), band(6, 21, 'b')] }, 'bands[1].min'],
    ['an overlap', { bands: [band(0, 5, 'a'), band(5, 21, 'b')] }, 'bands[1].min'],
    ['a late start', { bands: [band(1, 21, 'a')] }, 'bands[0].min'],
    ['an early end', { bands: [band(0, 20, 'a')] }, 'bands[0].max'],
    ['an end too far', { bands: [band(0, 22, 'a')] }, 'bands[0].max'],
    ['a label twice', { bands: [band(0, 4, 'a'), band(5, 21, 'a')] }, 'bands[1].label'],
    [
      'an unknown question in a category',
      { categories: [{ id: 'c', title: 'c', items: [8] }] },
      'categories[0].items[0]',
    ],
    [
      'a category of another size',
      { categories: [{ id: 'c', title: 'c', items: [1, 2], bands: [band(0, 7, 'a')] }] },
      'categories[0].bands[0].max',
    ],
    [
      'an unknown question in a flag',
      { flags: [{ ...FLAG, kind: 'item', items: [9], atLeast: 1 }] },
      'flags[0].items[0]',
    ],
    [
      'a flag that nothing raises',
      { flags: [{ ...FLAG, kind: 'item', items: [7], atLeast: 4 }] },
      'flags[0].atLeast',
    ],
    ['a total out of reach', { flags: [{ ...FLAG, atLeast: 22 }] }, 'flags[0].atLeast'],
    [
      'a method that is not there',
      { flags: [{ ...FLAG, kind: 'total', method: 'x', atLeast: 1 }] },
      'flags[0].method',
    ],
    [
      'a category that is not there',
      { flags: [{ ...FLAG, kind: 'category', category: 'x', atLeast: 1 }] },
      'flags[0].category',
    ],
    [
      'a question that whoever answers raises a flag by',
      { flags: [{ ...FLAG, kind: 'item', items: [1], atLeast: 0 }] },
      'flags[0].atLeast',
    ],
    ['a total that everybody reaches', { flags: [{ ...FLAG, atLeast: 0 }] }, 'flags[0].atLeast'],
    [
      'a deviation beyond all totals',
      { reliability: { ...GAD_7.reliability!, standardDeviation: 10.6 } },
      'reliability.standardDeviation',
    ],
    [
      'a deviation of nothing',
      { reliability: { ...GAD_7.reliability!, standardDeviation: 5e-324 } },
      'reliability.standardDeviation',
    ],
    [
      'a perfect reliability',
      { reliability: { ...GAD_7.reliability!, coefficient: 1 } },
      'reliability.coefficient',
    ],
  ];

  test.each(cases)('%s', (_, change, field) => {
    const [fault] = templateFaults({ ...GAD_7, ...change });
    expect(fault?.field).toBe(field);
    expect(fault?.message).not.toBe('');
  });
});

describe('a clinic loads a known instrument', () => {
  const worded: QuestionnaireTemplate = {
    ...PHQ_9,
    items: PHQ_9.items.map((item) => ({ ...item, text: 'Worded otherwise' })),
  };

  test('with its own wording, cut-offs and further flags', () => {
    const bands = [band(0, 9, 'low'), band(10, 27, 'high')];
    expect(departures({ ...worded, bands }, PHQ_9)).toEqual([]);
  });

  test.each<[string, Partial<QuestionnaireTemplate>, string]>([
    ['without a question', { items: worded.items.slice(0, 8) }, 'items'],
    ['without the alarm of question 9', { flags: PHQ_9.flags.slice(2) }, 'flags'],
    [
      'with a later alarm',
      { flags: PHQ_9.flags.map((flag) => ({ ...flag, atLeast: 3 })) },
      'flags',
    ],
    [
      'with a question of danger that may be left out',
      { items: worded.items.with(8, { ...worded.items[8]!, isOptional: true }) },
      'items[8].isOptional',
    ],
    ['with a softer alarm', { flags: PHQ_9.flags.map((f) => ({ ...f, alert: null })) }, 'flags'],
    [
      'with other answers',
      { options: [...PHQ_9.options, { value: 4, text: 'x' }] },
      'items[0].options',
    ],
    ['with other points', { methods: [{ ...PHQ_9.methods[0]!, id: 'x' }] }, 'methods[0]'],
  ])('not %s', (_, change, field) => {
    expect(departures({ ...worded, ...change }, PHQ_9)[0]?.field).toBe(field);
  });
});

test.each([
  ['phq-9', 'PHQ-9'],
  ['GHQ', 'GHQ-12'],
  ['ghq-28', 'GHQ-28'],
])('reads %s as %s', (word, type) => {
  expect(shippedOf(typeNamed(word))?.type).toBe(type);
});

describe('reliable change', () => {
  // NHS Talking Therapies count 6 points of PHQ-9 and 4 of GAD-7 as reliable.
  test.each([
    [PHQ_9, 6],
    [GAD_7, 4],
  ])('$type: from the published number of points on', ({ reliability }, points) => {
    const verdict = (by: number) => reliableChange(reliability!, 10, 10 + by).verdict;
    expect(verdict(-points)).toBe('improved');
    expect(verdict(points)).toBe('deteriorated');
    expect([verdict(points - 1), verdict(1 - points), verdict(0)]).toEqual(
      Array.from({ length: 3 }, () => 'no_reliable_change'),
    );
  });

  test('follows the formula of Jacobson and Truax', () => {
    // Their own example: marital satisfaction of 32.5 and 47.5, SD 7.5, reliability .80.
    const source = 'Jacobson & Truax 1991';
    const figures = { coefficient: 0.8, kind: 'test_retest', standardDeviation: 7.5, source };
    const change = reliableChange(figures as typeof figures & { kind: 'test_retest' }, 32.5, 47.5);
    expect(change.index).toBeCloseTo(3.16, 2);
  });
});

function band(min: number, max: number, label: string): QuestionnaireTemplate['bands'][number] {
  return { min, max, label };
}
