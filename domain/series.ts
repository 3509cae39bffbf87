import { MINUTE_MS } from './local-time.ts';
import { type Expansion, type Recurrence, type Rule, expand, splitRule } from './recurrence.ts';
import { readDate, writeDate } from './time-text.ts';

/** What was agreed: dates `YYYY-MM-DD` and minutes of the day, local to the series. */
export interface SeriesTemplate {
  readonly timeZone: string;
  readonly startsOn: string;
  readonly startMinute: number;
  readonly durationMinutes: number;
  /** Null for a series of dates. */
  readonly rule: Rule | null;
  readonly dates: readonly string[];
  readonly excludedDates: readonly string[];
}

/** A time that a series gives, epoch ms. */
export interface Place {
  readonly occursOn: string;
  readonly startMs: number;
  readonly endMs: number;
}

export type Places =
  | { readonly kind: 'places'; readonly places: readonly Place[] }
  | Extract<Expansion, { kind: 'refused' }>;

/** The times of a series, in order. */
export function placesOf(template: SeriesTemplate): Places {
  const expansion = expand(recurrenceOf(template), template.timeZone);
  if (expansion.kind === 'refused') return expansion;
  const places = expansion.occurrences.map(({ wallMs, startMs }) => ({
    occursOn: writeDate(wallMs),
    startMs,
    endMs: startMs + template.durationMinutes * MINUTE_MS,
  }));
  return { kind: 'places', places };
}

function recurrenceOf(template: SeriesTemplate): Recurrence {
  const { rule, startMinute } = template;
  if (rule === null) {
    const dates = template.dates.map(midnight);
    return { kind: 'dates', timeOfDayMs: startMinute * MINUTE_MS, dates };
  }
  const firstWallMs = wallOf(template.startsOn, startMinute);
  return { kind: 'rule', firstWallMs, rule, exDates: template.excludedDates.map(midnight) };
}

function midnight(date: string): number {
  return readDate(date) ?? Number.NaN;
}

function wallOf(date: string, startMinute: number): number {
  return midnight(date) + startMinute * MINUTE_MS;
}

/** The agreement before and from an occurrence that is not the first. */
export function splitTemplate(
  template: SeriesTemplate,
  occursOn: string,
): { readonly before: SeriesTemplate; readonly after: SeriesTemplate } {
  const { rule, startMinute, startsOn } = template;
  const isBefore = (date: string): boolean => date < occursOn;
  const rules =
    rule === null
      ? { before: null, after: null }
      : splitRule(rule, wallOf(startsOn, startMinute), wallOf(occursOn, startMinute));
  return {
    before: { ...template, ...pick(template, isBefore), rule: rules.before },
    after: {
      ...template,
      ...pick(template, (date) => !isBefore(date)),
      rule: rules.after,
      startsOn: occursOn,
    },
  };
}

function pick(
  { dates, excludedDates }: SeriesTemplate,
  isWanted: (date: string) => boolean,
): Pick<SeriesTemplate, 'dates' | 'excludedDates'> {
  return { dates: dates.filter(isWanted), excludedDates: excludedDates.filter(isWanted) };
}

/** Where a series has an occurrence on a local date. */
export function placeOn(template: SeriesTemplate, occursOn: string): Place | null {
  const found = placesOf({ ...template, rule: null, dates: [occursOn] });
  return found.kind === 'places' ? (found.places[0] ?? null) : null;
}

/** An occurrence that has not begun and has not ended. */
export interface LiveOccurrence {
  readonly id: string;
  readonly occursOn: string;
  readonly startMs: number;
  readonly endMs: number;
  /** It was moved by itself, at whatever door, and keeps its own time. */
  readonly isMoved: boolean;
}

export interface EditPlan {
  readonly moves: readonly { readonly id: string; readonly to: Place }[];
  readonly added: readonly Place[];
  readonly removed: readonly string[];
}

/** Another time of the day or another length: every occurrence keeps its date. */
export function planTimeChange(
  live: readonly LiveOccurrence[],
  template: SeriesTemplate,
): EditPlan {
  const moves = live
    .filter(({ isMoved }) => !isMoved)
    .flatMap(({ id, occursOn, startMs, endMs }) => {
      const to = placeOn(template, occursOn);
      const isSame = to?.startMs === startMs && to.endMs === endMs;
      return to === null || isSame ? [] : [{ id, to }];
    });
  return { moves, added: [], removed: [] };
}

/**
 * Another rule: the occurrences to come are paired with the new times in order, so that what was
 * paid stays with them. New times without an occurrence get one; occurrences without a time go.
 */
export function planRuleChange(
  live: readonly LiveOccurrence[],
  places: readonly Place[],
): EditPlan {
  const ordered = live.toSorted((a, b) => a.startMs - b.startMs);
  const moves = ordered.slice(0, places.length).map(({ id }, index) => ({
    id,
    to: places[index]!,
  }));
  return {
    moves,
    added: places.slice(ordered.length),
    removed: ordered.slice(places.length).map(({ id }) => id),
  };
}
