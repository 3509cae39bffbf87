import { LONGEST_SHIFT_MINUTES } from '../../db/rosters.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { FieldFault } from '../../domain/errors.ts';
import { DAY_MS, normaliseZone } from '../../domain/local-time.ts';
import type { Rotation } from '../../domain/rosters.ts';
import { parseInstant, readDate, readTimeOfDay, writeTimeOfDay } from '../../domain/time-text.ts';

export interface RotationBody {
  readonly people: readonly string[];
  readonly shiftMinutes: number;
  readonly handOverTime: string;
  readonly timeZone: string;
  readonly startsOn: string;
  readonly endsOn?: string | null;
}

export interface RosterBody {
  readonly id?: string;
  readonly version?: number;
  readonly name: string;
  readonly rotations: readonly RotationBody[];
}

export interface OverrideBody {
  readonly personId: string;
  readonly insteadOf?: string | null;
  readonly startsAt: string;
  readonly endsAt: string;
}

const LONGEST_OVERRIDE_MS = 366 * DAY_MS;
/** Shifts are made as they are asked for: this keeps an answer within some thousands. */
const LONGEST_STRETCH_MS = 100 * DAY_MS;

/** Throws `malformed_request` that names every field at fault. */
export function readRotations({ name, rotations }: RosterBody): Rotation[] {
  const faults: FieldFault[] = name.trim() === '' ? [fault('name', 'must not be blank')] : [];
  const read = rotations.map((rotation, index) => {
    faults.push(...faultsOf(rotation, `rotations[${index}]`));
    return readRotation(rotation);
  });
  if (faults.length > 0) throw malformed(faults);
  return read;
}

function faultsOf(rotation: RotationBody, path: string): FieldFault[] {
  const { handOverTime, timeZone, startsOn, endsOn, shiftMinutes } = rotation;
  const startMs = readDate(startsOn);
  const endMs = typeof endsOn === 'string' ? readDate(endsOn) : undefined;
  const isBackwards = typeof endMs === 'number' && startMs !== null && endMs <= startMs;
  return [
    ...(readTimeOfDay(handOverTime) === null
      ? [fault(`${path}.handOverTime`, 'must be HH:MM')]
      : []),
    ...(normaliseZone(timeZone) === null
      ? [fault(`${path}.timeZone`, 'must be an IANA zone')]
      : []),
    ...(startMs === null ? [fault(`${path}.startsOn`, 'must be a date')] : []),
    ...(endMs === null ? [fault(`${path}.endsOn`, 'must be a date')] : []),
    ...(isBackwards ? [fault(`${path}.endsOn`, 'must be after startsOn')] : []),
    ...(shiftMinutes > LONGEST_SHIFT_MINUTES
      ? [fault(`${path}.shiftMinutes`, 'must be at most eight weeks')]
      : []),
  ];
}

function readRotation(rotation: RotationBody): Rotation {
  const { people, shiftMinutes, handOverTime, timeZone, startsOn, endsOn } = rotation;
  return {
    people,
    shiftMinutes,
    handOverMinute: readTimeOfDay(handOverTime) ?? 0,
    zone: normaliseZone(timeZone) ?? timeZone,
    startsOn,
    endsOn: endsOn ?? null,
  };
}

export function presentRotation(rotation: Rotation): RotationBody {
  const { people, shiftMinutes, handOverMinute, zone, startsOn, endsOn } = rotation;
  const handOverTime = writeTimeOfDay(handOverMinute);
  return { people, shiftMinutes, handOverTime, timeZone: zone, startsOn, endsOn };
}

/** Throws `malformed_request`, or `time_in_past` for an override that would change nothing. */
export function readOverride(
  body: OverrideBody,
  nowMs: number,
): { personId: string; insteadOf: string | null; startsAt: Date; endsAt: Date } {
  const startMs = parseInstant(body.startsAt);
  const endMs = parseInstant(body.endsAt);
  const insteadOf = body.insteadOf ?? null;
  if (endMs <= startMs) throw malformed([fault('endsAt', 'must be after startsAt')]);
  if (endMs - startMs > LONGEST_OVERRIDE_MS) {
    throw malformed([fault('endsAt', 'must be within a year of startsAt')]);
  }
  if (endMs <= nowMs) throw new HoldfastError('time_in_past', 'The override is over already');
  if (insteadOf === body.personId) {
    throw malformed([fault('insteadOf', 'must be somebody else than personId')]);
  }
  return {
    personId: body.personId,
    insteadOf,
    startsAt: new Date(startMs),
    endsAt: new Date(endMs),
  };
}

/** Throws `malformed_request` for a stretch that ends before it begins or is too long to expand. */
export function readStretch(from: string, to: string): { fromMs: number; toMs: number } {
  const [fromMs, toMs] = [parseInstant(from), parseInstant(to)];
  if (toMs <= fromMs) throw malformed([fault('to', 'must be after from')]);
  if (toMs - fromMs > LONGEST_STRETCH_MS) {
    throw malformed([fault('to', 'must be within 100 days of from')]);
  }
  return { fromMs, toMs };
}

function fault(field: string, message: string): FieldFault {
  return { field, message };
}

function malformed(fields: readonly FieldFault[]): HoldfastError {
  const [first] = fields;
  const text = first === undefined ? 'The body is malformed' : `${first.field} ${first.message}`;
  return new HoldfastError('malformed_request', text, { fields });
}
