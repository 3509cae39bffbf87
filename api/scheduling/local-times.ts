import { HoldfastError } from '../../domain/errors.ts';
import { MINUTE_MS, resolveWall } from '../../domain/local-time.ts';
import { parseInstant, readInstant } from '../../domain/time-text.ts';
import { normaliseZone } from '../../domain/time-zone.ts';

/** What a time in a body may be accompanied by. */
export interface TimeContext {
  /** IANA. */
  readonly zone: string;
  /** The zone's offset from UTC as the client saw it, east positive; it decides a repeated hour. */
  readonly offsetMinutes?: number | undefined;
}

export function invalidTime(field: string, message: string): HoldfastError {
  return new HoldfastError('invalid_time', `${field} ${message}`, { fields: [{ field, message }] });
}

/** The zone in its usual spelling. Throws `invalid_time`. */
export function readTimeZone(name: string): string {
  const zone = normaliseZone(name);
  if (zone !== null) return zone;
  throw invalidTime('time_zone', 'must be an IANA time zone, such as Europe/Berlin');
}

/**
 * The instant of an ISO 8601 time; without an offset it is local to the zone. Staff must not be
 * an hour off, so of a local time that occurs twice neither is guessed. Throws `invalid_time`.
 */
export function readTime(field: string, text: string, context: TimeContext): number {
  const asUtc = readInstant(`${text}Z`);
  // With an offset of its own, the text with another one is no time.
  if (asUtc.kind === 'refused') return readOwnOffset(field, text);
  return fromWall(field, asUtc.instantMs, context);
}

function readOwnOffset(field: string, text: string): number {
  try {
    return parseInstant(text);
  } catch {
    throw invalidTime(field, 'must be an ISO 8601 date and time');
  }
}

function fromWall(field: string, wallMs: number, { zone, offsetMinutes }: TimeContext): number {
  const resolution = resolveWall(zone, wallMs);
  const meant = offsetMinutes === undefined ? null : wallMs - offsetMinutes * MINUTE_MS;
  switch (resolution.kind) {
    case 'gap':
      throw invalidTime(field, `does not exist in ${zone}: clocks are set forward over it`);
    case 'overlap':
      if (meant === resolution.earlierMs || meant === resolution.laterMs) return meant;
      throw invalidTime(field, `occurs twice in ${zone} as clocks are set back; give an offset`);
    case 'unique':
      if (meant === null || meant === resolution.instantMs) return resolution.instantMs;
      throw invalidTime(field, `has another offset than this in ${zone}`);
  }
}
