import type { FieldFault } from '../errors.ts';
import {
  type AnswerOption,
  type FlagRule,
  type QuestionnaireItem,
  type QuestionnaireTemplate,
  type ScoreBand,
  type ScoringMethod,
  fewestPoints,
  mostPoints,
  valuesOf,
} from './template.ts';

/** What is wrong with a template of the right shape, field by field; empty for a sound one. */
export function templateFaults(template: QuestionnaireTemplate): FieldFault[] {
  const structure = [...itemFaults(template), ...methodFaults(template)];
  // What bands, categories and flags are about has to be sound before they can be judged.
  if (structure.length > 0) return structure;
  return [
    ...mainBandFaults(template),
    ...categoryFaults(template),
    ...flagFaults(template),
    ...reliabilityFaults(template),
  ];
}

function fault(field: string, message: string): FieldFault {
  return { field, message };
}

function repeats<T>(values: readonly T[], at: number): boolean {
  return values.indexOf(values[at]!) < at;
}

function itemFaults({ items, options }: QuestionnaireTemplate): FieldFault[] {
  const ids = items.map(({ id }) => id);
  const faults = items.flatMap((item, at) => [
    ...(item.number === at + 1
      ? []
      : [fault(`items[${at}].number`, `must be ${at + 1}: numbers count from 1 without gaps`)]),
    ...(repeats(ids, at) ? [fault(`items[${at}].id`, 'must differ from the other ids')] : []),
    ...ownOptionFaults(item, at, options),
  ]);
  const isScored = items.some(({ kind }) => kind === 'choice');
  return [
    ...(isScored ? [] : [fault('items', 'must have a choice question: else nothing is scored')]),
    ...(options.length === 0 ? [] : optionFaults(options, 'options')),
    ...faults,
  ];
}

function ownOptionFaults(
  { kind, options: own }: QuestionnaireItem,
  at: number,
  common: readonly AnswerOption[],
): FieldFault[] {
  const field = `items[${at}].options`;
  if (kind === 'text') {
    return own === undefined ? [] : [fault(field, 'must be left out: a text question has none')];
  }
  if (own !== undefined) return optionFaults(own, field);
  return common.length > 0 ? [] : [fault(field, 'must be given: there are no common options')];
}

function optionFaults(options: readonly AnswerOption[], field: string): FieldFault[] {
  const values = options.map(({ value }) => value);
  return [
    ...(options.length < 2 ? [fault(field, 'must offer two answers at least')] : []),
    ...values.flatMap((_, at) =>
      repeats(values, at) ? [fault(`${field}[${at}].value`, 'must differ from the others')] : [],
    ),
  ];
}

function methodFaults(template: QuestionnaireTemplate): FieldFault[] {
  const ids = template.methods.map(({ id }) => id);
  const values = new Set(template.items.flatMap((item) => valuesOf(template, item).map(String)));
  return template.methods.flatMap((method, at) => {
    const field = `methods[${at}]`;
    const { points } = method;
    const missing = points === null ? [] : [...values].filter((value) => !(value in points));
    const unknown = Object.keys(points ?? {}).filter((value) => !values.has(value));
    return [
      ...(repeats(ids, at) ? [fault(`${field}.id`, 'must differ from the other methods')] : []),
      ...missing.map((value) => fault(`${field}.points`, `must say what ${value} is worth`)),
      ...unknown.map((value) => fault(`${field}.points`, `${value} is no answer's value`)),
      ...caseFaults(template, method, field),
    ];
  });
}

function caseFaults(
  template: QuestionnaireTemplate,
  method: ScoringMethod,
  field: string,
): FieldFault[] {
  if (method.caseFrom === null) return [];
  const range = [fewestPoints(template, method), mostPoints(template, method)] as const;
  return method.caseFrom >= range[0] && method.caseFrom <= range[1]
    ? []
    : [fault(`${field}.caseFrom`, `must lie between ${range[0]} and ${range[1]}`)];
}

function mainBandFaults(template: QuestionnaireTemplate): FieldFault[] {
  const [main] = template.methods;
  return bandFaults(template.bands, 'bands', [
    fewestPoints(template, main!),
    mostPoints(template, main!),
  ]);
}

/** Bands that leave a total out, or give it two meanings, have no answer for somebody. */
function bandFaults(
  bands: readonly ScoreBand[],
  field: string,
  [fewest, most]: readonly [number, number],
): FieldFault[] {
  const labels = bands.map(({ label }) => label);
  const last = bands.length - 1;
  return bands.flatMap(({ min, max }, at) => {
    const due = at === 0 ? fewest : bands[at - 1]!.max + 1;
    const isEndRight = at < last || max === most;
    return [
      ...(min === due
        ? []
        : [fault(`${field}[${at}].min`, `must be ${due}: bands have no gaps and no overlaps`)]),
      ...(max >= min ? [] : [fault(`${field}[${at}].max`, 'must not be less than min')]),
      ...(isEndRight ? [] : [fault(`${field}[${at}].max`, `must be ${most}, the highest total`)]),
      ...(repeats(labels, at) ? [fault(`${field}[${at}].label`, 'must differ')] : []),
    ];
  });
}

function choiceFaults(
  { items }: QuestionnaireTemplate,
  numbers: readonly number[],
  field: string,
): FieldFault[] {
  return numbers.flatMap((number, at) => {
    const item = items[number - 1];
    if (item?.kind === 'choice') {
      return repeats(numbers, at) ? [fault(`${field}[${at}]`, 'is named twice')] : [];
    }
    return [fault(`${field}[${at}]`, 'must be the number of a choice question')];
  });
}

function categoryFaults(template: QuestionnaireTemplate): FieldFault[] {
  const ids = template.categories.map(({ id }) => id);
  return template.categories.flatMap(({ items: numbers, bands }, at) => {
    const field = `categories[${at}]`;
    const named = choiceFaults(template, numbers, `${field}.items`);
    const items = template.items.filter(({ number }) => numbers.includes(number));
    const [main] = template.methods;
    const range = [
      fewestPoints(template, main!, items),
      mostPoints(template, main!, items),
    ] as const;
    return [
      ...(repeats(ids, at) ? [fault(`${field}.id`, 'must differ from the other categories')] : []),
      ...named,
      ...(bands === undefined || named.length > 0
        ? []
        : bandFaults(bands, `${field}.bands`, range)),
    ];
  });
}

function flagFaults(template: QuestionnaireTemplate): FieldFault[] {
  return template.flags.flatMap((rule, at) => {
    const field = `flags[${at}]`;
    if (rule.kind === 'item' && !Array.isArray(rule.items)) {
      // A rule of one kind with another kind's fields, as it may come from outside.
      return [fault(`${field}.items`, 'must be given: which questions raise it?')];
    }
    const faults = rule.kind === 'item' ? choiceFaults(template, rule.items, `${field}.items`) : [];
    if (faults.length > 0) return faults;
    const reach = reachOf(template, rule);
    if (typeof reach === 'string')
      return [fault(`${field}.${reach}`, 'is not in this questionnaire')];
    return atLeastFaults(rule, reach, `${field}.atLeast`);
  });
}

/** What a rule is compared with can be from the first to the second. */
type Reach = readonly [number, number];

function atLeastFaults({ atLeast }: FlagRule, [least, most]: Reach, field: string): FieldFault[] {
  if (atLeast > most)
    return [fault(field, `must not be more than ${most}: it would never be raised`)];
  return atLeast > least
    ? []
    : [fault(field, `must be more than ${least}: whoever answers would raise it`)];
}

/** Or the field that names something unknown. */
function reachOf(template: QuestionnaireTemplate, rule: FlagRule): Reach | 'method' | 'category' {
  if (rule.kind === 'item') {
    const values = rule.items.map((number) => valuesOf(template, template.items[number - 1]!));
    // An item that can never reach it is as dead as a rule that can't, one that always does as idle.
    return [
      Math.max(...values.map((of) => Math.min(...of))),
      Math.min(...values.map((of) => Math.max(...of))),
    ];
  }
  if (rule.kind === 'total') {
    const method = template.methods.find(({ id }) => id === rule.method);
    return method === undefined
      ? 'method'
      : [fewestPoints(template, method), mostPoints(template, method)];
  }
  const category = template.categories.find(({ id }) => id === rule.category);
  if (category === undefined) return 'category';
  const items = template.items.filter(({ number }) => category.items.includes(number));
  const [main] = template.methods;
  return [fewestPoints(template, main!, items), mostPoints(template, main!, items)];
}

/** A deviation so small would make every change a reliable one, beyond all counting. */
const SMALLEST_DEVIATION = 0.01;

function reliabilityFaults(template: QuestionnaireTemplate): FieldFault[] {
  const { reliability, methods } = template;
  if (reliability === null) return [];
  const { coefficient, standardDeviation } = reliability;
  // Half of the range is the most by which values within it can deviate.
  const most = (mostPoints(template, methods[0]!) - fewestPoints(template, methods[0]!)) / 2;
  const isPossible = standardDeviation >= SMALLEST_DEVIATION && standardDeviation <= most;
  const bounds = `must lie between ${SMALLEST_DEVIATION} and ${most}, half of the totals' range`;
  return [
    ...(coefficient > 0 && coefficient < 1
      ? []
      : [fault('reliability.coefficient', 'must lie between 0 and 1')]),
    ...(isPossible ? [] : [fault('reliability.standardDeviation', bounds)]),
  ];
}
