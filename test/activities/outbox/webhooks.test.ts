import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { queueWebhooks } from '../../../activities/outbox/queue-webhooks.ts';
import { startRelay } from '../../../activities/outbox/relay.ts';
import type { TransitionInput } from '../../../activities/session/contract.ts';
import { recordStep } from '../../../activities/session/transitions.ts';
import { bodyRef } from '../../../activities/webhooks/seals.ts';
import { type FieldCipher, createFieldCipher } from '../../../crypto/field-cipher.ts';
import { ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import { type SessionRow, stateOf } from '../../../db/sessions.ts';
import { type SessionEvent, decide } from '../../../domain/session.ts';
import { until } from '../../support/until.ts';
import {
  HOUR_MS,
  SOON,
  type SessionBench,
  type SessionWish,
  startSessionBench,
} from '../session/bench.ts';
import { type Hook, makeHook } from '../webhooks/post-office.ts';

let bench: SessionBench;
let cipher: FieldCipher;
let bare: Hook;

beforeAll(async () => {
  bench = await startSessionBench();
  cipher = createFieldCipher(await ephemeralKeyRing());
}, 120_000);
afterAll(() => bench.close());
beforeEach(async () => {
  bare = await makeHook(bench, cipher, { url: 'https://bare.example/' });
});
afterEach(async () => {
  await bench.knex('webhooks').delete();
  await bench.knex('outbox').update({ dispatched_at: new Date() });
});

/** Runs a relay until all that was written is queued. */
async function relayAll(): Promise<void> {
  const deps = { knex: bench.knex, cipher, temporal: null as unknown as Client };
  const faults: unknown[] = [];
  const relay = startRelay(deps, [queueWebhooks], {
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
  readonly timestamp: string;
  readonly sequence: number;
  readonly data: Record<string, unknown>;
}

/** What a webhook is to be sent, in order. */
async function queuedFor({ id: webhookId }: Hook): Promise<Sent[]> {
  const rows = await bench
    .knex('webhook_deliveries')
    .where({ webhook_id: webhookId })
    .orderBy('outbox_id');
  const fields = rows.map(({ id, body }) => ({ ref: bodyRef(webhookId, id), sealed: body }));
  return (await cipher.openFields(bench.knex, fields)).map((body) => JSON.parse(body) as Sent);
}

async function step(
  session: SessionRow,
  event: SessionEvent,
  options: Partial<Pick<TransitionInput, 'claims' | 'actorId' | 'data' | 'event'>> = {},
): Promise<void> {
  const row = await bench.row(session.id);
  const decision = decide(stateOf(row), event, Date.now());
  if (decision.kind !== 'moved') throw new Error(`${event.type} is ${decision.kind}`);
  const outcome = await recordStep(bench.knex, {
    sessionId: row.id,
    version: row.version + 1,
    state: decision.state,
    claims: 'keep',
    event: event.type,
    actorId: row.client_id,
    ...options,
  });
  expect(outcome).toBe('recorded');
}

const RELEASE = { claims: 'release' } as const;
const CONFIRMED: SessionWish = {
  state: { status: 'confirmed', approval: 'not_needed', payment: 'not_due' },
};
const HELD: SessionWish = {
  state: {
    status: 'held',
    approval: 'not_needed',
    payment: 'not_due',
    holdDueAt: SOON - 24 * HOUR_MS,
    answerDueAt: null,
    paymentDueAt: null,
  },
};

function reschedule(to: number): SessionEvent {
  const proposal = { startsAt: to, endsAt: to + 50 * 60_000, answerDueAt: SOON - HOUR_MS };
  return { type: 'reschedule', proposal, needsApproval: false, by: 'therapist' };
}

const iso = (ms: number) => new Date(ms).toISOString();

test('each step is told as it was, though the session has moved on before anybody looked', async () => {
  const session = await bench.book(CONFIRMED);
  const [later, latest] = [SOON + 48 * HOUR_MS, SOON + 72 * HOUR_MS];
  for (const [from, to] of [
    [SOON, later],
    [later, latest],
  ] as const) {
    const data = { oldStartsAt: from, newStartsAt: to };
    await step(session, reschedule(to), { claims: 'move', event: 'rescheduled', data });
  }
  await step(session, { type: 'cancel', by: 'client' }, RELEASE);
  await relayAll();
  const sent = await queuedFor(bare);
  const who = {
    appointmentId: session.id,
    clientId: session.client_id,
    therapistId: session.therapist_id,
  };
  expect(sent.map(({ type }) => type)).toEqual([
    'AppointmentBooked',
    'AppointmentRescheduled',
    'AppointmentRescheduled',
    'AppointmentCancelled',
  ]);
  expect(sent.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
  expect(sent[0]!.data).toEqual({
    ...who,
    startTime: iso(SOON),
    meetingType: 'video',
    duration: 50,
    title: 'Appointment',
    isInitialConsultation: true,
  });
  expect(sent[1]!.data).toEqual({
    ...who,
    rescheduledBy: session.client_id,
    originalStartTime: iso(SOON),
    newStartTime: iso(later),
    rescheduleReason: '',
  });
  expect(sent[2]!.data).toMatchObject({ originalStartTime: iso(later), newStartTime: iso(latest) });
  const { cancelledAt, cancellationNotice, ...rest } = sent[3]!.data;
  expect(rest).toEqual({
    ...who,
    cancelledBy: session.client_id,
    cancellationReason: '',
    originalStartTime: iso(latest),
  });
  const notice = (latest - Date.parse(String(cancelledAt))) / HOUR_MS;
  expect(Math.abs(Number(cancellationNotice) - notice)).toBeLessThan(0.01);
  expect(sent[3]!.timestamp).toBe(cancelledAt);
});

test('only the first session of two people is an initial consultation', async () => {
  const [therapistId, clientId] = [await bench.therapist(), await bench.person()];
  const cameToNothing = await bench.book({ ...CONFIRMED, therapistId, clientId });
  await step(cameToNothing, { type: 'cancel', by: 'client' }, RELEASE);
  for (const [at, other] of [
    [1, clientId],
    [2, clientId],
    [3, await bench.person()],
  ] as const) {
    const startsAt = SOON + at * 24 * HOUR_MS;
    await bench.book({ ...CONFIRMED, therapistId, clientId: other, startsAt });
  }
  await relayAll();
  const booked = (await queuedFor(bare)).filter(({ type }) => type === 'AppointmentBooked');
  expect(booked.map(({ data }) => data['isInitialConsultation'])).toEqual([
    true,
    true,
    false,
    true,
  ]);
});

describe('holds', () => {
  test('a hold that lapses was never an appointment', async () => {
    const session = await bench.book(HELD);
    await bench
      .knex('sessions')
      .where({ id: session.id })
      .update({ hold_due_at: new Date(0) });
    await step(session, { type: 'deadline_passed', deadline: 'hold' }, RELEASE);
    await relayAll();
    expect(await queuedFor(bare)).toEqual([]);
  });

  test('one that is taken up is, and so is its cancellation', async () => {
    const session = await bench.book(HELD);
    await step(session, { type: 'submit' });
    await step(session, { type: 'cancel', by: 'staff' }, { ...RELEASE, actorId: null });
    await relayAll();
    const sent = await queuedFor(bare);
    expect(sent.map(({ type }) => type)).toEqual(['AppointmentBooked', 'AppointmentCancelled']);
    expect(sent[1]!.data).toMatchObject({ cancelledBy: 'system' });
  });
});

test.each([
  ['attended', 'ATTENDED'],
  ['absent', 'NO_SHOW'],
] as const)('a session that ends %s is completed as %s', async (attendance, attendanceStatus) => {
  const session = await bench.book(CONFIRMED);
  await step(session, { type: 'start' });
  await bench
    .knex('sessions')
    .where({ id: session.id })
    .update({ starts_at: new Date(0) });
  await bench.knex('outbox').where({ topic: 'session.moved' }).delete();
  await step(session, { type: 'mark_attendance', attendance }, RELEASE);
  await relayAll();
  const last = (await queuedFor(bare)).at(-1)!;
  expect(last).toMatchObject({
    type: 'AppointmentCompleted',
    data: { attendanceStatus, sessionNotes: '', completedAt: last.timestamp },
  });
});

test('a decline ends the appointment for its followers', async () => {
  const session = await bench.book();
  await step(session, { type: 'decline' }, { ...RELEASE, actorId: session.therapist_id });
  await relayAll();
  expect((await queuedFor(bare)).at(-1)).toMatchObject({
    type: 'AppointmentCancelled',
    data: { cancelledBy: session.therapist_id },
  });
});

test('typed text goes only where an admin has asked for it, and never to the wrong step', async () => {
  const full = await makeHook(bench, cipher, { url: 'https://full.example/', includeText: true });
  const session = await bench.book(CONFIRMED);
  const ref = { purpose: 'session', objectId: session.id };
  const details = JSON.stringify({ title: 'MARKED title', description: 'MARKED description' });
  const to = SOON + 48 * HOUR_MS;
  const data = { oldStartsAt: SOON, newStartsAt: to };
  await step(session, reschedule(to), { claims: 'move', event: 'rescheduled', data });
  await step(session, { type: 'cancel', by: 'client' }, RELEASE);
  await bench
    .knex('sessions')
    .where({ id: session.id })
    .update({
      details: await cipher.sealField(bench.knex, { ...ref, column: 'details' }, details),
      last_reason: await cipher.sealField(
        bench.knex,
        { ...ref, column: 'last_reason' },
        'MARKED reason of the cancellation',
      ),
    });
  await relayAll();
  expect(JSON.stringify(await queuedFor(bare))).not.toContain('MARKED');
  const [booked, moved, cancelled] = await queuedFor(full);
  expect(booked!.data).toMatchObject({ title: 'MARKED title', description: 'MARKED description' });
  expect(moved!.data).toMatchObject({ rescheduleReason: '' });
  expect(cancelled!.data).toMatchObject({
    cancellationReason: 'MARKED reason of the cancellation',
  });
  const stored = await bench.knex('webhook_deliveries').where({ webhook_id: full.id });
  for (const { body } of stored) expect(body.toString('latin1')).not.toContain('MARKED');
});

test('an event is queued once for each webhook, however often it is handed over', async () => {
  await bench.book(CONFIRMED);
  await relayAll();
  const rows = await bench.knex('outbox').where({ topic: 'session.changed' }).orderBy('id');
  const last = rows.at(-1);
  const row = { ...last, clinicId: last.clinic_id, createdAt: last.created_at };
  const deps = { knex: bench.knex, cipher, temporal: null as unknown as Client };
  await Promise.all([queueWebhooks.handle(deps, row), queueWebhooks.handle(deps, row)]);
  expect(await queuedFor(bare)).toHaveLength(1);
});

test('events of before a webhook, of other clinics and other types are not for it', async () => {
  await bench.book(CONFIRMED);
  await bench
    .knex('webhooks')
    .where({ id: bare.id })
    .update({ created_at: new Date(Date.now() + HOUR_MS) });
  const choosy = await makeHook(bench, cipher, { url: 'https://choosy.example/' });
  await bench
    .knex('webhooks')
    .where({ id: choosy.id })
    .update({ event_types: ['AppointmentCompleted'] });
  await relayAll();
  expect(await queuedFor(bare)).toEqual([]);
  expect(await queuedFor(choosy)).toEqual([]);
});

test('what a disabled webhook misses is kept as a dead letter', async () => {
  await bench.knex('webhooks').where({ id: bare.id }).update({ state: 'disabled' });
  await bench.book(CONFIRMED);
  await relayAll();
  const rows = await bench.knex('webhook_deliveries').where({ webhook_id: bare.id });
  expect(rows).toMatchObject([{ state: 'dead', last_error: 'disabled' }]);
});
