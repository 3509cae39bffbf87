import { findClinic } from '../../db/clinics.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { Interval } from '../../domain/intervals.ts';
import { DAY_MS, startOfDay } from '../../domain/local-time.ts';
import { readDate, readInstant } from '../../domain/time-text.ts';
import { enforce } from '../access/clinic-access.ts';
import { maySchedule, schedulingScope } from '../access/scheduling-access.ts';
import type { Call } from '../http/handler.ts';
import { malformed } from './session-block.ts';
import { readTimeZone } from './local-times.ts';

/** Calendars are read for so many days at once. */
const MAX_DAYS = 370;

/** The zone of dates in a request: as it says, else the clinic's own. */
export async function zoneOf(call: Call, name: string | undefined): Promise<string> {
  if (name !== undefined) return readTimeZone(name);
  return (await findClinic(call.deps.knex, call.principal.clinicId)).timeZone;
}

/** The instant of a date or a time; a date at the end of a range is within it. */
export function readBound(
  field: string,
  text: string,
  zone: string,
  bound: 'first' | 'last',
): number {
  const day = readDate(text);
  if (day !== null) return startOfDay(zone, bound === 'first' ? day : day + DAY_MS);
  const instant = readInstant(text, zone);
  if (instant.kind === 'read') return instant.instantMs;
  throw malformed(field, 'must be a date, YYYY-MM-DD, or an ISO 8601 time');
}

export function readRange(start: string, end: string, zone: string): Interval {
  const startMs = readBound('start_date', start, zone, 'first');
  const endMs = readBound('end_date', end, zone, 'last');
  if (endMs <= startMs) throw malformed('end_date', 'must not lie before start_date');
  if (endMs - startMs > MAX_DAYS * DAY_MS) {
    throw malformed('end_date', `must not lie more than ${String(MAX_DAYS)} days after start_date`);
  }
  return { startMs, endMs };
}

/**
 * The therapists whose calendars a caller sees: those that they name, else all in their reach.
 * Null means all of the clinic. Throws `forbidden`, on record, beyond that.
 */
export async function therapistsInReach(
  call: Call,
  action: string,
  named: readonly string[],
): Promise<readonly string[] | null> {
  const target = { action, objectType: 'schedule', objectId: null };
  await enforce(call, maySchedule(call.principal, named), target);
  const scope = schedulingScope(call.principal);
  if (scope === null) throw new HoldfastError('forbidden', 'This is not for your role.');
  if (scope.kind === 'own') return [scope.therapistId];
  return named.length === 0 ? null : named;
}
