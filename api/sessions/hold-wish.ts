import type { Service } from '../../db/models/service.ts';
import type { SessionFormat } from '../../db/sessions.ts';
import type { Slot } from '../../domain/slots.ts';

/** What staff or a therapist want to hold for one client: one time or several, all or none. */
export interface HoldWish {
  readonly therapistId: string;
  readonly clientId: string;
  readonly slots: readonly Slot[];
  readonly sessionType: string;
  readonly format: SessionFormat;
  /** Says what a session costs and who pays; null leaves that to the door's plan. */
  readonly service: Service | null;
  readonly locationId: string | null;
  /** IANA: the zone in which the times are thought of. */
  readonly timeZone: string;
  /** Text that somebody typed; sealed before it is stored. */
  readonly details: object | null;
  /** A therapist books their own clients only. */
  readonly requiresRelationship: boolean;
}
