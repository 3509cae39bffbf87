import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { v7 as newId } from 'uuid';
import { DEFAULT_PLAN } from '../../../domain/plan.ts';
import { NAMES, insertSession, startClinic } from './clinic.ts';
import type { Name, TestClinic } from './clinic.ts';

let clinic: TestClinic;
let sessionId: string;
let taskId: string;

/** A Temporal that can't be reached. */
function downTemporal(): Client {
  const down = (): Promise<never> =>
    Promise.reject(Object.assign(new Error('Temporal is not there'), { code: 14 }));
  return {
    withDeadline: (_at: number, work: () => Promise<unknown>) => work(),
    workflow: {
      getHandle: () => ({ executeUpdate: down, startUpdate: down }),
      executeUpdateWithStart: down,
    },
  } as unknown as Client;
}

beforeAll(async () => {
  clinic = await startClinic({ temporal: downTemporal() });
  sessionId = await insertSession(clinic);
  taskId = newId();
  await clinic.api
    .knex('tasks')
    .insert({ id: taskId, clinic_id: clinic.clinicId, key: 'k', kind: 'refund_failed' });
});

afterAll(() => clinic.api.close());

type Expected = Readonly<Record<Name, number>>;

function expected(statuses: Partial<Expected> & { readonly rest: number }): Expected {
  const { rest, ...named } = statuses;
  return Object.fromEntries(NAMES.map((name) => [name, named[name] ?? rest])) as Expected;
}

/** Sarah is the therapist of Ada; Alex the admin; Sam is staff; the stranger another clinic's admin. */
const MATRIX: readonly [string, () => [string, string, unknown?], Expected][] = [
  [
    'settings',
    () => ['GET', `/api/v1/therapists/${clinic.ids.sarah}/settings`],
    expected({ sarah: 200, alex: 200, stranger: 404, rest: 403 }),
  ],
  [
    'changed settings',
    () => [
      'PUT',
      `/api/v1/therapists/${clinic.ids.sarah}/settings`,
      { acceptsAutomatically: false },
    ],
    expected({ sarah: 200, alex: 200, stranger: 404, rest: 403 }),
  ],
  [
    'relationships',
    () => ['GET', '/api/v1/relationships'],
    expected({ ada: 403, ben: 403, priya: 403, rest: 200 }),
  ],
  [
    "a therapist's relationships",
    () => ['GET', `/api/v1/relationships?therapistId=${clinic.ids.sarah}`],
    expected({ sarah: 200, sam: 200, alex: 200, stranger: 200, rest: 403 }),
  ],
  [
    'timeline',
    () => ['GET', `/api/v1/sessions/${sessionId}/timeline`],
    expected({ ada: 200, sarah: 200, sam: 200, alex: 200, rest: 404 }),
  ],
  [
    'policies',
    () => ['GET', '/api/v1/policies'],
    expected({ alex: 200, stranger: 200, rest: 403 }),
  ],
  [
    'a new policy',
    () => ['POST', '/api/v1/policies', { name: 'x', isActive: false, plan: DEFAULT_PLAN }],
    expected({ alex: 201, stranger: 201, rest: 403 }),
  ],
  [
    'a policy of this clinic',
    () => ['PUT', `/api/v1/policies/${newId()}`, { name: 'x', plan: DEFAULT_PLAN }],
    expected({ alex: 404, stranger: 404, rest: 403 }),
  ],
  ['credits', () => ['GET', '/api/v1/credits'], expected({ ada: 200, ben: 200, rest: 403 })],
  ['ledger', () => ['GET', '/api/v1/credits/entries'], expected({ ada: 200, ben: 200, rest: 403 })],
  [
    'tasks',
    () => ['GET', '/api/v1/tasks'],
    expected({ sam: 200, alex: 200, stranger: 200, rest: 403 }),
  ],
  [
    'a done task',
    () => ['POST', `/api/v1/tasks/${taskId}/done`],
    expected({ sam: 200, alex: 200, stranger: 404, rest: 403 }),
  ],
  [
    'rating',
    () => ['POST', `/api/v1/sessions/${sessionId}/rating`, { rating: 5 }],
    expected({ ada: 201, sarah: 403, sam: 403, alex: 403, rest: 404 }),
  ],
  // The session's workflow can't be reached here: who may ask gets as far as that.
  [
    'attendance',
    () => ['POST', `/api/v1/sessions/${sessionId}/attendance`, { attendance: 'attended' }],
    expected({ sarah: 503, ada: 403, sam: 403, alex: 403, rest: 404 }),
  ],
  [
    'a credit purchase',
    () => ['POST', '/api/v1/credits/purchase', { amountCents: 500, cardToken: 'pm_card_visa' }],
    expected({ ada: 503, ben: 503, rest: 403 }),
  ],
  ['preferences', () => ['GET', '/api/v1/notification-preferences'], expected({ rest: 200 })],
];

test.each(MATRIX)('%s: who may', async (_what, request, statuses) => {
  const [method, path, body] = request();
  const answers: Partial<Record<Name, number>> = {};
  for (const name of NAMES) {
    const before = await deniedRows();
    const reply = await clinic.as(name, method, path, body);
    answers[name] = reply.status;
    const denied = (await deniedRows()) - before;
    if (reply.status === 403) expect(denied).toBe(1);
    if (reply.status === 503) expect(reply.headers.get('retry-after')).not.toBeNull();
    if (reply.status >= 400) {
      expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(reply.body).toMatchObject({ status: reply.status, code: expect.any(String) });
    }
  }
  expect(answers).toEqual(statuses);
  expect((await clinic.api.call(method, path, body)).status).toBe(401);
});

async function deniedRows(): Promise<number> {
  const { rows } = await clinic.api.knex.raw(
    `SELECT count(*)::int AS denied FROM audit_entries WHERE outcome = 'denied'`,
  );
  return rows[0].denied;
}

test.each<[string, string, unknown]>([
  ['GET', '/api/v1/therapists/ID/settings', undefined],
  ['GET', '/api/v1/sessions/ID/timeline', undefined],
  ['POST', '/api/v1/sessions/ID/rating', { rating: 3 }],
  ['POST', '/api/v1/sessions/ID/attendance', { attendance: 'absent' }],
  ['PUT', '/api/v1/policies/ID', { name: 'x', plan: DEFAULT_PLAN }],
  ['POST', '/api/v1/tasks/ID/done', undefined],
  ['DELETE', '/api/v1/relationships/ID', undefined],
])('%s %s: unknown and malformed ids', async (method, path, body) => {
  const unknown = await clinic.as('alex', method, path.replace('ID', newId()), body);
  expect([unknown.status, unknown.body['code']]).toEqual([404, 'not_found']);
  const malformed = await clinic.as('alex', method, path.replace('ID', "1'--"), body);
  expect([malformed.status, malformed.body['code']]).toEqual([400, 'malformed_request']);
});
