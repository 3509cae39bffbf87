import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import {
  type QuestionnaireItem,
  type QuestionnaireTemplate,
  optionsOf,
  valuesOf,
} from '../../domain/screening/template.ts';
import type { GivenAnswer } from './answers.ts';

/** An answer as it came: nothing has checked it yet. */
export interface AnswerBody {
  readonly sessionId?: unknown;
  readonly questionNumber?: unknown;
  readonly questionId?: unknown;
  readonly selectedValue?: unknown;
  readonly selectedText?: unknown;
}

const MAX_TEXT = 4_000;

/** Null for an id that no response can have. Throws `malformed_request` where none is given. */
export function sessionIdIn({ sessionId }: AnswerBody): string | null {
  if (typeof sessionId !== 'string') throw malformed('sessionId', 'must be given');
  return isUuid(sessionId) ? sessionId : null;
}

/** What was answered to which question. Throws `malformed_request` with the field. */
export function answerIn(
  template: QuestionnaireTemplate,
  body: AnswerBody,
): { readonly number: number; readonly answer: GivenAnswer } {
  const item = itemIn(template, body);
  const text = textIn(body.selectedText);
  if (item.kind === 'text') {
    if (text === null)
      throw malformed('selectedText', 'must be given: this question asks for words');
    return { number: item.number, answer: { text } };
  }
  const values = valuesOf(template, item);
  const value = numberIn(body.selectedValue);
  if (value === null || !values.includes(value)) {
    throw malformed('selectedValue', `must be one of ${values.join(', ')}`);
  }
  // The label of the option chosen says nothing that the value does not.
  const isLabel = labelOf(template, item, value) === text;
  return { number: item.number, answer: text === null || isLabel ? { value } : { value, text } };
}

/** Whether the words are the option's own label, as clients send it along, and nobody's own. */
export function isOwnLabel(
  template: QuestionnaireTemplate,
  number: number,
  body: AnswerBody,
): boolean {
  const item = template.items[number - 1]!;
  const value = numberIn(body.selectedValue);
  const label = value === null ? null : labelOf(template, item, value);
  return label !== null && label === textIn(body.selectedText);
}

function labelOf(
  template: QuestionnaireTemplate,
  item: QuestionnaireItem,
  chosen: number,
): string | null {
  return optionsOf(template, item).find(({ value }) => value === chosen)?.text ?? null;
}

/** By its number, or by its id; by both only where they agree. */
function itemIn(
  { items }: QuestionnaireTemplate,
  { questionNumber, questionId }: AnswerBody,
): QuestionnaireItem {
  const number = numberIn(questionNumber);
  const byId = items.find(({ id }) => id === questionId);
  const isNumbered = questionNumber !== undefined && questionNumber !== null;
  if (!isNumbered && byId !== undefined) return byId;
  const item = items.find((candidate) => candidate.number === number);
  if (item === undefined) {
    throw malformed('questionNumber', `must be a whole number from 1 to ${items.length}`);
  }
  if (byId !== undefined && byId !== item) {
    throw malformed('questionId', `belongs to question ${byId.number}`);
  }
  return item;
}

function numberIn(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) ? value : null;
}

function textIn(value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw malformed('selectedText', 'must be a text');
  const text = value.replaceAll('\0', '').toWellFormed();
  if (text.length > MAX_TEXT) {
    throw malformed('selectedText', `must not be longer than ${MAX_TEXT} characters`);
  }
  return text;
}

function malformed(field: string, message: string): HoldfastError {
  return new HoldfastError('malformed_request', `${field} ${message}`, {
    fields: [{ field, message }],
  });
}
