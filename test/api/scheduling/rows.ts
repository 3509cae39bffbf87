import { v7 as newId } from 'uuid';
import type { TestApi } from '../../support/api.ts';
import { DESK_PLAN, MINUTE_MS } from './desk.ts';

export interface SessionFacts {
  readonly therapistId: string;
  readonly clientId: string;
  readonly startsAt: number;
  readonly status?: string;
  readonly door?: string;
  readonly format?: string;
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** A session as it stands in the database, without anybody who looks after it. */
export async function addSession(api: TestApi, facts: SessionFacts): Promise<string> {
  const id = newId();
  const { therapistId, clientId, startsAt, status = 'confirmed' } = facts;
  await api.knex('sessions').insert({
    id,
    clinic_id: api.clinicId,
    door: facts.door ?? 'scheduling',
    session_type: 'individual',
    format: facts.format ?? 'video',
    therapist_id: therapistId,
    client_id: clientId,
    starts_at: new Date(startsAt),
    ends_at: new Date(startsAt + 50 * MINUTE_MS),
    time_zone: 'UTC',
    status,
    approval: 'not_needed',
    payment: 'not_due',
    plan: JSON.stringify(DESK_PLAN),
    price_cents: 0,
    due_cents: 0,
    currency: 'USD',
    room_code: id,
    workflow_started_at: new Date(),
    created_by: clientId,
    ...facts.extra,
  });
  return id;
}

/** What the client's insurer has granted. */
export async function addAuthorisation(
  api: TestApi,
  clientId: string,
  granted: number,
  used = 0,
): Promise<string> {
  const id = newId();
  await api.knex('insurance_authorisations').insert({
    id,
    client_id: clientId,
    payer: 'Aetna',
    number: `A-${id}`,
    valid_from: '2030-01-01',
    valid_to: '2031-12-31',
    sessions_granted: granted,
    sessions_used: used,
  });
  return id;
}
