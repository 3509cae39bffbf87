import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { v7 as uuidv7 } from 'uuid';
import { CONSUMERS } from '../../../activities/outbox/consumers.ts';
import { startRelay } from '../../../activities/outbox/relay.ts';
import type { Relay } from '../../../activities/outbox/relay.ts';
import { type NewSession, insertBooking } from '../../../db/bookings.ts';
import { insertFeed, revokeFeed } from '../../../db/calendar-feeds.ts';
import { broadcast } from '../../../db/broadcasts.ts';
import { SYSTEM_ACTOR } from '../../../db/audit/entry.ts';
import { recordReading } from '../../../db/external-busy.ts';
import { recordTransition } from '../../../db/session-transitions.ts';
import type { ClaimsChange } from '../../../db/session-transitions.ts';
import type { Interval } from '../../../domain/intervals.ts';
import { DAY_MS, startOfDay } from '../../../domain/local-time.ts';
import { DEFAULT_PLAN } from '../../../domain/plan.ts';
import { type SessionEvent, type SessionState, decide } from '../../../domain/session.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { startNode } from './nodes.ts';
import type { Node } from './nodes.ts';

const HOUR_MS = 3_600_000;

let api: TestApi;
let nodes: [Node, Node];
let relays: Relay[];
let therapist: TestPerson;
let client: TestPerson;
const sockets: Socket[] = [];
const rooms = new Set<`person:${string}`>();
/** A Tuesday at 02:00 in UTC, which in New York is the Monday before. */
const START = Math.ceil(Date.now() / (7 * DAY_MS)) * 7 * DAY_MS + 12 * DAY_MS + 2 * HOUR_MS;
const DATE = new Date(START - DAY_MS).toISOString().slice(0, 10);
const OTHER_DATE = new Date(START + 2 * DAY_MS).toISOString().slice(0, 10);

beforeAll(async () => {
  api = await startTestApi();
  nodes = [await startNode(api), await startNode(api)];
  // Two workers, as in production: what one hands over, the other must not.
  const { knex, temporal, cipher } = api.deps;
  const deps = { knex, temporal, cipher };
  const sockets = CONSUMERS.filter(({ name }) => name === 'sockets');
  relays = [1, 2].map(() => startRelay(deps, sockets, { pollMs: 10 }));
}, 120_000);
beforeEach(async () => {
  therapist = await api.person({ isTherapist: true, timeZone: 'America/New_York' });
  client = await api.person();
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect();
  rooms.clear();
});
afterAll(async () => {
  await Promise.all(relays.map((relay) => relay.close()));
  await Promise.all(nodes.map((node) => node.close()));
  await api.close();
});

type Heard = [event: string, ids: Record<string, unknown>];

/** A signed-in socket, and what it hears of changes. */
async function listening(
  node: Node,
  person: TestPerson,
): Promise<{ socket: Socket; heard: Heard[] }> {
  const options = { auth: { token: person.token }, transports: ['websocket'], forceNew: true };
  const socket = io(node.url, { ...options, reconnection: false });
  sockets.push(socket);
  rooms.add(`person:${person.id}`);
  const heard: Heard[] = [];
  socket.on('session-changed', (ids) => heard.push(['session-changed', ids]));
  socket.on('slots-changed', (ids) => heard.push(['slots-changed', ids]));
  await new Promise((resolve) => socket.once('authenticated', resolve));
  return { socket, heard };
}

function watch(socket: Socket, therapistId: string, date: string): Promise<unknown> {
  return socket.emitWithAck('subscribe-slots', { therapistId, date });
}

/** Resolves when all that was written before has reached every socket. */
async function allTold(): Promise<void> {
  for (;;) {
    // One statement: between two, an event could go from the one table to the other unseen.
    const { rows } = await api.knex.raw<{ rows: { is_busy: boolean }[] }>(
      `SELECT EXISTS (SELECT FROM outbox WHERE dispatched_at IS NULL)
         OR EXISTS (SELECT FROM outbox_deliveries) AS is_busy`,
    );
    if (rows[0]?.is_busy === false) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // Notices keep their order, so what comes after this one has come after all of them.
  const marks = sockets.map((socket) => new Promise((resolve) => socket.once('mark', resolve)));
  for (const room of rooms) await broadcast(api.knex, { room, event: 'mark', ids: {} });
  await Promise.all(marks);
}

const NO_LIMITS = { maxOpenPerClient: 100, maxPerClientPerDay: 100 };

async function book(status: 'requested' | 'held' = 'requested'): Promise<NewSession> {
  const id = uuidv7();
  const state: SessionState = {
    status,
    startsAt: START,
    endsAt: START + HOUR_MS,
    approval: 'awaited',
    payment: 'not_due',
    holdDueAt: null,
    answerDueAt: START - DAY_MS,
    paymentDueAt: null,
    proposal: null,
    scheduleVersion: 1,
  };
  const session: NewSession = {
    id,
    clinicId: api.clinicId,
    door: 'therapy',
    sessionType: 'individual',
    format: 'video',
    specialization: null,
    therapistId: therapist.id,
    clientId: client.id,
    timeZone: 'UTC',
    state,
    plan: { ...DEFAULT_PLAN, limits: NO_LIMITS },
    priceCents: 0,
    dueCents: 0,
    currency: 'USD',
    roomCode: id,
    details: null,
    createdBy: client.id,
    bookedAt: Date.now(),
  };
  await api.knex.transaction((trx) => insertBooking(trx, session));
  return session;
}

async function move(session: NewSession, event: SessionEvent, version: number): Promise<void> {
  const decision = decide(session.state, event, Date.now());
  if (decision.kind !== 'moved') throw new Error(decision.kind);
  const { state } = decision;
  const during = { startMs: state.startsAt, endMs: state.endsAt };
  const claims: ClaimsChange =
    event.type === 'cancel'
      ? { kind: 'release' }
      : { kind: 'move', wishes: [{ personId: therapist.id, ...during }] };
  const step = {
    sessionId: session.id,
    version,
    state,
    claims,
    event: event.type,
    actorId: client.id,
  };
  await recordTransition(api.knex, step, { actor: SYSTEM_ACTOR, requestId: null });
}

test("both people hear of their booking once on each socket, and of a day its watchers, in the therapist's zone", async () => {
  const [one, two] = [await listening(nodes[0], client), await listening(nodes[1], therapist)];
  const watcher = await listening(nodes[1], await api.person());
  const elsewhere = await listening(nodes[0], await api.person());
  expect(await watch(watcher.socket, therapist.id, DATE)).toMatchObject({ success: true });
  await watch(elsewhere.socket, therapist.id, OTHER_DATE);
  const { id } = await book();
  await allTold();
  const changed: Heard = ['session-changed', { sessionId: id, status: 'requested' }];
  expect(one.heard).toEqual([changed]);
  expect(two.heard).toEqual([changed]);
  expect(watcher.heard).toEqual([['slots-changed', { therapistId: therapist.id, date: DATE }]]);
  expect(elsewhere.heard).toEqual([]);
});

test('a move tells of both days, a cancellation of the one that is free again', async () => {
  const session = await book();
  const watcher = await listening(nodes[0], await api.person());
  await watch(watcher.socket, therapist.id, DATE);
  await watch(watcher.socket, therapist.id, OTHER_DATE);
  await allTold();
  watcher.heard.length = 0;
  const startsAt = START + 3 * DAY_MS;
  const proposal = { startsAt, endsAt: startsAt + HOUR_MS, answerDueAt: START - DAY_MS };
  await move(session, { type: 'reschedule', proposal, needsApproval: false, by: 'therapist' }, 2);
  await allTold();
  const dates = new Set(watcher.heard.map(([, ids]) => ids['date']));
  expect(dates).toEqual(new Set([DATE, OTHER_DATE]));
  watcher.heard.length = 0;
  await move(session, { type: 'cancel', by: 'client' }, 3);
  await allTold();
  expect(watcher.heard).toContainEqual([
    'slots-changed',
    { therapistId: therapist.id, date: DATE },
  ]);
});

test('rules tell of their weekday, exceptions of their dates, buffers of all', async () => {
  const watcher = await listening(nodes[0], await api.person());
  await watch(watcher.socket, therapist.id, DATE);
  await watch(watcher.socket, therapist.id, OTHER_DATE);
  const rule = { id: uuidv7(), therapist_id: therapist.id, start_minute: 540, end_minute: 600 };
  await api.knex('availability_rules').insert({ ...rule, day_of_week: 1 });
  await allTold();
  const told = (date: string): Heard => ['slots-changed', { therapistId: therapist.id, date }];
  expect(watcher.heard.splice(0)).toEqual([told(DATE)]);
  await api.knex('availability_exceptions').insert({
    id: uuidv7(),
    therapist_id: therapist.id,
    kind: 'time_off',
    start_date: OTHER_DATE,
    end_date: OTHER_DATE,
  });
  await allTold();
  expect(watcher.heard.splice(0)).toEqual([told(OTHER_DATE)]);
  const profile = api.knex('therapist_profiles').where({ person_id: therapist.id });
  await profile.clone().update({ completed_sessions: 7 });
  await allTold();
  expect(watcher.heard).toEqual([]);
  await profile.clone().update({ buffer_after_minutes: 25 });
  await allTold();
  expect(watcher.heard.toSorted()).toEqual([told(DATE), told(OTHER_DATE)].toSorted());
});

/** Takes over what a reading of an outside calendar has found. */
async function readOutside(feedId: string, busy: readonly Interval[]): Promise<void> {
  const outcome = { kind: 'read', busy, skippedEvents: 0, etag: null, lastModified: null } as const;
  const record = { outcome, nextReadAt: new Date(), forgetBefore: new Date(0) };
  await api.knex.transaction((trx) => recordReading(trx, feedId, record));
}

test('outside calendars tell of the days whose busy times they change, with buffers', async () => {
  const profile = api.knex('therapist_profiles').where({ person_id: therapist.id });
  await profile.update({ buffer_before_minutes: 0, buffer_after_minutes: 15 });
  const watcher = await listening(nodes[0], await api.person());
  const dayBefore = new Date(Date.parse(OTHER_DATE) - DAY_MS).toISOString().slice(0, 10);
  for (const date of [DATE, dayBefore, OTHER_DATE]) {
    await watch(watcher.socket, therapist.id, date);
  }
  await allTold();
  watcher.heard.length = 0;
  const id = uuidv7();
  const feed = { kind: 'import', sourceUrl: Buffer.of(1), sourceHost: 'a.test' } as const;
  const whose = { id, clinicId: api.clinicId, personId: therapist.id };
  await api.knex.transaction((trx) => insertFeed(trx, { ...whose, feed }));
  // Right after midnight: what ends before it would have its buffer there.
  const startMs = startOfDay('America/New_York', Date.parse(OTHER_DATE));
  const busy = { startMs, endMs: startMs + HOUR_MS };
  await readOutside(id, [busy]);
  await allTold();
  const told = [dayBefore, OTHER_DATE].map((date) => ({ therapistId: therapist.id, date }));
  expect(watcher.heard.splice(0).map(([, ids]) => ids)).toEqual(told);
  await readOutside(id, [busy]);
  await allTold();
  expect(watcher.heard).toEqual([]);
  await api.knex.transaction((trx) => revokeFeed(trx, therapist.id, id));
  await allTold();
  expect(watcher.heard.map(([, ids]) => ids)).toEqual(told);
});

test('another clinic’s therapist, dates out of reach and too many days are refused', async () => {
  const { socket } = await listening(nodes[0], client);
  const foreign = await api.person({ isTherapist: true, clinicId: await api.clinic() });
  expect(await watch(socket, foreign.id, DATE)).toMatchObject({ error: 'NOT_FOUND' });
  expect(await watch(socket, therapist.id, '2020-01-01')).toMatchObject({
    error: 'REFUSED_BY_RULE',
  });
  for (const date of ['2031-02-30x', '', 7, null]) {
    expect(await watch(socket, therapist.id, date as string)).toMatchObject({
      error: 'MALFORMED_REQUEST',
    });
  }
  const denied = api.knex('audit_entries').where({ actor_id: client.id, outcome: 'denied' });
  expect(await denied).toHaveLength(1);
});

test('who no longer watches a day hears no more of it', async () => {
  const { socket, heard } = await listening(nodes[1], await api.person());
  await watch(socket, therapist.id, DATE);
  await socket.emitWithAck('unsubscribe-slots', { therapistId: therapist.id, date: DATE });
  await book();
  await allTold();
  expect(heard).toEqual([]);
});
