import type { SessionFormat } from '../../db/sessions.ts';
import type { Therapist } from '../../db/therapists.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { MINUTE_MS, wallMsAt } from '../../domain/local-time.ts';
import type { Slot } from '../../domain/slots.ts';

/** What a session asks of its therapist, whenever it takes place. */
export interface Offer {
  readonly sessionType: string;
  readonly format: SessionFormat;
  readonly specialization: string | null;
  readonly slot: Slot;
}

/** What the therapist rules out before any calendar is looked at; null where nothing. */
export function offerRefusal(therapist: Therapist, wanted: Offer): HoldfastError | null {
  if (!therapist.acceptsClients) {
    return new HoldfastError('therapist_unavailable', 'The therapist takes no new bookings.');
  }
  const durationMinutes = (wanted.slot.endMs - wanted.slot.startMs) / MINUTE_MS;
  return (
    notOffered('session_type', therapist.sessionTypes, wanted.sessionType) ??
    notOffered('session_format', therapist.sessionFormats, wanted.format) ??
    notOffered('duration', therapist.durationsMinutes, durationMinutes) ??
    (wanted.specialization === null
      ? null
      : notOffered('specialization', therapist.specializations, wanted.specialization))
  );
}

export function notOffered<T>(
  field: string,
  offered: readonly T[],
  wanted: T,
): HoldfastError | null {
  if (offered.includes(wanted)) return null;
  return new HoldfastError('refused_by_rule', `The therapist does not offer this ${field}.`, {
    fields: [{ field, message: `must be one of: ${offered.join(', ')}` }],
  });
}

const GRID_MS = 30 * MINUTE_MS;

/** A door that shows slots on the half hour books no others: what it does not show is not free. */
export function gridRefusal(
  { slot, startsOnGrid }: { readonly slot: Slot; readonly startsOnGrid: boolean },
  { timeZone }: Therapist,
): HoldfastError | null {
  if (!startsOnGrid || wallMsAt(timeZone, slot.startMs) % GRID_MS === 0) return null;
  return new HoldfastError(
    'invalid_time',
    "A session starts on the full or half hour of the therapist's clock.",
  );
}
