import type { Questionnaire } from '../../../db/questionnaires.ts';
import type { ScreeningResponse } from '../../../db/screening-responses.ts';
import type { ScreeningResult } from '../../../db/screening-results.ts';
import type { Score } from '../../../domain/screening/score.ts';
import { missingNumbers } from '../../../domain/screening/score.ts';
import {
  type QuestionnaireItem,
  type QuestionnaireTemplate,
  mostPoints,
  optionsOf,
} from '../../../domain/screening/template.ts';
import { iso } from '../dialect.ts';

type Shape = Readonly<Record<string, unknown>>;

/** The same thing in both versions: A's `id` is B's `_id`. */
export interface Shapes {
  readonly a: Shape;
  readonly b: Shape;
}

function withIds(id: string, rest: Shape): Shapes {
  return { a: { id, ...rest }, b: { _id: id, ...rest } };
}

export function questionnaireShapes({
  id,
  type,
  version,
  template,
  createdAt,
}: Questionnaire): Shapes {
  const { items, options, methods, bands, categories, flags, ...about } = template;
  const questionsIn = (name: 'a' | 'b'): Shape[] =>
    items.map((item) => questionShapes(template, item)[name]);
  const rest = {
    ...about,
    type,
    version,
    isActive: true,
    options,
    totalQuestions: items.length,
    scoring: {
      minimum: bands[0]!.min,
      maximum: mostPoints(template, methods[0]!),
      methods,
      bands,
      categories,
      flags,
    },
    createdAt: iso(createdAt),
  };
  const shapes = withIds(id, rest);
  return {
    a: { ...shapes.a, questions: questionsIn('a') },
    b: { ...shapes.b, questions: questionsIn('b') },
  };
}

function questionShapes(template: QuestionnaireTemplate, item: QuestionnaireItem): Shapes {
  const category = template.categories.find(({ items }) => items.includes(item.number));
  return withIds(item.id, {
    questionNumber: item.number,
    questionText: item.text,
    questionType: item.kind,
    category: category?.id ?? null,
    isRequired: item.isOptional !== true,
    options: optionsOf(template, item),
  });
}

/** How far somebody has come. */
export function progressOf(
  { template }: Questionnaire,
  { answered, status, expiresAt }: ScreeningResponse,
): Shape {
  const total = template.items.length;
  const missing = missingNumbers(template, new Set(answered));
  return {
    answered: answered.length,
    total,
    percentage: Math.round((answered.length / total) * 100),
    answeredQuestions: answered,
    missingQuestions: missing,
    nextQuestion: missing[0] ?? null,
    isComplete: missing.length === 0,
    status,
    expiresAt: iso(expiresAt),
  };
}

/** A result with its questionnaire, whose title and band names go with it. */
export type ShownResult = Omit<ScreeningResult, 'reviewNotes' | 'clinicId'>;

export function resultShapes(result: ShownResult): Shapes {
  const { id, responseId, personId, questionnaireId, type, methods, categories } = result;
  return withIds(id, {
    sessionId: responseId,
    userId: personId,
    questionnaireId,
    questionnaireType: type,
    totalScore: result.total,
    maxScore: result.maximum,
    percentageScore: result.percentage,
    severityLevel: result.severity,
    categoryScores: categories,
    methodScores: methods,
    riskFlags: result.flags.map(flagShape),
    isFlagged: result.flags.length > 0,
    reviewStatus: result.review,
    reviewDecision: result.decision,
    reviewedAt: iso(result.reviewedAt),
    completedAt: iso(result.completedAt),
  });
}

function flagShape({ code, description, alert, items }: Score['flags'][number]): Shape {
  return { type: code, severity: alert ?? 'review', description, questionNumbers: items };
}
