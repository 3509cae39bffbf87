import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { recordPanic } from '../../../activities/rooms/calls-for-help.ts';
import { broadcast } from '../../../db/broadcasts.ts';
import { newSession, tryBooking } from '../../activities/session/bench.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { startNode } from './nodes.ts';
import type { Node } from './nodes.ts';
import { type Client, closeClients, signedIn } from './people.ts';

let api: TestApi;
let node: Node;
let therapist: TestPerson;
let client: TestPerson;
let responder: TestPerson;
let sessionId: string;

beforeAll(async () => {
  api = await startTestApi();
  node = await startNode(api);
  [therapist, client, responder] = await Promise.all([
    api.person({ role: 'counselor', isTherapist: true }),
    api.person(),
    api.person({ role: 'counselor' }),
  ]);
  await api
    .knex('people')
    .where({ id: client.id })
    .update({ first_name: 'Mira', last_name: 'Lund' });
  const wish = { therapistId: therapist.id, clientId: client.id };
  const session = newSession(api.clinicId, wish);
  expect(await tryBooking(api.knex, session)).toBe('booked');
  sessionId = session.id;
}, 120_000);
afterEach(closeClients);
afterAll(async () => {
  await node.close();
  await api.close();
});

interface Listed {
  readonly alerts: readonly { readonly fromRoom: unknown }[];
  readonly data: { readonly alerts: readonly { readonly fromRoom: unknown }[] };
}

function callForHelp(by: TestPerson): Promise<void> {
  const { knex, deps } = api;
  return recordPanic({ knex, cipher: deps.cipher }, { by: by.id, about: client.id, sessionId });
}

async function listed({ id }: TestPerson): Promise<unknown[]> {
  const { token } = responder;
  const path = `/api/crisis?userId=${id}`;
  const { body } = await api.call<Listed>('GET', path, undefined, { token });
  return [...body.alerts, ...body.data.alerts].map(({ fromRoom }) => fromRoom);
}

test('a silent call tells responders of its session and client, and neither client nor caller', async () => {
  const [seeing, calling, present] = await Promise.all(
    [responder, therapist, client].map((person) => signedIn(node, person)),
  );
  await callForHelp(therapist);
  const fromRoom = {
    sessionId,
    startsAt: expect.any(String),
    client: { id: client.id, name: 'Mira Lund' },
  };
  expect(await seeing!.next('crisis-alert')).toMatchObject({ userId: therapist.id, fromRoom });
  const other = await api.person();
  const report = { severity: 'high', description: 'help' };
  await api.call('POST', '/api/crisis', report, { token: other.token });
  // What came later has come to the caller, so that what was before has been passed over.
  await calling!.next('crisis-alert', ({ userId }) => userId === other.id);
  expect(calling!.of('crisis-alert').map(({ userId }) => userId)).toEqual([other.id]);
  expect(present!.heard.map(([event]) => event)).toEqual(['authenticated']);

  expect(await listed(therapist)).toEqual([fromRoom, fromRoom]);
  const seen = await api
    .knex('audit_entries')
    .where({ action: 'alert.show', subject_id: client.id });
  expect(seen.map(({ actor_id }) => actor_id)).toEqual([responder.id]);
  const asClient = await api.call('GET', '/api/crisis', undefined, { token: client.token });
  expect(asClient.status).toBe(403);
  await api.knex('people').where({ id: client.id }).update({ first_name: '', last_name: '' });
  expect(await listed(therapist)).toEqual(
    [1, 2].map(() => ({ ...fromRoom, client: { id: client.id, name: null } })),
  );
});

test('what becomes of a silent call is told to responders alone, of another also to whose it is', async () => {
  const patient = await api.person();
  const report = { severity: 'high', description: 'help' };
  await api.call('POST', '/api/crisis', report, { token: patient.token });
  await callForHelp(therapist);
  const [seeing, calling, own] = await Promise.all(
    [responder, therapist, patient].map((person) => signedIn(node, person)),
  );
  const tell = async (person: TestPerson): Promise<string> => {
    const { id: alertId } = await api.knex('crisis_alerts').where({ person_id: person.id }).first();
    const rooms = [`crisis:${api.clinicId}`, `person:${person.id}`] as const;
    const news = ['crisis-contact-lost', 'crisis-alert-changed', 'crisis-waiting'];
    for (const event of news) {
      for (const room of event === 'crisis-waiting' ? rooms.slice(1) : rooms) {
        await broadcast(api.knex, { room, event, ids: { alertId } });
      }
    }
    return alertId;
  };
  const silent = await tell(therapist);
  const loud = await tell(patient);
  const isLoud = ({ alertId }: Record<string, unknown>): boolean => alertId === loud;
  await own!.next('crisis-waiting', isLoud);
  await own!.next('crisis-alert-changed', isLoud);
  await calling!.next('crisis-alert-changed', isLoud);
  await seeing!.next('crisis-alert-changed', isLoud);
  await seeing!.next('crisis-contact-lost', isLoud);
  const heardOf = ({ heard }: Client): string[] =>
    heard.filter(([, { alertId }]) => alertId === silent).map(([event]) => event);
  expect(heardOf(seeing!)).toEqual(
    expect.arrayContaining(['crisis-contact-lost', 'crisis-alert-changed']),
  );
  expect([heardOf(calling!), heardOf(own!)]).toEqual([[], []]);
});

test('whoever was no part of a session names nobody of it', async () => {
  const stranger = await api.person({ role: 'counselor' });
  await callForHelp(stranger);
  expect(await listed(stranger)).toEqual([null, null]);
});
