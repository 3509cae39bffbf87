import type { TherapistCalendar } from '../../db/availability.ts';
import type { Overlap } from '../../db/schedule-conflicts.ts';
import { type Hours, workingHours } from '../../domain/availability.ts';
import { type Interval, covers, normalise, subtract } from '../../domain/intervals.ts';
import { presentTime } from './present.ts';

/** As far as a conflict is concerned. */
export interface PlacedSession {
  readonly id: string;
  readonly therapist_id: string;
  readonly start_time: string;
  readonly end_time: string;
  readonly status: string;
}

/**
 * What can still be wrong with a session in a calendar that never books a time twice: hours or
 * time off that were changed after the booking, and a crisis session, which waits for nobody.
 */
export interface Conflict {
  readonly type: 'time_off' | 'outside_availability' | 'overlapping_session';
  readonly session_id: string;
  readonly therapist_id: string;
  readonly start_time: string;
  readonly end_time: string;
  readonly with_session_id?: string;
  readonly calendar_of?: Overlap['of'];
}

const OPEN: ReadonlySet<string> = new Set(['held', 'pending', 'confirmed', 'in_progress']);

export function conflictsOf(
  sessions: readonly PlacedSession[],
  calendars: readonly TherapistCalendar[],
  overlaps: readonly Overlap[],
): Conflict[] {
  const hours = hoursOf(sessions, calendars);
  const byId = new Map(sessions.map((session) => [session.id, session]));
  const misplaced = sessions.flatMap((session): Conflict[] => {
    const type = OPEN.has(session.status) ? faultOf(session, hours) : null;
    return type === null ? [] : [{ type, ...placeOf(session) }];
  });
  const overlapping = overlaps.flatMap(({ sessionId, otherId, of }): Conflict[] => {
    const session = byId.get(sessionId);
    if (session === undefined) return [];
    const place = placeOf(session);
    return [{ type: 'overlapping_session', ...place, with_session_id: otherId, calendar_of: of }];
  });
  return [...misplaced, ...overlapping];
}

function placeOf(session: PlacedSession): Omit<Conflict, 'type'> {
  const { id, therapist_id, start_time, end_time } = session;
  return { session_id: id, therapist_id, start_time, end_time };
}

function intervalOf({ start_time, end_time }: PlacedSession): Interval {
  return { startMs: Date.parse(start_time), endMs: Date.parse(end_time) };
}

interface Working {
  readonly open: readonly Interval[];
  /** As if nobody had taken time off. */
  readonly regular: readonly Interval[];
}

/** The hours of each therapist over the page, worked out once. */
function hoursOf(
  sessions: readonly PlacedSession[],
  calendars: readonly TherapistCalendar[],
): Map<string, Working> {
  const spans = sessions.map(intervalOf);
  const startMs = spans.reduce((least, span) => Math.min(least, span.startMs), Infinity);
  const endMs = spans.reduce((most, span) => Math.max(most, span.endMs), -Infinity);
  if (spans.length === 0) return new Map();
  return new Map(
    calendars.map(({ therapist, schedule }) => {
      const { open, off }: Hours = workingHours(schedule, startMs, endMs);
      return [therapist.id, { open, regular: normalise([...open, ...off]) }];
    }),
  );
}

function faultOf(
  session: PlacedSession,
  hours: ReadonlyMap<string, Working>,
): 'time_off' | 'outside_availability' | null {
  const working = hours.get(session.therapist_id);
  const span = intervalOf(session);
  if (working === undefined || covers(working.open, span)) return null;
  return covers(working.regular, span) ? 'time_off' : 'outside_availability';
}

/** When each therapist works within the window, and what of that is still free. */
export function availabilityOf(
  calendars: readonly TherapistCalendar[],
  window: Interval,
): Record<string, unknown>[] {
  return calendars.map(({ therapist, schedule, busy }) => {
    const { open } = workingHours(schedule, window.startMs, window.endMs);
    return {
      therapist_id: therapist.id,
      time_zone: therapist.timeZone,
      working_hours: open.map(presentInterval),
      free: subtract(open, normalise(busy)).map(presentInterval),
    };
  });
}

function presentInterval({ startMs, endMs }: Interval): { start_time: string; end_time: string } {
  return { start_time: presentTime(startMs), end_time: presentTime(endMs) };
}
