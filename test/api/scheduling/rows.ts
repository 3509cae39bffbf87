import { v7 as newId } from 'uuid';
import type { TestApi } from '../../support/api.ts';
import { sessionRow } from '../../support/session-row.ts';
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
  const { therapistId, clientId, startsAt, status = 'confirmed' } = facts;
  const row = sessionRow(
    { clinicId: api.clinicId, therapistId, clientId },
    {
      door: facts.door ?? 'scheduling',
      format: facts.format ?? 'video',
      starts_at: new Date(startsAt),
      ends_at: new Date(startsAt + 50 * MINUTE_MS),
      status,
      approval: 'not_needed',
      plan: JSON.stringify(DESK_PLAN),
      workflow_started_at: new Date(),
      ...facts.extra,
    },
  );
  await api.knex('sessions').insert(row);
  return row.id;
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
