import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Client as TemporalClient } from '@temporalio/client';
import pg from 'pg';
import { v7 as newId } from 'uuid';
import { queueWebhooks } from '../../../activities/outbox/queue-webhooks.ts';
import { startRelay } from '../../../activities/outbox/relay.ts';
import { tellSockets } from '../../../activities/outbox/tell-sockets.ts';
import { recordStep } from '../../../activities/session/transitions.ts';
import { bodyRef } from '../../../activities/webhooks/seals.ts';
import { type FieldCipher, createFieldCipher } from '../../../crypto/field-cipher.ts';
import { ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import { BROADCAST_CHANNEL, type Broadcast } from '../../../db/broadcasts.ts';
import { insertGroupSession } from '../../../db/group-sessions.ts';
import { insertGroup } from '../../../db/groups.ts';
import { recordSeatStep, takeSeat } from '../../../db/seat-transitions.ts';
import { findSeat } from '../../../db/seats.ts';
import { stateOf } from '../../../db/sessions.ts';
import { firstSeat } from '../../../domain/enrolment.ts';
import { type SessionEvent, decide } from '../../../domain/session.ts';
import { until } from '../../support/until.ts';
import { SOON, type SessionBench, startSessionBench } from '../session/bench.ts';
import { type Hook, makeHook } from '../webhooks/post-office.ts';

let bench: SessionBench;
let cipher: FieldCipher;
let hook: Hook;
let listener: pg.Client;
let heard: Broadcast[];

beforeAll(async () => {
  bench = await startSessionBench();
  cipher = createFieldCipher(await ephemeralKeyRing());
  listener = new pg.Client(bench.knex.client.config.connection);
  await listener.connect();
  await listener.query(`LISTEN ${BROADCAST_CHANNEL}`);
  listener.on('notification', ({ payload }) => heard.push(JSON.parse(payload!) as Broadcast));
}, 120_000);
afterAll(async () => {
  await listener.end();
  await bench.close();
});
beforeEach(async () => {
  heard = [];
  hook = await makeHook(bench, cipher, { url: 'https://clinic.example/' });
});

interface Scene {
  readonly sessionId: string;
  readonly therapistId: string;
}

async function groupSession(): Promise<Scene> {
  const [therapistId, id] = [await bench.therapist(), newId()];
  await insertGroup(bench.knex, {
    id,
    clinic_id: bench.clinicId,
    therapist_id: therapistId,
    name: 'MARKED name',
    theme: 'MARKED theme',
    guidelines: [],
    materials: [],
    format: 'video',
    capacity: 8,
    min_members: 0,
    decide_before_minutes: 0,
    duration_minutes: 50,
    price_cents: 0,
    joinable_by: 'anyone',
    time_zone: 'UTC',
    weekly_times: [],
    is_active: true,
    created_by: therapistId,
  });
  const draft = await bench.draft({
    therapistId,
    state: { status: 'confirmed', approval: 'not_needed', payment: 'not_due' },
  });
  const terms = { capacity: 8, minMembers: 0, decideBeforeStartMs: 0 };
  const session = { ...draft, clientId: null, dueCents: 0, group: { id, terms } };
  await bench.knex.transaction((trx) => insertGroupSession(trx, session));
  return { sessionId: draft.id, therapistId };
}

async function join({ sessionId }: Scene, personId: string): Promise<string> {
  const { plan, starts_at, ends_at } = await bench.row(sessionId);
  const times = { startsAt: starts_at.getTime(), endsAt: ends_at.getTime() };
  const id = newId();
  const outcome = await bench.knex.transaction((trx) =>
    takeSeat(trx, {
      id,
      sessionId,
      personId,
      alias: `member_${id.slice(-12)}`,
      state: firstSeat({ plan, ...times, dueCents: 0, scheduleVersion: 1 }, Date.now()),
      dueCents: 0,
      consents: {},
    }),
  );
  expect(outcome.kind).toBe('seated');
  return id;
}

async function step(enrolmentId: string, event: SessionEvent): Promise<void> {
  const seat = (await findSeat(bench.knex, enrolmentId))!;
  const at = event.type === 'cancel' ? Date.now() : seat.starts_at.getTime();
  const decision = decide(stateOf(seat), event, at);
  if (decision.kind !== 'moved') throw new Error(`${event.type} is ${decision.kind}`);
  await bench.knex.transaction((trx) =>
    recordSeatStep(trx, {
      sessionId: seat.id,
      enrolmentId,
      version: seat.version + 1,
      state: decision.state,
      claims: event.type === 'start' ? 'keep' : 'release',
      event: event.type,
      actorId: event.type === 'cancel' ? seat.client_id : null,
    }),
  );
}

async function sessionStep(sessionId: string, event: SessionEvent): Promise<void> {
  const row = await bench.row(sessionId);
  const at = event.type === 'cancel' ? Date.now() : row.starts_at.getTime();
  const decision = decide(stateOf(row), event, at);
  if (decision.kind !== 'moved') throw new Error(`${event.type} is ${decision.kind}`);
  await recordStep(bench.knex, {
    sessionId,
    version: row.version + 1,
    state: decision.state,
    claims: event.type === 'start' ? 'keep' : 'release',
    event: event.type,
    actorId: row.therapist_id,
  });
}

async function relayAll(): Promise<void> {
  const deps = { knex: bench.knex, cipher, temporal: null as unknown as TemporalClient };
  const faults: unknown[] = [];
  const relay = startRelay(deps, [queueWebhooks, tellSockets], {
    pollMs: 5,
    onFault: ({ error }) => faults.push(error),
  });
  await until(async () => {
    const waiting = await bench.knex('outbox').whereNull('dispatched_at').first();
    const pending = await bench.knex('outbox_deliveries').first();
    return waiting === undefined && pending === undefined;
  });
  await relay.close();
  expect(faults).toEqual([]);
}

interface Sent {
  readonly type: string;
  readonly sequence: number;
  readonly data: Record<string, unknown>;
}

async function sentAbout(personId: string): Promise<Sent[]> {
  const rows = await bench
    .knex('webhook_deliveries')
    .where({ webhook_id: hook.id, client_id: personId })
    .orderBy('outbox_id');
  const fields = rows.map(({ id, body }) => ({ ref: bodyRef(hook.id, id), sealed: body }));
  return (await cipher.openFields(bench.knex, fields)).map((body) => JSON.parse(body) as Sent);
}

const kinds = (sent: readonly Sent[]): unknown => sent.map(({ type }) => type);

test('joining books an appointment of the member’s own, leaving cancels that one alone', async () => {
  const scene = await groupSession();
  const [stays, goes] = [await bench.person(), await bench.person()];
  await join(scene, stays);
  await step(await join(scene, goes), { type: 'cancel', by: 'client' });
  await join(scene, goes);
  await relayAll();
  expect(kinds(await sentAbout(stays))).toEqual(['AppointmentBooked']);
  const sent = await sentAbout(goes);
  const who = {
    appointmentId: scene.sessionId,
    clientId: goes,
    therapistId: scene.therapistId,
  };
  const startTime = new Date(SOON).toISOString();
  const booked = {
    ...who,
    startTime,
    meetingType: 'video',
    duration: 50,
    title: 'Appointment',
    isInitialConsultation: false,
  };
  expect(sent).toMatchObject([
    { type: 'AppointmentBooked', sequence: 1, data: booked },
    {
      type: 'AppointmentCancelled',
      sequence: 2,
      data: { ...who, cancelledBy: goes, cancellationReason: '', originalStartTime: startTime },
    },
    // Who comes back goes on counting, so that a receiver can tell what came last.
    { type: 'AppointmentBooked', sequence: 3, data: booked },
  ]);
  expect(JSON.stringify(sent)).not.toContain('MARKED');
  expect(JSON.stringify(sent)).not.toContain(stays);
});

test('each member’s appointment is completed once, as they attended it', async () => {
  const scene = await groupSession();
  const [came, missing] = [await bench.person(), await bench.person()];
  const seats = [await join(scene, came), await join(scene, missing)] as const;
  for (const seat of seats) await step(seat, { type: 'start' });
  await sessionStep(scene.sessionId, { type: 'start' });
  await step(seats[0], { type: 'mark_attendance', attendance: 'attended' });
  await step(seats[1], { type: 'mark_attendance', attendance: 'absent' });
  await sessionStep(scene.sessionId, { type: 'mark_attendance', attendance: 'attended' });
  await relayAll();
  for (const [person, attendanceStatus] of [
    [came, 'ATTENDED'],
    [missing, 'NO_SHOW'],
  ] as const) {
    const sent = await sentAbout(person);
    expect(kinds(sent)).toEqual(['AppointmentBooked', 'AppointmentCompleted']);
    expect(sent[1]!.data).toMatchObject({ attendanceStatus });
  }
});

test('sockets of a member hear of their own part, and of nobody else’s', async () => {
  const scene = await groupSession();
  const [stays, goes] = [await bench.person(), await bench.person()];
  await join(scene, stays);
  await relayAll();
  heard = [];
  await step(await join(scene, goes), { type: 'cancel', by: 'client' });
  await sessionStep(scene.sessionId, { type: 'cancel', by: 'therapist' });
  await relayAll();
  await listener.query('SELECT');
  const told = (personId: string): unknown =>
    heard.filter(({ room }) => room === `person:${personId}`).map(({ ids }) => ids['status']);
  expect(told(goes)).toEqual(['confirmed', 'cancelled']);
  // Their own part is called off by its own workflow, and told then.
  expect(told(stays)).toEqual([]);
  expect(told(scene.therapistId)).toContain('cancelled');
  expect(JSON.stringify(heard.filter(({ room }) => room !== `person:${goes}`))).not.toContain(goes);
});
