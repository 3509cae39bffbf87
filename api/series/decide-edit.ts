import type { SeriesRow } from '../../db/models/series.ts';
import type { OccurrenceRow } from '../../db/series.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { DAY_MS, startOfWallDay } from '../../domain/local-time.ts';
import {
  type EditPlan,
  type LiveOccurrence,
  type Place,
  type SeriesTemplate,
  placesOf,
  planRuleChange,
  planTimeChange,
  splitTemplate,
} from '../../domain/series.ts';
import { isEnded } from '../../domain/session.ts';
import type { SeriesEdit } from './edit-wish.ts';
import { isMovedByItself } from './standing.ts';
import { malformed, readTemplate, requirePlaces, templateOf } from './template.ts';

/** What an edit comes to, by the occurrences as they stand. */
export interface DecidedEdit {
  readonly plan: EditPlan;
  /** The occurrences that the edit is about, in order; those it leaves alone included. */
  readonly targets: readonly OccurrenceRow[];
  /** What is agreed from now on, for the targets. */
  readonly template: SeriesTemplate;
  /** Where the series is cut: what stays agreed for the occurrences before. */
  readonly before: SeriesTemplate | null;
  /** One occurrence goes its own way. */
  readonly isException: boolean;
  readonly endsSeries: boolean;
}

/** Decides what an edit comes to. Throws where it can't be; what is past or over is left alone. */
export function decideEdit(
  series: SeriesRow,
  rows: readonly OccurrenceRow[],
  edit: SeriesEdit,
  now: number,
): DecidedEdit {
  const agreed = templateOf(series);
  const live = rows.filter((row) => isLive(row, now));
  switch (edit.kind) {
    case 'move_one':
      return moveOne(agreed, pickOne(rows, live, edit.occurrenceId), edit);
    case 'cancel':
      return cancelSome(agreed, rows, live, edit);
    case 'change':
      // Where another therapist has taken over, it is no longer this series' to move.
      return changeSome(agreed, rows, live.filter(isWith(series)), edit, now);
  }
}

function isWith({ therapist_id: id }: SeriesRow): (row: OccurrenceRow) => boolean {
  return (row) => row.therapist_id === id;
}

function isLive({ status, starts_at }: OccurrenceRow, now: number): boolean {
  return !isEnded(status) && status !== 'in_progress' && starts_at.getTime() > now;
}

function pickOne(
  rows: readonly OccurrenceRow[],
  live: readonly OccurrenceRow[],
  occurrenceId: string,
): OccurrenceRow {
  const row = anchorOf(rows, occurrenceId);
  if (live.includes(row)) return row;
  throw new HoldfastError('wrong_state', 'This occurrence has begun or is over.');
}

function anchorOf(rows: readonly OccurrenceRow[], occurrenceId: string): OccurrenceRow {
  const row = rows.find(({ id }) => id === occurrenceId);
  if (row !== undefined) return row;
  throw new HoldfastError('not_found', 'The series has no such occurrence.');
}

function moveOne(
  agreed: SeriesTemplate,
  row: OccurrenceRow,
  { date, startTime, durationMinutes }: Extract<SeriesEdit, { kind: 'move_one' }>,
): DecidedEdit {
  const minutes = (row.ends_at.getTime() - row.starts_at.getTime()) / 60_000;
  const wished = readTemplate(
    {
      dates: [date ?? row.occurs_on],
      durationMinutes: durationMinutes ?? minutes,
      ...(startTime === null ? {} : { startTime }),
    },
    agreed,
  );
  const [to] = requirePlaces(wished);
  const keepsStart = date === null && startTime === null;
  const startMs = keepsStart ? row.starts_at.getTime() : to!.startMs;
  const place = {
    occursOn: row.occurs_on,
    startMs,
    endMs: startMs + wished.durationMinutes * 60_000,
  };
  const plan = { moves: [{ id: row.id, to: place }], added: [], removed: [] };
  const targets = [row];
  return { plan, targets, template: agreed, before: null, isException: true, endsSeries: false };
}

function cancelSome(
  agreed: SeriesTemplate,
  rows: readonly OccurrenceRow[],
  live: readonly OccurrenceRow[],
  { scope }: Extract<SeriesEdit, { kind: 'cancel' }>,
): DecidedEdit {
  const removing = (targets: readonly OccurrenceRow[]) => ({
    targets: requireSome(targets),
    plan: { moves: [], added: [], removed: targets.map(({ id }) => id) },
    before: null,
    isException: false,
  });
  if (scope.kind === 'this') {
    const row = pickOne(rows, live, scope.occurrenceId);
    return { ...removing([row]), template: without(agreed, row.occurs_on), endsSeries: false };
  }
  const cut = scope.kind === 'all' ? null : cutAt(rows, scope.occurrenceId);
  if (cut === null) return { ...removing(live), template: agreed, endsSeries: true };
  const { before } = splitTemplate(agreed, cut);
  const targets = live.filter(({ occurs_on }) => occurs_on >= cut);
  return { ...removing(targets), template: before, endsSeries: false };
}

/** A cancelled date is out of the agreement: another rule does not bring it back. */
function without(agreed: SeriesTemplate, date: string): SeriesTemplate {
  if (agreed.rule === null) {
    return { ...agreed, dates: agreed.dates.filter((each) => each !== date) };
  }
  return { ...agreed, excludedDates: [...new Set([...agreed.excludedDates, date])].toSorted() };
}

/** The date to cut at; null where nothing comes before, which makes it an edit of all. */
function cutAt(rows: readonly OccurrenceRow[], occurrenceId: string): string | null {
  const { occurs_on: cut } = anchorOf(rows, occurrenceId);
  return rows.some(({ occurs_on }) => occurs_on < cut) ? cut : null;
}

function changeSome(
  agreed: SeriesTemplate,
  rows: readonly OccurrenceRow[],
  live: readonly OccurrenceRow[],
  { scope, change, isRuleChange }: Extract<SeriesEdit, { kind: 'change' }>,
  now: number,
): DecidedEdit {
  const cut = scope.kind === 'all' ? null : cutAt(rows, scope.occurrenceId);
  const split = cut === null ? null : splitTemplate(agreed, cut);
  const read = readTemplate(change, split?.after ?? agreed);
  const template = isRuleChange ? read : untilEndOfDay(read);
  const targets = requireSome(
    cut === null ? live : live.filter(({ occurs_on }) => occurs_on >= cut),
  );
  const common = { targets, template, before: split?.before ?? null };
  const places = isRuleChange ? comingPlaces(template, cut, now) : null;
  const occurrences = targets.map(liveOf);
  const plan =
    places === null ? planTimeChange(occurrences, template) : planRuleChange(occurrences, places);
  return { ...common, plan, isException: false, endsSeries: false };
}

function comingPlaces(template: SeriesTemplate, cut: string | null, now: number): Place[] {
  const found = requirePlaces(template);
  if (cut !== null && template.startsOn < cut) {
    throw malformed([{ field: 'startDate', message: 'must not be before the occurrence' }]);
  }
  const coming = found.filter(({ startMs }) => startMs > now);
  if (coming.length > 0) return coming;
  throw malformed([{ field: 'rule', message: 'leaves nothing to come; cancel instead' }]);
}

/** An UNTIL at the old time of the day must not cut off the last occurrence at the new one. */
function untilEndOfDay(template: SeriesTemplate): SeriesTemplate {
  const { rule } = template;
  if (rule?.end.kind !== 'until') return template;
  const wallMs = startOfWallDay(rule.end.wallMs) + DAY_MS - 1;
  const whole = { ...template, rule: { ...rule, end: { kind: 'until', wallMs } as const } };
  return placesOf(whole).kind === 'places' ? whole : template;
}

function requireSome(targets: readonly OccurrenceRow[]): readonly OccurrenceRow[] {
  if (targets.length > 0) return targets;
  throw new HoldfastError('wrong_state', 'None of these occurrences is still to come.');
}

function liveOf(row: OccurrenceRow): LiveOccurrence {
  return {
    id: row.id,
    occursOn: row.occurs_on,
    startMs: row.starts_at.getTime(),
    endMs: row.ends_at.getTime(),
    isMoved: isMovedByItself(row),
  };
}
