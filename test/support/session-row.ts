import { v7 as newId } from 'uuid';
import { DEFAULT_PLAN } from '../../domain/plan.ts';

/** Whose session it is. */
interface Whose {
  readonly clinicId: string;
  readonly therapistId: string;
  /** Null for a group's. */
  readonly clientId: string | null;
}

const HOUR_MS = 3_600_000;

/** A row of `sessions`: confirmed, free of charge, an hour in three days; `facts` are columns. */
export function sessionRow(
  { clinicId, therapistId, clientId }: Whose,
  facts: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> & { readonly id: string } {
  const id = newId();
  const startsAt = Date.now() + 72 * HOUR_MS;
  return {
    id,
    clinic_id: clinicId,
    door: 'therapy',
    session_type: 'individual',
    format: 'video',
    therapist_id: therapistId,
    client_id: clientId,
    starts_at: new Date(startsAt),
    ends_at: new Date(startsAt + HOUR_MS),
    time_zone: 'UTC',
    status: 'confirmed',
    approval: 'given',
    payment: 'not_due',
    plan: JSON.stringify(DEFAULT_PLAN),
    price_cents: 0,
    due_cents: 0,
    currency: 'USD',
    room_code: id,
    created_by: clientId ?? therapistId,
    ...facts,
  };
}
