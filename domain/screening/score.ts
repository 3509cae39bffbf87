import { type AlertSeverity, graver } from '../escalation-policy.ts';
import {
  type FlagRule,
  type QuestionnaireItem,
  type QuestionnaireTemplate,
  type ScoreBand,
  type ScoringMethod,
  mostPoints,
  pointsOf,
} from './template.ts';

/** Chosen values by question number; text questions have none. */
export type ChosenValues = ReadonlyMap<number, number>;

export interface MethodScore {
  readonly total: number;
  readonly maximum: number;
  /** Whether the total reaches the published cut-off; null where none is. */
  readonly isCase: boolean | null;
}

export interface CategoryScore {
  readonly title: string;
  readonly score: number;
  readonly maximum: number;
  readonly percentage: number;
  /** The label of its band; null where the category has none. */
  readonly severity: string | null;
}

export interface RaisedFlag {
  readonly code: string;
  readonly description: string;
  readonly alert: AlertSeverity | null;
  /** The questions that raised it; empty for totals. */
  readonly items: readonly number[];
  /** Raised by the total or a category alone, so that it follows from how severe the result is. */
  readonly isOfTotal: boolean;
}

export interface Score {
  readonly total: number;
  readonly maximum: number;
  /** Of the most that is possible, with two decimals. */
  readonly percentage: number;
  readonly severity: string;
  readonly methods: Readonly<Record<string, MethodScore>>;
  readonly categories: Readonly<Record<string, CategoryScore>>;
  readonly flags: readonly RaisedFlag[];
  /** The gravest alert of any flag; null where nobody has to be called. */
  readonly alert: AlertSeverity | null;
}

/** By the clinic: how urgently a human is called for a flag of a total; by the flag's code. */
export type AlertPolicy = Readonly<Record<string, AlertSeverity | null>>;

/** Numbers of the questions that must be answered and are not; in order. */
export function missingNumbers(
  { items }: QuestionnaireTemplate,
  answered: Pick<ReadonlySet<number>, 'has'>,
): number[] {
  const missing = items.filter((item) => item.isOptional !== true && !answered.has(item.number));
  return missing.map(({ number }) => number);
}

/** What a whole set of answers comes to. A clinic's policy decides about totals, never about items. */
export function scoreOf(
  template: QuestionnaireTemplate,
  values: ChosenValues,
  policy: AlertPolicy = {},
): Score {
  const [main] = template.methods;
  const { total, maximum } = methodScore(template, main!, values);
  const flags = raisedFlags(template, values, policy);
  return {
    total,
    maximum,
    percentage: percentOf(total, maximum),
    severity: labelOf(template.bands, total),
    methods: Object.fromEntries(
      template.methods.map((method) => [method.id, methodScore(template, method, values)]),
    ),
    categories: categoryScores(template, values),
    flags,
    alert: gravest(flags.map(({ alert }) => alert)),
  };
}

/**
 * The gravest that the answers so far say by themselves, whatever is still to come; null where
 * none calls for anybody.
 */
export function dangerOf(
  template: QuestionnaireTemplate,
  values: ChosenValues,
): AlertSeverity | null {
  const ofItems = { ...template, flags: template.flags.filter(({ kind }) => kind === 'item') };
  return gravest(raisedFlags(ofItems, values, {}).map(({ alert }) => alert));
}

/**
 * What the answer to one question says of danger by itself that the one before it has not said:
 * a higher one is graver. Null for one that is given again, or is milder.
 */
export function newDangerOf(
  template: QuestionnaireTemplate,
  number: number,
  { before, after }: Readonly<Record<'before' | 'after', ChosenValues>>,
): AlertSeverity | null {
  const value = after.get(number);
  if (value === undefined || value <= (before.get(number) ?? -Infinity)) return null;
  return dangerOf(template, new Map([[number, value]]));
}

function percentOf(points: number, maximum: number): number {
  return maximum === 0 ? 0 : Math.round((points / maximum) * 10_000) / 100;
}

function labelOf(bands: readonly ScoreBand[], points: number): string {
  const band = bands.find(({ min, max }) => points >= min && points <= max);
  if (band === undefined) throw new RangeError('The bands do not cover every total');
  return band.label;
}

function pointsOver(
  items: readonly QuestionnaireItem[],
  method: ScoringMethod,
  values: ChosenValues,
): number {
  return items.reduce((sum, { number }) => {
    const value = values.get(number);
    return value === undefined ? sum : sum + pointsOf(method, value);
  }, 0);
}

function methodScore(
  template: QuestionnaireTemplate,
  method: ScoringMethod,
  values: ChosenValues,
): MethodScore {
  const total = pointsOver(template.items, method, values);
  const isCase = method.caseFrom === null ? null : total >= method.caseFrom;
  return { total, maximum: mostPoints(template, method), isCase };
}

function categoryScores(
  template: QuestionnaireTemplate,
  values: ChosenValues,
): Record<string, CategoryScore> {
  const method = template.methods[0]!;
  return Object.fromEntries(
    template.categories.map(({ id, title, items: numbers, bands }) => {
      const items = template.items.filter(({ number }) => numbers.includes(number));
      const score = pointsOver(items, method, values);
      const maximum = mostPoints(template, method, items);
      const severity = bands === undefined ? null : labelOf(bands, score);
      return [id, { title, score, maximum, percentage: percentOf(score, maximum), severity }];
    }),
  );
}

function raisedFlags(
  template: QuestionnaireTemplate,
  values: ChosenValues,
  policy: AlertPolicy,
): RaisedFlag[] {
  const raised = new Map<string, RaisedFlag>();
  for (const rule of template.flags) {
    const items = itemsRaising(template, rule, values);
    if (items === null) continue;
    const before = raised.get(rule.code);
    const isDecided = rule.kind !== 'item' && Object.hasOwn(policy, rule.code);
    const alert = isDecided ? (policy[rule.code] ?? null) : rule.alert;
    raised.set(rule.code, {
      code: rule.code,
      description: before?.description ?? rule.description,
      alert: gravest([before?.alert ?? null, alert]),
      items: [...new Set([...(before?.items ?? []), ...items])].toSorted((a, b) => a - b),
      isOfTotal: (before?.isOfTotal ?? true) && rule.kind !== 'item',
    });
  }
  return [...raised.values()];
}

/** The items that raise a flag, none for one of totals; null where the rule does not hold. */
function itemsRaising(
  template: QuestionnaireTemplate,
  rule: FlagRule,
  values: ChosenValues,
): number[] | null {
  if (rule.kind === 'item') {
    // A question that was left out says nothing, however low the rule's bound is.
    const raising = rule.items.filter(
      (number) => (values.get(number) ?? -Infinity) >= rule.atLeast,
    );
    return raising.length === 0 ? null : raising;
  }
  const points =
    rule.kind === 'total'
      ? totalBy(template, rule.method, values)
      : (categoryScores(template, values)[rule.category]?.score ?? 0);
  return points >= rule.atLeast ? [] : null;
}

function totalBy(template: QuestionnaireTemplate, id: string, values: ChosenValues): number {
  const method = template.methods.find((candidate) => candidate.id === id);
  return method === undefined ? 0 : pointsOver(template.items, method, values);
}

function gravest(alerts: readonly (AlertSeverity | null)[]): AlertSeverity | null {
  return alerts.reduce<AlertSeverity | null>(
    (worst, alert) => (alert === null ? worst : graver(alert, worst)),
    null,
  );
}
