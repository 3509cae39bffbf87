import type { SeriesRow } from '../../db/models/series.ts';
import { type FieldFault, HoldfastError } from '../../domain/errors.ts';
import { normaliseZone } from '../../domain/local-time.ts';
import { type Rule, readRule, writeRule } from '../../domain/recurrence.ts';
import { type Place, type SeriesTemplate, placesOf } from '../../domain/series.ts';
import { readDate, readTimeOfDay } from '../../domain/time-text.ts';

/** What a request says of a series' times; each part may be left out of an edit. */
export interface TemplateWish {
  readonly timeZone?: string;
  readonly startDate?: string;
  readonly startTime?: string;
  readonly durationMinutes?: number;
  readonly rule?: string;
  readonly dates?: readonly string[];
  readonly excludedDates?: readonly string[];
}

/** A wish in place of what was agreed. Throws `malformed_request` that names every fault. */
export function readTemplate(wish: TemplateWish, agreed: SeriesTemplate | null): SeriesTemplate {
  const faults: FieldFault[] = [];
  const fault = (field: string, message: string): void => void faults.push({ field, message });
  const timeZone = normaliseZone(wish.timeZone ?? agreed?.timeZone ?? '');
  if (timeZone === null) fault('timeZone', 'must be an IANA zone');
  const startMinute =
    wish.startTime === undefined ? agreed?.startMinute : readTimeOfDay(wish.startTime);
  if (typeof startMinute !== 'number') fault('startTime', 'must be a time such as 09:30');
  const durationMinutes = wish.durationMinutes ?? agreed?.durationMinutes;
  if (durationMinutes === undefined) fault('durationMinutes', 'is required');
  for (const field of ['dates', 'excludedDates'] as const) {
    if (!(wish[field] ?? []).every(isDate)) fault(field, 'must be dates such as 2026-01-31');
  }
  if (wish.rule !== undefined && wish.dates !== undefined) {
    fault('dates', 'must be left out where there is a rule');
  }
  const rule = ruleOf(wish, agreed, timeZone ?? 'UTC', fault);
  const dates = wish.rule === undefined ? (wish.dates ?? agreed?.dates ?? []) : [];
  if (rule === null && dates.length === 0) fault('rule', 'or dates are required');
  const startsOn = rule === null ? dates.toSorted()[0] : (wish.startDate ?? agreed?.startsOn);
  if (startsOn === undefined || !isDate(startsOn)) fault('startDate', 'must be a date');
  const [first] = faults;
  if (first !== undefined) throw malformed(faults);
  return {
    timeZone: timeZone!,
    startsOn: startsOn!,
    startMinute: startMinute!,
    durationMinutes: durationMinutes!,
    rule,
    dates: [...new Set(dates)].toSorted(),
    excludedDates: [...new Set(wish.excludedDates ?? agreed?.excludedDates ?? [])].toSorted(),
  };
}

function ruleOf(
  wish: TemplateWish,
  agreed: SeriesTemplate | null,
  timeZone: string,
  fault: (field: string, message: string) => void,
): Rule | null {
  if (wish.rule === undefined) return wish.dates === undefined ? (agreed?.rule ?? null) : null;
  const read = readRule(wish.rule, timeZone);
  if (read.kind === 'read') return read.rule;
  fault('rule', read.message);
  return null;
}

function isDate(text: string): boolean {
  return readDate(text) !== null;
}

/** The times of a series. Throws `malformed_request` for a rule that can't be held. */
export function requirePlaces(template: SeriesTemplate): readonly Place[] {
  const found = placesOf(template);
  if (found.kind === 'places') return found.places;
  throw malformed([{ field: template.rule === null ? 'dates' : 'rule', message: found.message }]);
}

export function malformed(fields: readonly FieldFault[]): HoldfastError {
  const [first] = fields;
  const message = first === undefined ? 'Malformed' : `${first.field} ${first.message}`;
  return new HoldfastError('malformed_request', message, { fields });
}

/** What was agreed, as its row has it. */
export function templateOf(series: SeriesRow): SeriesTemplate {
  const read = series.rule === null ? null : readRule(series.rule, series.time_zone);
  return {
    timeZone: series.time_zone,
    startsOn: series.starts_on,
    startMinute: series.start_minute,
    durationMinutes: series.duration_minutes,
    rule: read?.kind === 'read' ? read.rule : null,
    dates: series.dates,
    excludedDates: series.excluded_dates,
  };
}

/** The columns of a template; the inverse of {@link templateOf}. */
export function templateColumns(
  template: SeriesTemplate,
): Pick<
  SeriesRow,
  | 'time_zone'
  | 'starts_on'
  | 'start_minute'
  | 'duration_minutes'
  | 'rule'
  | 'dates'
  | 'excluded_dates'
> {
  return {
    time_zone: template.timeZone,
    starts_on: template.startsOn,
    start_minute: template.startMinute,
    duration_minutes: template.durationMinutes,
    rule: template.rule === null ? null : writeRule(template.rule),
    dates: template.dates,
    excluded_dates: template.excludedDates,
  };
}
