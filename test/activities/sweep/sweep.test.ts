import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { SweepReport } from '../../../activities/sweep/contract.ts';
import { createSweepActivities } from '../../../activities/sweep/index.ts';
import type { SessionRow } from '../../../db/sessions.ts';
import { workflowId } from '../../../domain/ids.ts';
import type { SessionState } from '../../../domain/session.ts';
import { devServer } from '../../support/temporal.ts';
import { until } from '../../support/until.ts';
import {
  HOUR_MS,
  MINUTE_MS,
  type SessionBench,
  type SessionWish,
  startSessionBench,
} from '../session/bench.ts';

let bench: SessionBench;
let temporal: TestWorkflowEnvironment;

beforeAll(async () => {
  [bench, temporal] = await Promise.all([startSessionBench(), devServer()]);
}, 120_000);
afterAll(async () => {
  await Promise.all([bench.close(), temporal.teardown()]);
});
beforeEach(async () => {
  // What one test leaves is no business of the next one's sweep.
  await bench.knex('claims').update({ state: 'released' });
  await bench.knex('sessions').update({ status: 'declined' });
});

function sweep(): Promise<SweepReport> {
  const deps = { knex: bench.knex, temporal: temporal.client };
  return createSweepActivities(deps).sweep();
}

/** A booking that was made a while ago and whose workflow nobody has started. */
async function forgotten(wish: SessionWish = {}, secondsAgo = 20): Promise<SessionRow> {
  const { id } = await bench.book(wish);
  const created = bench.knex.raw(`now() - make_interval(secs => ?)`, [secondsAgo]);
  await bench
    .knex('sessions')
    .where({ id })
    .update({ workflow_started_at: null, created_at: created });
  return bench.row(id);
}

const handleOf = ({ id }: SessionRow) =>
  temporal.client.workflow.getHandle(workflowId('session', id));

async function standing(session: SessionRow): Promise<string> {
  try {
    return (await handleOf(session).describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'NONE';
    throw error;
  }
}

async function runOf(session: SessionRow): Promise<string> {
  return (await handleOf(session).describe()).runId;
}

/** A moment ago: the claims are not yet so old that the sweep releases them by themselves. */
const LAPSED = { answerDueAt: Date.now() - 1_000 } as Partial<SessionState>;

describe('bookings without a workflow', () => {
  test('get theirs after their caller’s own time is up, and once', async () => {
    const [old, fresh] = [await forgotten(), await forgotten({}, 10)];
    expect(await sweep()).toMatchObject({ started: 1, released: 0 });
    expect([await standing(old), await standing(fresh)]).toEqual(['RUNNING', 'NONE']);
    const run = await runOf(old);
    await sweep();
    expect(await runOf(old)).toBe(run);
  });

  test('whose time is up are released with their claims, and never get one', async () => {
    const session = await forgotten({ state: LAPSED });
    expect(await sweep()).toMatchObject({ started: 0, released: 1 });
    const row = await bench.row(session.id);
    expect(row).toMatchObject({ status: 'expired', missed_deadline: 'answer', version: 2 });
    expect(await bench.claims(session.id)).toEqual([]);
    expect(await standing(session)).toBe('NONE');
    const events = await bench.knex('session_events').where({ session_id: session.id });
    expect(events.map(({ kind }) => kind)).toEqual(['booked', 'expired']);
    expect(await sweep()).toMatchObject({ started: 0, released: 0 });
  });

  test('which a workflow takes up at the last moment are not released', async () => {
    const session = await forgotten({ state: LAPSED });
    const beginning = await bench.knex.transaction();
    await beginning('sessions')
      .where({ id: session.id })
      .update({ workflow_started_at: new Date() });
    const sweeping = sweep();
    await waitedFor(session.id);
    await beginning.commit();
    await sweeping;
    expect((await bench.row(session.id)).status).toBe('requested');
    expect(await bench.claims(session.id)).toHaveLength(2);
  });

  /** Resolves when the sweep waits for the row that the other transaction holds. */
  async function waitedFor(id: string): Promise<void> {
    for (;;) {
      const { rows } = await bench.knex.raw<{ rows: unknown[] }>(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      if (rows.length > 0) return;
      if ((await bench.row(id)).status !== 'requested') return;
    }
  }

  test('of a series wait for their own time', async () => {
    const planned = await forgotten({ state: { status: 'planned' } as Partial<SessionState> }, 999);
    expect(await sweep()).toMatchObject({ started: 0, released: 0 });
    expect(await standing(planned)).toBe('NONE');
    expect(await bench.claims(planned.id)).toHaveLength(2);
  });

  test('that were ended meanwhile are left alone', async () => {
    const session = await forgotten();
    await bench.knex('sessions').where({ id: session.id }).update({ status: 'cancelled' });
    expect(await sweep()).toMatchObject({ started: 0, released: 0 });
  });
});

describe('sessions that missed their instant', () => {
  /** Five minutes late with its next step. */
  const late = async (change: object): Promise<SessionRow> => {
    const { id } = await bench.book();
    await bench.knex('sessions').where({ id }).update(change);
    return bench.row(id);
  };
  const ago = (ms: number): Date => new Date(Date.now() - ms);
  const fiveMinutes = 5 * MINUTE_MS;

  test.each([
    ['an answer', { answer_due_at: ago(fiveMinutes) }],
    ['a payment', { status: 'awaiting_payment', payment_due_at: ago(fiveMinutes) }],
    ['a start', { status: 'confirmed', starts_at: ago(fiveMinutes), answer_due_at: null }],
    [
      'an end',
      {
        status: 'in_progress',
        starts_at: ago(5 * HOUR_MS),
        ends_at: ago(HOUR_MS + fiveMinutes),
        answer_due_at: null,
        payment_due_at: null,
      },
    ],
  ])('%s: their workflow was terminated, and they get another', async (_what, change) => {
    const session = await late(change);
    expect(await sweep()).toMatchObject({ revived: 1 });
    const run = await runOf(session);
    await handleOf(session).terminate('a test');
    expect(await standing(session)).toBe('TERMINATED');
    expect(await sweep()).toMatchObject({ revived: 1 });
    expect(await standing(session)).toBe('RUNNING');
    expect(await runOf(session)).not.toBe(run);
  });

  test('get another workflow right away when theirs was terminated long before', async () => {
    const session = await forgotten();
    await sweep();
    await bench.knex('sessions').where({ id: session.id }).update({ workflow_started_at: 'now' });
    const run = await runOf(session);
    expect(await sweep()).toMatchObject({ revived: 0 });
    await handleOf(session).terminate('a test');
    // Temporal's list of what has ended is a moment behind.
    await until(async () => (await sweep()).revived === 1);
    expect(await standing(session)).toBe('RUNNING');
    expect(await runOf(session)).not.toBe(run);
  });

  test.each([
    ['was told does not hear it again', true],
    ['was not told hears it now', false],
  ])('whoever %s', async (_who, isTold) => {
    const session = await late({ status: 'confirmed', starts_at: ago(fiveMinutes), version: 5 });
    await bench.knex('sends').insert({
      key: `notice:${session.id}:${isTold ? 'confirmed' : 'requested'}:v3:${session.therapist_id}`,
      session_id: session.id,
      recipient_id: session.therapist_id,
      kind: 'confirmed',
      channel: 'email',
      state: 'sent',
    });
    await sweep();
    const { events } = await handleOf(session).fetchHistory();
    const [payload] = events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads!;
    const input: { notices?: unknown } = JSON.parse(Buffer.from(payload!.data!).toString());
    expect(input.notices).toEqual(isTold ? [] : undefined);
  });

  test('are left to a workflow that is running', async () => {
    const session = await late({ answer_due_at: ago(fiveMinutes) });
    await sweep();
    const run = await runOf(session);
    expect(await sweep()).toMatchObject({ revived: 0 });
    expect(await runOf(session)).toBe(run);
  });

  test('are not looked for while they are no more than a little late', async () => {
    const session = await late({ answer_due_at: ago(MINUTE_MS) });
    expect(await sweep()).toMatchObject({ revived: 0 });
    expect(await standing(session)).toBe('NONE');
  });
});

describe('sessions that had ended when their workflow was ended by force', () => {
  const paid = async (row: SessionRow, payment: object): Promise<string> => {
    const id = randomUUID();
    const money = { amount_cents: 12_000, currency: 'USD', captured_cents: 12_000 };
    const attempt = { id, session_id: row.id, person_id: row.client_id, attempt: 1 };
    await bench
      .knex('payments')
      .insert({ ...attempt, ...money, method: 'card', state: 'captured', ...payment });
    return id;
  };
  const reconciliation = (paymentId: string) =>
    temporal.client.workflow.getHandle(workflowId('reconciliation', paymentId)).describe();
  const cancelled = async (decision: object): Promise<SessionRow> => {
    const session = await forgotten();
    await sweep();
    const change = { status: 'cancelled', payment: 'captured', updated_at: new Date() };
    await bench.knex('sessions').where({ id: session.id }).update(change);
    const event = { session_id: session.id, kind: 'cancelled', data: JSON.stringify(decision) };
    await bench.knex('session_events').insert(event);
    await handleOf(session).terminate('a test');
    return session;
  };

  test('and owed money have it squared, others are left alone', async () => {
    const owing = await cancelled({ feeCents: 0, refundCents: 12_000 });
    const settled = await cancelled({ feeCents: 6_000, refundCents: 6_000 });
    const waived = await cancelled({ feeCents: 0, refundCents: 0 });
    const owed = await paid(owing, {});
    const others = [await paid(settled, { refunded_cents: 6_000 }), await paid(waived, {})];
    await until(async () => (await sweep()).squared === 1);
    expect((await reconciliation(owed)).status.name).toBe('RUNNING');
    for (const id of others)
      await expect(reconciliation(id)).rejects.toThrow(WorkflowNotFoundError);
  });

  test('and still held an authorisation, or had not sent a refund, too', async () => {
    const holding = await paid(await cancelled({}), { state: 'authorised', captured_cents: 0 });
    const unsent = await paid(await cancelled({}), { state: 'refunded', refunded_cents: 12_000 });
    const refund = {
      id: randomUUID(),
      payment_id: unsent,
      key: `${unsent}/end`,
      reason: 'cancelled',
    };
    await bench.knex('refunds').insert({ ...refund, amount_cents: 12_000, state: 'pending' });
    await until(async () => (await sweep()).squared >= 2);
    for (const id of [holding, unsent]) {
      expect((await reconciliation(id)).status.name).toBe('RUNNING');
    }
  });
});

describe('claims that lapsed', () => {
  test('a while ago are released, others are not', async () => {
    const [old, young, binding] = [await bench.book(), await bench.book(), await bench.book()];
    const expire = (id: string, seconds: number) =>
      bench
        .knex('claims')
        .where({ session_id: id })
        .update({ expires_at: bench.knex.raw(`now() - make_interval(secs => ?)`, [seconds]) });
    await expire(old.id, 90);
    await expire(young.id, 30);
    expect(await sweep()).toMatchObject({ claimsReleased: 2 });
    expect(await bench.claims(old.id)).toEqual([]);
    expect(await bench.claims(young.id)).toHaveLength(2);
    expect(await bench.claims(binding.id)).toHaveLength(2);
    expect(await sweep()).toMatchObject({ claimsReleased: 0 });
  });
});

test('two sweeps at once do the work of one', async () => {
  const sessions = [await forgotten(), await forgotten(), await forgotten({ state: LAPSED })];
  await Promise.all([sweep(), sweep()]);
  const states = await Promise.all(sessions.map(({ id }) => bench.row(id)));
  expect(states.map(({ status }) => status)).toEqual(['requested', 'requested', 'expired']);
  expect(states[2]?.version).toBe(2);
  expect(await Promise.all(sessions.map(standing))).toEqual(['RUNNING', 'RUNNING', 'NONE']);
});

describe('imports of outside calendars', () => {
  test('that nobody reads get their workflow, and only those', async () => {
    const personId = await bench.therapist();
    const insert = async (secondsLate: number, facts: object = {}): Promise<string> => {
      const id = randomUUID();
      await bench.knex('calendar_feeds').insert({
        id,
        clinic_id: bench.clinicId,
        person_id: personId,
        kind: 'import',
        source_url: Buffer.from('sealed'),
        next_read_at: new Date(Date.now() - secondsLate * 1000),
        ...facts,
      });
      return id;
    };
    const late = await insert(400);
    const others = [await insert(200), await insert(400, { revoked_at: new Date() })];
    expect(await sweep()).toMatchObject({ importsStarted: 1 });
    const runsOf = (id: string) =>
      temporal.client.workflow.getHandle(workflowId('calendar-import', id)).describe();
    expect((await runsOf(late)).status.name).toBe('RUNNING');
    for (const id of others) await expect(runsOf(id)).rejects.toThrow(WorkflowNotFoundError);
  });
});
