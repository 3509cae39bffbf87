import type { FieldFault } from '../../domain/errors.ts';
import { readDate, readTimeOfDay } from '../../domain/time-text.ts';
import { type TemplateWish, malformed } from './template.ts';

/** `PATCH /api/v1/series/{id}` as the document has it. */
export interface SeriesEditBody extends Omit<TemplateWish, 'timeZone'> {
  readonly answer?: 'approve' | 'decline';
  readonly scope?: 'this' | 'following' | 'all';
  readonly occurrenceId?: string;
  readonly date?: string;
  readonly cancel?: boolean;
}

export type Scope =
  { readonly kind: 'this' | 'following'; readonly occurrenceId: string } | { readonly kind: 'all' };

export type EditWish =
  | { readonly kind: 'answer'; readonly answer: 'approve' | 'decline' }
  | { readonly kind: 'cancel'; readonly scope: Scope }
  /** One occurrence to another date, time or length. */
  | {
      readonly kind: 'move_one';
      readonly occurrenceId: string;
      readonly date: string | null;
      readonly startTime: string | null;
      readonly durationMinutes: number | null;
    }
  /** Several occurrences to another time of the day or length, or to another rule. */
  | {
      readonly kind: 'change';
      readonly scope: Exclude<Scope, { kind: 'this' }>;
      readonly change: TemplateWish;
      readonly isRuleChange: boolean;
    };

export type SeriesEdit = Exclude<EditWish, { kind: 'answer' }>;

const CHANGES = ['startTime', 'durationMinutes', 'rule', 'dates', 'excludedDates', 'startDate'];
const RULE_CHANGES = ['rule', 'dates', 'excludedDates', 'startDate'];

/** One edit of a series. Throws `malformed_request` for what makes no edit, or more than one. */
export function readEdit(body: SeriesEditBody): EditWish {
  const given = new Set(Object.keys(body));
  const has = (names: readonly string[]): boolean => names.some((name) => given.has(name));
  if (body.answer !== undefined) {
    if (given.size > 1) throw fault('answer', 'must be alone');
    return { kind: 'answer', answer: body.answer };
  }
  const scope = readScope(body);
  const isMove = has([...CHANGES, 'date']);
  if (body.cancel === true) {
    if (isMove) throw fault('cancel', 'must not come with another change');
    return { kind: 'cancel', scope };
  }
  if (!isMove) throw fault('scope', 'needs a change: a time, a rule, or cancel');
  if (scope.kind === 'this') return readMove(body, scope.occurrenceId, has);
  if (given.has('date')) throw fault('date', 'is for one occurrence; use startDate');
  const { scope: _scope, occurrenceId: _id, cancel: _cancel, date: _date, ...change } = body;
  const isRuleChange = has(RULE_CHANGES);
  return { kind: 'change', scope: asSeveral(scope), change, isRuleChange };
}

function asSeveral(scope: Scope): Exclude<Scope, { kind: 'this' }> {
  return scope as Exclude<Scope, { kind: 'this' }>;
}

function readScope({ scope, occurrenceId }: SeriesEditBody): Scope {
  if (scope === undefined) throw fault('scope', 'must be this, following or all');
  if (scope === 'all') return { kind: 'all' };
  if (occurrenceId === undefined) throw fault('occurrenceId', 'is required for this scope');
  return { kind: scope, occurrenceId };
}

function readMove(
  body: SeriesEditBody,
  occurrenceId: string,
  has: (names: readonly string[]) => boolean,
): EditWish {
  if (has(RULE_CHANGES)) throw fault('rule', 'is for several occurrences; use date');
  const faults: FieldFault[] = [];
  if (body.date !== undefined && readDate(body.date) === null) {
    faults.push({ field: 'date', message: 'must be a date such as 2026-01-31' });
  }
  if (body.startTime !== undefined && readTimeOfDay(body.startTime) === null) {
    faults.push({ field: 'startTime', message: 'must be a time such as 09:30' });
  }
  if (faults.length > 0) throw malformed(faults);
  return {
    kind: 'move_one',
    occurrenceId,
    date: body.date ?? null,
    startTime: body.startTime ?? null,
    durationMinutes: body.durationMinutes ?? null,
  };
}

function fault(field: string, message: string): Error {
  return malformed([{ field, message }]);
}
