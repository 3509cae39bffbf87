import type { AlertSeverity } from '../escalation-policy.ts';

/** One answer that may be chosen. */
export interface AnswerOption {
  readonly value: number;
  readonly text: string;
}

/** A question. `choice` questions are scored, `text` ones are read by people alone. */
export interface QuestionnaireItem {
  /** From 1, without gaps. */
  readonly number: number;
  readonly id: string;
  readonly text: string;
  readonly kind: 'choice' | 'text';
  /** In place of the questionnaire's common options. */
  readonly options?: readonly AnswerOption[];
  readonly isOptional?: boolean;
}

/** How chosen values become points: the values themselves, or what each value is worth. */
export interface ScoringMethod {
  readonly id: string;
  readonly title: string;
  /** The value of an option, as text, to its points; null where the value is the points. */
  readonly points: Readonly<Record<string, number>> | null;
  /** A total of this many points or more makes a case; null where none is published. */
  readonly caseFrom: number | null;
}

/** From `min` to `max` points, both included. */
export interface ScoreBand {
  readonly min: number;
  readonly max: number;
  readonly label: string;
}

export interface ScoreCategory {
  readonly id: string;
  readonly title: string;
  /** Numbers of choice items. */
  readonly items: readonly number[];
  readonly bands?: readonly ScoreBand[];
}

interface AnyFlag {
  /** A code such as `suicidal_ideation`. Of several rules with one code the gravest that holds counts. */
  readonly code: string;
  readonly description: string;
  /** How urgently a human is called; null where somebody's review is enough. */
  readonly alert: AlertSeverity | null;
}

/** What has to be looked at by a human. `atLeast` is included. */
export type FlagRule =
  | (AnyFlag & {
      readonly kind: 'item';
      readonly items: readonly number[];
      /** The value of any of the items. */
      readonly atLeast: number;
    })
  | (AnyFlag & { readonly kind: 'total'; readonly method: string; readonly atLeast: number })
  | (AnyFlag & { readonly kind: 'category'; readonly category: string; readonly atLeast: number });

/**
 * What tells a real change from noise (Jacobson & Truax 1991): how reliable the main total is and
 * how far it spreads, both as published for one population.
 */
export interface Reliability {
  /** Between 0 and 1. */
  readonly coefficient: number;
  readonly kind: 'internal_consistency' | 'test_retest';
  readonly standardDeviation: number;
  readonly source: string;
}

/** A questionnaire as data: what is asked, and what the answers come to. */
export interface QuestionnaireTemplate {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly instructions: string;
  readonly language: string;
  readonly options: readonly AnswerOption[];
  readonly items: readonly QuestionnaireItem[];
  /** The first one's total is the main one, which bands and reliability are about. */
  readonly methods: readonly ScoringMethod[];
  /** Cover every main total without gap or overlap, the mildest first. */
  readonly bands: readonly ScoreBand[];
  readonly categories: readonly ScoreCategory[];
  readonly flags: readonly FlagRule[];
  readonly reliability: Reliability | null;
  /** Where scoring and cut-offs were published. */
  readonly source: string;
  readonly attribution: string | null;
}

export function optionsOf(
  template: Pick<QuestionnaireTemplate, 'options'>,
  item: QuestionnaireItem,
): readonly AnswerOption[] {
  if (item.kind === 'text') return [];
  return item.options ?? template.options;
}

/** The values that may be chosen; none for a question that asks for words. */
export function valuesOf(
  template: Pick<QuestionnaireTemplate, 'options'>,
  item: QuestionnaireItem,
): number[] {
  return optionsOf(template, item).map(({ value }) => value);
}

/** What an option's value is worth by a method. */
export function pointsOf(method: ScoringMethod, value: number): number {
  return method.points === null ? value : (method.points[String(value)] ?? 0);
}

/** The most points that items can come to by a method. */
export function mostPoints(
  template: QuestionnaireTemplate,
  method: ScoringMethod,
  items: readonly QuestionnaireItem[] = template.items,
): number {
  return sumOver(template, method, items, Math.max);
}

export function fewestPoints(
  template: QuestionnaireTemplate,
  method: ScoringMethod,
  items: readonly QuestionnaireItem[] = template.items,
): number {
  return sumOver(template, method, items, Math.min);
}

function sumOver(
  template: QuestionnaireTemplate,
  method: ScoringMethod,
  items: readonly QuestionnaireItem[],
  pick: (...points: number[]) => number,
): number {
  const scored = items.filter(({ kind }) => kind === 'choice');
  return scored.reduce((sum, item) => {
    const points = valuesOf(template, item).map((value) => pointsOf(method, value));
    return sum + (item.isOptional === true ? pick(0, ...points) : pick(...points));
  }, 0);
}
