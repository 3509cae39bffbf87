import { RRuleTemporal } from 'rrule-temporal';
import { DAY_MS, instantOfWall, startOfWallDay } from './local-time.ts';
import { MAX_OCCURRENCES, type Rule, basicTime } from './recurrence-rule.ts';

export {
  MAX_OCCURRENCES,
  type ReadRule,
  type Rule,
  readRule,
  writeRule,
} from './recurrence-rule.ts';

/**
 * When the appointments of a series begin: by rule, or on dates. The first reading of a rule also
 * says at which time of the day. `dates` and `exDates` are midnights of the local calendar.
 */
export type Recurrence =
  | {
      readonly kind: 'rule';
      readonly firstWallMs: number;
      readonly rule: Rule;
      readonly exDates: readonly number[];
    }
  | { readonly kind: 'dates'; readonly timeOfDayMs: number; readonly dates: readonly number[] };

/** One appointment: what the clock shows, and the instant that it means. */
export interface Occurrence {
  readonly wallMs: number;
  readonly startMs: number;
}

export type Expansion =
  | { readonly kind: 'expanded'; readonly occurrences: readonly Occurrence[] }
  | { readonly kind: 'refused'; readonly message: string };

/** No occurrence begins later than so long after the first. */
export const MAX_SPAN_MS = 731 * DAY_MS;
/** Periods that the library looks through before it gives up on a rule that never happens. */
const MAX_PERIODS = 2_000;

/**
 * All occurrences of a series, in order. The wall-clock time is kept across changes of the offset.
 * Where clocks are set forward over it, the occurrence is as long after the jump as the reading is
 * after its beginning (2:30 becomes 3:30); where it occurs twice, the first one is meant.
 */
export function expand(recurrence: Recurrence, zone: string): Expansion {
  const walls = recurrence.kind === 'rule' ? wallsOfRule(recurrence) : wallsOfDates(recurrence);
  if ('message' in walls) return walls;
  const [first] = walls;
  const last = walls.at(-1);
  if (first === undefined || last === undefined) return refused('has no occurrence');
  if (walls.length > MAX_OCCURRENCES)
    return refused(`has more than ${MAX_OCCURRENCES} occurrences`);
  if (last - first > MAX_SPAN_MS) return refused('reaches further than two years');
  const occurrences = walls.map((wallMs) => ({
    wallMs,
    startMs: instantOfWall(zone, wallMs, 'compatible') ?? wallMs,
  }));
  return { kind: 'expanded', occurrences };
}

function wallsOfDates({
  dates,
  timeOfDayMs,
}: Extract<Recurrence, { kind: 'dates' }>): readonly number[] {
  return [...new Set(dates)].toSorted((a, b) => a - b).map((dayMs) => dayMs + timeOfDayMs);
}

function wallsOfRule({
  firstWallMs,
  rule,
  exDates,
}: Extract<Recurrence, { kind: 'rule' }>):
  readonly number[] | Extract<Expansion, { kind: 'refused' }> {
  const walls = instancesOf(rule, firstWallMs);
  if (walls === null) return refused('never happens');
  const excluded = new Set(exDates);
  return walls.filter((wallMs) => !excluded.has(startOfWallDay(wallMs)));
}

/**
 * What the rule itself gives, excluded dates included; null when it never happens. One more than is
 * allowed is enough to refuse it. Readings are expanded as if they were UTC, which has no jumps.
 */
function instancesOf({ pattern, end }: Rule, firstWallMs: number): readonly number[] | null {
  const untilMs = end.kind === 'until' ? end.wallMs : Infinity;
  const most = end.kind === 'count' ? end.count : MAX_OCCURRENCES + 1;
  const walls: number[] = [];
  try {
    const recurrence = new RRuleTemporal({
      rruleString: `DTSTART:${basicTime(firstWallMs)}Z\nRRULE:${pattern};COUNT=${most}`,
      strict: true,
      maxIterations: MAX_PERIODS,
    });
    recurrence.all(({ epochMilliseconds }) => {
      if (epochMilliseconds > untilMs) return false;
      walls.push(epochMilliseconds);
      return epochMilliseconds - firstWallMs <= MAX_SPAN_MS;
    });
  } catch {
    // The library throws for a pattern that contradicts itself, and for one that never matches.
    return null;
  }
  return walls;
}

export interface SplitRule {
  readonly before: Rule;
  readonly after: Rule;
}

/** The two rules of a series that is cut before the occurrence at `atWallMs`, not its first. */
export function splitRule(rule: Rule, firstWallMs: number, atWallMs: number): SplitRule {
  const earlier = (instancesOf(rule, firstWallMs) ?? []).filter((wallMs) => wallMs < atWallMs);
  const lastBefore = earlier.at(-1) ?? firstWallMs;
  const before: Rule = { pattern: rule.pattern, end: { kind: 'until', wallMs: lastBefore } };
  if (rule.end.kind === 'until') return { before, after: rule };
  const count = Math.max(rule.end.count - earlier.length, 1);
  return { before, after: { pattern: rule.pattern, end: { kind: 'count', count } } };
}

function refused(message: string): Extract<Expansion, { kind: 'refused' }> {
  return { kind: 'refused', message };
}
