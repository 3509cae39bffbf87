import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import type { AuditInsert } from '../../db/audit/entry.ts';
import { insertTurn, reviseTurn } from '../../db/companion.ts';
import type { NewTurn, TurnOutcome } from '../../db/companion.ts';
import { recordTrigger } from '../../db/crisis-intake.ts';
import type { NewTrigger } from '../../db/crisis-intake.ts';
import { type TestApi, startTestApi } from '../support/api.ts';

const SEALED = Buffer.from('sealed');

let api: TestApi;
let personId: string;
let conversationId: string;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

beforeEach(async () => {
  ({ id: personId } = await api.person());
  conversationId = newId();
  const { clinicId } = api;
  const opening = {
    clinicId,
    isAnonymous: false,
    sessionId: null,
    clientName: null,
    details: null,
  };
  await take({ seenVersion: null, opening });
});

function take(turn: Partial<NewTurn> = {}): Promise<TurnOutcome> {
  const whole: NewTurn = {
    id: newId(),
    conversationId,
    personId,
    words: SEALED,
    reply: SEALED,
    source: turn.isCrisis === true ? 'crisis' : 'guided',
    isCrisis: false,
    state: SEALED,
    seenVersion: turn.isCrisis === true ? null : 1,
    opening: null,
    ...turn,
  };
  const audit: AuditInsert = {
    clinic_id: api.clinicId,
    actor_id: personId,
    actor_role: 'patient',
    action: 'companion_conversation.turn',
    object_type: 'companion_conversation',
    object_id: conversationId,
    subject_id: personId,
    outcome: 'allowed',
    request_id: null,
    changes: { turnId: whole.id },
  };
  return insertTurn(api.knex, whole, audit);
}

/** What is on record of the conversation. */
async function recorded(): Promise<object> {
  const conversation = await api.knex('companion_conversations').where({ id: conversationId });
  const turns = await api
    .knex('companion_turns')
    .where({ conversation_id: conversationId })
    .orderBy('number');
  const acts = await api
    .knex('audit_entries')
    .where({ object_id: conversationId, action: 'companion_conversation.turn' });
  const { version, turn_count } = conversation[0];
  return {
    version,
    count: turn_count,
    numbers: turns.map(({ number }) => number),
    acts: acts.length,
  };
}

const AFTER_ONE = { version: 1, count: 1, numbers: [1], acts: 1 };

const trigger = (): NewTrigger => ({
  clinicId: api.clinicId,
  personId,
  severity: 'high',
  type: 'suicidal_ideation',
  source: 'message',
  sessionId: null,
  messageId: null,
  reportedBy: personId,
  details: null,
});

function alarm(): Promise<unknown> {
  return api.knex.transaction((trx) => recordTrigger(trx, trigger()));
}

/** Until somebody waits for a lock in the test's database. */
async function untilWaiting(): Promise<void> {
  for (;;) {
    const { rows } = await api.knex.raw<{ rows: unknown[] }>(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if (rows.length > 0) return;
  }
}

test('a turn is recorded with its number, its act and the state after it', async () => {
  const state = Buffer.from('later');
  const outcome = await take({ state });
  expect(outcome).toMatchObject({ outcome: 'taken', number: 2, version: 2 });
  expect(await recorded()).toEqual({ version: 2, count: 2, numbers: [1, 2], acts: 2 });
  const [conversation] = await api.knex('companion_conversations').where({ id: conversationId });
  expect(conversation.state).toEqual(state);
  const takenAt = outcome.outcome === 'taken' ? outcome.takenAt : null;
  expect(conversation.last_turn_at).toEqual(takenAt);
});

test('a turn that can not be taken says why and changes nothing', async () => {
  expect(await take({ personId: newId() })).toMatchObject({ outcome: 'none' });
  expect(await take({ conversationId: newId() })).toMatchObject({ outcome: 'none' });
  expect(await take({ seenVersion: 0 })).toMatchObject({ outcome: 'unseen' });
  expect(await recorded()).toEqual(AFTER_ONE);
  await alarm();
  expect(await take()).toMatchObject({ outcome: 'alarmed', alertId: expect.any(String) });
  expect(await recorded()).toEqual(AFTER_ONE);
  await api
    .knex('companion_conversations')
    .where({ id: conversationId })
    .update({ status: 'ended', ended_at: new Date() });
  expect(await take()).toMatchObject({ outcome: 'over' });
  expect(await take({ isCrisis: true })).toMatchObject({ outcome: 'over' });
  expect(await recorded()).toEqual(AFTER_ONE);
});

test('while an alert pages the reply to a crisis is taken', async () => {
  await alarm();
  expect(await take({ isCrisis: true })).toMatchObject({ outcome: 'taken', number: 2 });
});

test('a calm turn that waits for the alarm of a model is not taken after it', async () => {
  const turnId = newId();
  await take({ id: turnId });
  await take({ seenVersion: 2 });
  const trx = await api.knex.transaction();
  await recordTrigger(trx, trigger());
  const revision = { turnId, conversationId, personId, reply: SEALED, source: 'crisis' } as const;
  await reviseTurn(trx, { ...revision, isCrisis: true, restoredState: SEALED, seenVersion: 2 });
  const waiting = take({ seenVersion: 3 });
  await untilWaiting();
  await trx.commit();
  expect(await waiting).toMatchObject({ outcome: 'alarmed' });
  expect(await recorded()).toEqual({ version: 4, count: 3, numbers: [1, 2, 3], acts: 3 });
});

test('a turn that is there already is known, whatever else has changed', async () => {
  const id = newId();
  await take({ id });
  for (const again of [{ seenVersion: 2 }, { seenVersion: 1 }, { isCrisis: true }]) {
    expect(await take({ id, ...again })).toMatchObject({ outcome: 'known', alertId: null });
  }
  await alarm();
  expect(await take({ id, seenVersion: 2 })).toMatchObject({ outcome: 'known', alertId: null });
  expect(await recorded()).toEqual({ version: 2, count: 2, numbers: [1, 2], acts: 2 });
});

test('the id of a turn elsewhere is refused and changes nothing', async () => {
  const id = newId();
  await take({ id });
  const elsewhere = conversationId;
  conversationId = newId();
  const { clinicId } = api;
  const opening = {
    clinicId,
    isAnonymous: false,
    sessionId: null,
    clientName: null,
    details: null,
  };
  await take({ seenVersion: null, opening });
  expect(conversationId).not.toBe(elsewhere);
  await expect(take({ id })).rejects.toMatchObject({ code: '23505' });
  expect(await recorded()).toEqual(AFTER_ONE);
});

test('of turns at once that saw the same one is taken, cries all, each under a number of its own', async () => {
  const many = Array.from({ length: 12 });
  const calm = await Promise.all(many.map(() => take()));
  expect(calm.map(({ outcome }) => outcome).toSorted()).toEqual([
    'taken',
    ...many.slice(1).map(() => 'unseen'),
  ]);
  const cries = await Promise.all(many.map(() => take({ isCrisis: true })));
  expect(cries.map(({ outcome }) => outcome)).toEqual(many.map(() => 'taken'));
  const numbers = Array.from({ length: 14 }, (_, at) => at + 1);
  expect(await recorded()).toEqual({ version: 14, count: 14, numbers, acts: 14 });
});

test.each([{ isCrisis: false }, { isCrisis: true }])(
  'of the same turn sent at once ($isCrisis) one is taken and the others know it',
  async ({ isCrisis }) => {
    const id = newId();
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => take({ id, isCrisis })));
    const names = outcomes.map(({ outcome }) => outcome).toSorted();
    expect(names).toEqual([...Array.from({ length: 11 }, () => 'known'), 'taken']);
    expect(await recorded()).toEqual({ version: 2, count: 2, numbers: [1, 2], acts: 2 });
  },
);

test('a process of the version before takes its turns among the others', async () => {
  const earlier = (): Promise<{ rows: TurnOutcome[] }> =>
    api.knex.raw(
      `SELECT outcome, number FROM take_companion_turn(?::uuid, ?::uuid, ?::uuid, ?::bytea,
         ?::bytea, 'crisis', true, NULL::bytea, NULL::int, NULL::json, '[]'::json)`,
      [newId(), conversationId, personId, SEALED, SEALED],
    );
  await Promise.all([earlier(), take({ isCrisis: true }), earlier(), take({ isCrisis: true })]);
  expect(await recorded()).toMatchObject({ version: 5, count: 5, numbers: [1, 2, 3, 4, 5] });
});

test('nothing is written that could not have happened', async () => {
  await expect(take({ source: 'somebody' as never })).rejects.toMatchObject({ code: '23514' });
  const change = (values: object): Promise<unknown> =>
    Promise.resolve(
      api.knex('companion_conversations').where({ id: conversationId }).update(values),
    );
  for (const values of [
    { status: 'ended' },
    { ended_at: new Date() },
    { status: 'paused' },
    { rating: 0 },
    { rating: 6 },
  ]) {
    await expect(change(values)).rejects.toMatchObject({ code: '23514' });
  }
  await change({ status: 'ended', ended_at: new Date(), rating: 5 });
  await expect(
    api.knex.raw(
      `SELECT * FROM revise_companion_turn(?::uuid, ?::uuid, ?::uuid, ?::bytea, 'somebody', false,
         NULL::bytea, 1)`,
      [newId(), conversationId, personId, SEALED],
    ),
  ).rejects.toMatchObject({ code: '23514' });
});
