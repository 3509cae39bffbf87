import type { Interval } from './intervals.ts';
import {
  DAY_MS,
  MINUTE_MS,
  dayOfWeekOfWall,
  instantOfWall,
  startOfWallDay,
  wallMsAt,
} from './local-time.ts';

/** What a group session keeps of its group from when it was made. */
export interface GroupTerms {
  readonly capacity: number;
  /** With fewer confirmed members the session does not take place; 0 asks for none. */
  readonly minMembers: number;
  /** How long before the start that is decided, ms. */
  readonly decideBeforeStartMs: number;
}

/** A time that comes back every week, in the group's zone. */
export interface WeeklyTime {
  /** 0 is Sunday, 6 Saturday. */
  readonly dayOfWeek: number;
  /** Minutes since local midnight. */
  readonly minute: number;
}

/** The group's next standing times after `now`, in order; those that clocks jump over are left out. */
export function nextTimes(
  group: {
    readonly weeklyTimes: readonly WeeklyTime[];
    readonly timeZone: string;
    readonly durationMinutes: number;
  },
  now: number,
  weeks: number,
): Interval[] {
  const today = startOfWallDay(wallMsAt(group.timeZone, now));
  const days = Array.from({ length: weeks * 7 + 1 }, (_, index) => today + index * DAY_MS);
  return days
    .flatMap((day) =>
      group.weeklyTimes
        .filter(({ dayOfWeek }) => dayOfWeek === dayOfWeekOfWall(day))
        .map(({ minute }) => instantOfWall(group.timeZone, day + minute * MINUTE_MS, 'compatible')),
    )
    .filter((startMs) => startMs !== null && startMs > now)
    .map((startMs) => ({ startMs: startMs!, endMs: startMs! + group.durationMinutes * MINUTE_MS }))
    .toSorted((a, b) => a.startMs - b.startMs);
}

/** What others call a member: the name they go by and an initial, nothing more. */
export interface MemberName {
  readonly personId: string;
  readonly preferredName: string | null;
  readonly firstName: string;
  readonly lastName: string;
}

/**
 * `Alex M.` for each person, in the order in which they joined. Namesakes are told apart by a
 * number, which says nothing about them. What looks like an address or a number is no name.
 */
export function displayNames(members: readonly MemberName[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Map<string, number>();
  for (const member of members) {
    if (names.has(member.personId)) continue;
    const name = shortName(member);
    const count = (taken.get(name) ?? 0) + 1;
    taken.set(name, count);
    names.set(member.personId, count === 1 ? name : `${name} (${String(count)})`);
  }
  return names;
}

const MAX_NAME_LENGTH = 24;

function shortName({ preferredName, firstName, lastName }: MemberName): string {
  // Of a full name in the preferred one, only its first word is for others.
  const given = firstWord(preferredName ?? '') || firstWord(firstName) || 'Member';
  const initial = /^\p{L}/u.exec(lastName.trim().normalize('NFC'))?.[0];
  return initial === undefined ? given : `${given} ${initial.toLocaleUpperCase('en')}.`;
}

function firstWord(text: string): string {
  const [word = ''] = text.trim().normalize('NFC').split(/\s+/u);
  const isName = /^[\p{L}\p{M}'’.-]+$/u.test(word) && /\p{L}/u.test(word);
  return isName ? [...word].slice(0, MAX_NAME_LENGTH).join('') : '';
}
