import type { LocationType } from '../../db/models/location.ts';
import type { SessionFormat } from '../../db/sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { MINUTE_MS } from '../../domain/local-time.ts';
import type { Slot } from '../../domain/slots.ts';
import { type TimeContext, invalidTime, readTime } from './local-times.ts';

/** One time of a body. */
export interface TimeBlock {
  readonly start_time: string;
  readonly end_time?: string;
  readonly duration_minutes?: number;
  readonly start_time_offset_minutes?: number;
  readonly end_time_offset_minutes?: number;
}

/** The `session` of a body. */
export interface SessionBlock extends TimeBlock {
  readonly therapist_id?: string;
  readonly client_id?: string;
  readonly session_type?: string;
  readonly location_id?: string | null;
  readonly location_type?: LocationType;
  readonly service_id?: string | null;
  readonly notes?: string;
}

const LONGEST_MS = 480 * MINUTE_MS;

/** A therapist's day has no place for longer ones. Throws `invalid_time`. */
export function readSlot(
  field: string,
  block: TimeBlock,
  zone: string,
  durationMinutes: number | undefined,
): Slot {
  const at = (offsetMinutes: number | undefined): TimeContext => ({ zone, offsetMinutes });
  const startMs = readTime(
    `${field}.start_time`,
    block.start_time,
    at(block.start_time_offset_minutes),
  );
  const minutes = block.duration_minutes ?? durationMinutes;
  const byLength = minutes === undefined ? undefined : startMs + minutes * MINUTE_MS;
  if (block.end_time === undefined && byLength === undefined) {
    throw invalidTime(`${field}.end_time`, 'or duration_minutes must give the length');
  }
  const endMs =
    block.end_time === undefined
      ? byLength!
      : readTime(`${field}.end_time`, block.end_time, at(block.end_time_offset_minutes));
  if (byLength !== undefined && endMs !== byLength) {
    throw invalidTime(`${field}.end_time`, 'is not duration_minutes after start_time');
  }
  if (endMs <= startMs) throw invalidTime(`${field}.end_time`, 'must be after start_time');
  if (endMs - startMs > LONGEST_MS) throw invalidTime(`${field}.end_time`, 'is too far away');
  return { startMs, endMs };
}

/** The first time and its occurrences, each once; one that repeats the first is the first. */
export function readSlots(
  session: TimeBlock,
  occurrences: readonly TimeBlock[],
  zone: string,
  durationMinutes: number | undefined,
): Slot[] {
  const first = readSlot('session', session, zone, durationMinutes);
  const minutes = durationMinutes ?? (first.endMs - first.startMs) / MINUTE_MS;
  const others = occurrences.map((occurrence, index) => {
    const length = occurrence.end_time === undefined ? minutes : undefined;
    return readSlot(`occurrences.${String(index)}`, occurrence, zone, length);
  });
  const slots = [first, ...others.filter((slot) => !isSame(slot, first))];
  const starts = new Set(slots.map(({ startMs }) => startMs));
  if (starts.size < slots.length) throw invalidTime('occurrences', 'must start at different times');
  return slots;
}

export function isSame(one: Slot, other: Slot): boolean {
  return one.startMs === other.startMs && one.endMs === other.endMs;
}

const FORMATS: Readonly<Record<LocationType, SessionFormat>> = {
  telehealth: 'video',
  in_person: 'in_person',
  phone: 'audio',
};

export function formatOf(locationType: LocationType): SessionFormat {
  return FORMATS[locationType];
}

export function locationTypeOf(format: SessionFormat): LocationType {
  if (format === 'in_person') return 'in_person';
  return format === 'audio' ? 'phone' : 'telehealth';
}

export function malformed(field: string, message: string): HoldfastError {
  return new HoldfastError('malformed_request', `${field} ${message}`, {
    fields: [{ field, message }],
  });
}
