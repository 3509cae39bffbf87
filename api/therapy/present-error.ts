import type { ErrorCode, ErrorDetails } from '../../domain/errors.ts';
import { decimalFromCents } from '../../domain/pricing.ts';
import type { Slot } from '../../domain/slots.ts';
import { writeInstant } from './local-window.ts';

/** The published codes of this door where they differ from the product's own. */
const CODES: Readonly<Partial<Record<ErrorCode, string>>> = {
  outside_availability: 'therapist_unavailable',
};

export function therapyCode(code: ErrorCode): string {
  return CODES[code] ?? code;
}

/** The companions of an error under the names and in the units that this door publishes. */
export function therapyDetails(details: ErrorDetails): Record<string, unknown> {
  const { fields, retryAfterSeconds, alternativeSlots, ...others } = details;
  return {
    ...Object.fromEntries(Object.entries(others).map(([name, value]) => rename(name, value))),
    ...(alternativeSlots === undefined
      ? {}
      : { alternative_slots: (alternativeSlots as readonly Slot[]).map(presentSlot) }),
    ...(fields === undefined ? {} : { fields }),
    ...(retryAfterSeconds === undefined ? {} : { retry_after: retryAfterSeconds }),
  };
}

function rename(name: string, value: unknown): [string, unknown] {
  switch (name) {
    case 'requiredCents':
      return ['required_tokens', decimalFromCents(value as number)];
    case 'balanceCents':
      return ['current_balance', decimalFromCents(value as number)];
    case 'paymentError':
      return ['payment_error', value];
    case 'clientSecret':
      return ['client_secret', value];
    default:
      return [name, value];
  }
}

function presentSlot({ startMs, endMs }: Slot): { start_time: string; end_time: string } {
  return { start_time: writeInstant(startMs), end_time: writeInstant(endMs) };
}
