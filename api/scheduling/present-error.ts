import type { ErrorCode, ErrorDetails } from '../../domain/errors.ts';
import type { Slot } from '../../domain/slots.ts';
import { presentTime } from './present.ts';

/** The published codes of this door where they differ from the product's own. */
const CODES: Readonly<Partial<Record<ErrorCode, string>>> = {
  time_in_past: 'invalid_time',
  nonexistent_local_time: 'invalid_time',
  too_soon: 'outside_availability',
};

export function schedulingCode(code: ErrorCode): string {
  return CODES[code] ?? code;
}

interface Refused extends Slot {
  readonly index: number;
  readonly code: ErrorCode;
  readonly reason: string;
}

/** The companions of an error under this door's names. */
export function schedulingDetails(details: ErrorDetails): Record<string, unknown> {
  const { fields, retryAfterSeconds, alternativeSlots, refusedSlots, ...others } = details;
  return {
    ...others,
    ...(alternativeSlots === undefined
      ? {}
      : { alternative_slots: (alternativeSlots as readonly Slot[]).map(timesOf) }),
    ...(refusedSlots === undefined
      ? {}
      : { refused_occurrences: (refusedSlots as readonly Refused[]).map(presentRefused) }),
    ...(fields === undefined ? {} : { fields }),
    ...(retryAfterSeconds === undefined ? {} : { retry_after: retryAfterSeconds }),
  };
}

function timesOf({ startMs, endMs }: Slot): { start_time: string; end_time: string } {
  return { start_time: presentTime(startMs), end_time: presentTime(endMs) };
}

function presentRefused({ index, code, reason, ...slot }: Refused): Record<string, unknown> {
  return { index, ...timesOf(slot), code: schedulingCode(code), error: reason };
}
