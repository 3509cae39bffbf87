import { readDate } from './time-text.ts';
import { DAY_MS, wallMsAt } from './local-time.ts';

/**
 * The parts of RFC 5545's RRULE that make a series of appointments. Wall readings throughout: a
 * rule says what clocks show, and knows nothing of offsets.
 */
export interface Rule {
  /** As `FREQ=WEEKLY;BYDAY=MO`, without COUNT and UNTIL. */
  readonly pattern: string;
  readonly end:
    | { readonly kind: 'count'; readonly count: number }
    /** The last reading that may begin an occurrence. */
    | { readonly kind: 'until'; readonly wallMs: number };
}

export type ReadRule =
  | { readonly kind: 'read'; readonly rule: Rule }
  | { readonly kind: 'refused'; readonly message: string };

export const MAX_OCCURRENCES = 104;
const MAX_INTERVAL = 400;

const integers = (least: number, most: number, isSigned = false) => {
  return (value: string): boolean =>
    value.split(',').every((each) => {
      if (!/^[+-]?\d{1,3}$/.test(each) || (!isSigned && /^[+-]/.test(each))) return false;
      const size = Math.abs(Number(each));
      return least <= size && size <= most;
    });
};

const one = (check: (value: string) => boolean) => (value: string) =>
  !value.includes(',') && check(value);

/** What may stand in each part. */
const PARTS: Readonly<Record<string, (value: string) => boolean>> = {
  FREQ: (value) => /^(DAILY|WEEKLY|MONTHLY|YEARLY)$/.test(value),
  INTERVAL: one(integers(1, MAX_INTERVAL)),
  BYDAY: (value) => /^([+-]?[1-5]?(MO|TU|WE|TH|FR|SA|SU)(,|$))+$/.test(value),
  BYMONTHDAY: integers(1, 31, true),
  BYMONTH: integers(1, 12),
  BYSETPOS: integers(1, 366, true),
  WKST: (value) => /^(MO|TU|WE|TH|FR|SA|SU)$/.test(value),
  COUNT: one(integers(1, MAX_OCCURRENCES)),
  UNTIL: (value) => /^\d{8}(T\d{6}Z?)?$/.test(value),
};

/**
 * Reads a rule, with or without `RRULE:` before it. It must end: COUNT or UNTIL, one of them.
 * UNTIL is a date (its whole local day counts), a local time, or with `Z` an instant.
 */
export function readRule(text: string, zone: string): ReadRule {
  const parts = text
    .trim()
    .toUpperCase()
    .replace(/^RRULE:/, '')
    .split(';')
    .map((part) => part.split('='));
  const given = new Map<string, string>();
  for (const [name = '', value = '', ...rest] of parts) {
    const isValid = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
    if (isValid === undefined) return refused(`has a part that is not supported`);
    if (given.has(name)) return refused(`has ${name} twice`);
    if (rest.length > 0 || !isValid(value)) return refused(`has a ${name} that cannot be`);
    given.set(name, value);
  }
  if (!given.has('FREQ')) return refused('needs a FREQ');
  return withEnd(given, zone);
}

function withEnd(given: ReadonlyMap<string, string>, zone: string): ReadRule {
  const pattern = [...given]
    .filter(([name]) => name !== 'COUNT' && name !== 'UNTIL')
    .map(([name, value]) => `${name}=${value}`)
    .join(';');
  const [count, until] = [given.get('COUNT'), given.get('UNTIL')];
  if (count !== undefined && until !== undefined) return refused('has both COUNT and UNTIL');
  if (count !== undefined) {
    return { kind: 'read', rule: { pattern, end: { kind: 'count', count: Number(count) } } };
  }
  if (until === undefined) {
    return refused(`needs an end: COUNT (at most ${MAX_OCCURRENCES}) or UNTIL`);
  }
  const wallMs = readUntil(until, zone);
  if (wallMs === null) return refused('has an UNTIL that is no date');
  return { kind: 'read', rule: { pattern, end: { kind: 'until', wallMs } } };
}

function readUntil(text: string, zone: string): number | null {
  const [, year, month, day, , hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(T(\d\d)(\d\d)(\d\d)Z?)?$/.exec(text) ?? [];
  const dayMs = readDate(`${year}-${month}-${day}`);
  if (dayMs === null) return null;
  if (hour === undefined) return dayMs + DAY_MS - 1;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const timeMs = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
  return text.endsWith('Z') ? wallMsAt(zone, dayMs + timeMs) : dayMs + timeMs;
}

/** The rule as RFC 5545 writes it; an UNTIL is local to the series. */
export function writeRule({ pattern, end }: Rule): string {
  if (end.kind === 'count') return `${pattern};COUNT=${end.count}`;
  return `${pattern};UNTIL=${basicTime(end.wallMs)}`;
}

/** `20260131T090000` for a wall reading. */
export function basicTime(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
}

function refused(message: string): ReadRule {
  return { kind: 'refused', message };
}
