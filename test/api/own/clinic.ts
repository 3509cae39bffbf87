import { v7 as newId } from 'uuid';
import { signAccessToken } from '../../../api/auth/access-tokens.ts';
import { seedDemo } from '../../../db/seed.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestApiOptions, TestReply } from '../../support/api.ts';

/** The people of the demo clinic whom tests speak as; `stranger` is an admin of another clinic. */
export const NAMES = [
  'ada',
  'ben',
  'sarah',
  'jonas',
  'maya',
  'quinn',
  'michael',
  'priya',
  'sam',
  'alex',
  'stranger',
] as const;
export type Name = (typeof NAMES)[number];

export interface TestClinic {
  readonly api: TestApi;
  readonly clinicId: string;
  readonly ids: Readonly<Record<Name, string>>;
  /** A request as this person. */
  as<Body = Record<string, unknown>>(
    name: Name,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<TestReply<Body>>;
}

/** The demo clinic behind the whole API, everybody signed in. */
export async function startClinic(options: TestApiOptions = {}): Promise<TestClinic> {
  const api = await startTestApi(options);
  const { clinicId } = await seedDemo({
    knex: api.knex,
    passwordHash: async () => 'hash',
    now: Date.now(),
  });
  await insertStranger(api);
  const people = await api.knex('people').select('id', 'username').whereIn('username', NAMES);
  const ids = Object.fromEntries(people.map(({ id, username }) => [username, id]));
  const tokens = new Map<string, string>();
  for (const { id, username } of people) tokens.set(username, await signIn(api, id));
  return {
    api,
    clinicId,
    ids: ids as Record<Name, string>,
    as: (name, method, path, body, headers = {}) =>
      api.call(method, path, body, { token: tokens.get(name) ?? '', headers }),
  };
}

async function signIn(api: TestApi, personId: string): Promise<string> {
  const familyId = newId();
  await api.knex('token_families').insert({ id: familyId, person_id: personId });
  const { keyRing, auth, http } = api.deps;
  const options = { keyRing, auth, publicUrl: http.publicUrl };
  return (await signAccessToken(options, personId, familyId)).token;
}

async function insertStranger(api: TestApi): Promise<void> {
  const clinic = { id: newId(), name: 'Other', time_zone: 'UTC' };
  await api.knex('clinics').insert(clinic);
  await api
    .knex('people')
    .insert({ id: newId(), clinic_id: clinic.id, role: 'admin', username: 'stranger' });
}

export interface TestSession {
  readonly status?: string;
  readonly startsAt?: Date | string;
  readonly endsAt?: Date | string;
}

/** A session of Ada with Sarah, straight into the database. */
export async function insertSession(
  { api, clinicId, ids }: TestClinic,
  session: TestSession = {},
): Promise<string> {
  const id = newId();
  await api.knex('sessions').insert({
    id,
    clinic_id: clinicId,
    door: 'therapy',
    session_type: 'individual',
    format: 'video',
    therapist_id: ids.sarah,
    client_id: ids.ada,
    starts_at: session.startsAt ?? new Date('2026-01-05T15:00:00Z'),
    ends_at: session.endsAt ?? new Date('2026-01-05T15:50:00Z'),
    time_zone: 'America/New_York',
    status: session.status ?? 'completed',
    approval: 'given',
    payment: 'captured',
    plan: '{}',
    price_cents: 15_000,
    due_cents: 15_000,
    currency: 'USD',
    room_code: 'x',
    created_by: ids.ada,
  });
  return id;
}

export async function claim(
  { api }: TestClinic,
  personId: string,
  sessionId: string,
  startsAt: Date | string,
  endsAt: Date | string,
): Promise<void> {
  await api.knex.raw(
    'INSERT INTO claims (person_id, session_id, during) VALUES (?, ?, tstzrange(?, ?))',
    [personId, sessionId, startsAt, endsAt],
  );
}
