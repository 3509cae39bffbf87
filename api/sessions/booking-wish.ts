import type { Door, SessionFormat } from '../../db/sessions.ts';
import type { Slot } from '../../domain/slots.ts';
import type { InsuranceInfo } from './insurance.ts';

/** What a client asks for when they book, whichever door they come through. */
export interface BookingWish {
  readonly door: Door;
  readonly therapistId: string;
  readonly clientId: string;
  /** Null means the type that the therapist offers by default. */
  readonly sessionType: string | null;
  readonly format: SessionFormat;
  readonly specialization: string | null;
  readonly slot: Slot;
  /** IANA: the zone in which the client thinks of this session. */
  readonly timeZone: string;
  /** Text that the client typed; sealed before it is stored. */
  readonly details: object | null;
  readonly insurance: InsuranceInfo | null;
  readonly requiresRelationship: boolean;
  /** Whether a session starts on the therapist's full or half hour only. */
  readonly startsOnGrid: boolean;
}

/** A wish whose type of session is settled. */
export type TypedWish = BookingWish & { readonly sessionType: string };
