import { v7 as newId } from 'uuid';
import type { Plan } from '../../../domain/plan.ts';
import type { TestApi, TestPerson, TestReply } from '../../support/api.ts';
import { QUICK_PLAN, addTherapist } from '../../support/stack-people.ts';

export const HOUR_MS = 3_600_000;
export const MINUTE_MS = 60_000;

export interface Answered extends Record<string, unknown> {
  readonly success: boolean;
  readonly code?: string;
  readonly error?: string;
  readonly hold_key?: string;
  readonly expires_at?: string;
  readonly session_id?: string;
  readonly session?: Record<string, unknown>;
  readonly occurrences?: readonly Record<string, unknown>[];
  readonly refused_occurrences?: readonly Record<string, unknown>[];
}

/** What the scheduling door books under: nobody approves, nobody pays, and holds last. */
export const DESK_PLAN: Plan = {
  ...QUICK_PLAN,
  holdTtlMs: 10 * MINUTE_MS,
  approval: { by: 'nobody', ttlMs: HOUR_MS },
  payment: { ...QUICK_PLAN.payment, by: 'nobody' },
};

export async function setDeskPlan(api: TestApi, plan: Plan): Promise<void> {
  await api.knex('policies').where({ clinic_id: api.clinicId, door: 'scheduling' }).delete();
  await api.knex('policies').insert({
    id: newId(),
    clinic_id: api.clinicId,
    name: 'desk',
    door: 'scheduling',
    plan: JSON.stringify(plan),
  });
}

/** A front desk with a therapist who works around the clock and a client. */
export interface Desk {
  readonly staff: TestPerson;
  readonly therapist: TestPerson;
  readonly client: TestPerson;
}

export async function openDesk(api: TestApi): Promise<Desk> {
  return {
    staff: await api.person({ role: 'staff' }),
    therapist: await addTherapist(api),
    client: await api.person(),
  };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

export function hold(
  api: TestApi,
  { staff, therapist, client }: Desk,
  startsAt: number,
  extra: {
    readonly session?: object;
    readonly body?: object;
    readonly by?: TestPerson;
    readonly key?: string;
  } = {},
): Promise<TestReply<Answered>> {
  const session = {
    therapist_id: therapist.id,
    client_id: client.id,
    start_time: iso(startsAt),
    ...extra.session,
  };
  const headers = extra.key === undefined ? {} : { 'idempotency-key': extra.key };
  return api.call<Answered>(
    'POST',
    '/api/sessions/hold',
    { session, duration_minutes: 50, time_zone: 'UTC', ...extra.body },
    { token: (extra.by ?? staff).token, headers },
  );
}

export function confirm(
  api: TestApi,
  by: TestPerson,
  key: unknown,
  startsAt: number,
  extra: object = {},
): Promise<TestReply<Answered>> {
  const session = { start_time: iso(startsAt), end_time: iso(startsAt + 50 * MINUTE_MS) };
  const body = { hold_key: key, session, ...extra };
  return api.call<Answered>('POST', '/sessions/confirm', body, { token: by.token });
}

export function cancel(
  api: TestApi,
  by: TestPerson,
  sessionId: unknown,
  extra: object = {},
): Promise<TestReply<Answered>> {
  const body = { session_id: sessionId, ...extra };
  return api.call<Answered>('POST', '/api/sessions/cancel', body, { token: by.token });
}
