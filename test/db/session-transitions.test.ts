import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TransitionInput } from '../../activities/session/contract.ts';
import { createTransitionActivities, recordStep } from '../../activities/session/transitions.ts';
import { lapseClaims } from '../activities/session/bench.ts';
import {
  HOUR_MS,
  MINUTE_MS,
  SOON,
  type SessionBench,
  after,
  startSessionBench,
} from '../activities/session/bench.ts';
import { type SessionRow, stateOf } from '../../db/sessions.ts';
import type { SessionEvent } from '../../domain/session.ts';

let bench: SessionBench;

beforeAll(async () => {
  bench = await startSessionBench();
});
afterAll(() => bench.close());

const approve = { type: 'approve' } as const;
const proposal = {
  startsAt: SOON + 30 * MINUTE_MS,
  endsAt: SOON + 80 * MINUTE_MS,
  answerDueAt: SOON - HOUR_MS,
};
const propose = { type: 'reschedule', proposal, needsApproval: true, by: 'client' } as const;
const move = { type: 'reschedule', proposal, needsApproval: false, by: 'therapist' } as const;

function step(
  session: SessionRow,
  event: SessionEvent,
  claims: TransitionInput['claims'],
): TransitionInput {
  return {
    sessionId: session.id,
    version: session.version + 1,
    state: after(session, event),
    claims,
    event: event.type,
    actorId: null,
  };
}

/** Takes a step that has to succeed, and gives the row as it is then. */
async function taken(
  session: SessionRow,
  event: SessionEvent,
  claims: TransitionInput['claims'],
): Promise<SessionRow> {
  expect(await recordStep(bench.knex, step(session, event, claims))).toBe('recorded');
  return bench.row(session.id);
}

async function confirmed(): Promise<SessionRow> {
  return bench.book({
    state: {
      status: 'confirmed',
      approval: 'given',
      payment: 'captured',
      answerDueAt: null,
      paymentDueAt: null,
    },
  });
}

async function eventsOf({ id }: SessionRow): Promise<string[]> {
  return bench.knex('session_events').where({ session_id: id }).orderBy('id').pluck('kind');
}

describe('a recorded step', () => {
  test('repeated, even many times at once, changes nothing more', async () => {
    const session = await bench.book();
    const input = step(session, approve, 'keep');
    const again = Array.from({ length: 8 }, () => recordStep(bench.knex, input));
    expect(new Set(await Promise.all(again))).toEqual(new Set(['recorded']));
    expect(await eventsOf(session)).toEqual(['booked', 'approve']);
    const outgoing = bench.knex('outbox').whereRaw(`payload->>'sessionId' = ?`, [session.id]);
    expect(await outgoing).toHaveLength(2);
    const audited = await bench.knex('audit_entries').where({ object_id: session.id });
    expect(audited.map(({ action }) => action)).toEqual(['session.approve']);
    expect(stateOf(await bench.row(session.id))).toEqual(input.state);
  });

  test('an older one, repeated late, does not undo a newer one', async () => {
    const session = await bench.book();
    const first = step(session, approve, 'keep');
    await recordStep(bench.knex, first);
    const paid = await taken(await bench.row(session.id), { type: 'payment_captured' }, 'keep');
    expect(await recordStep(bench.knex, first)).toBe('recorded');
    expect(await bench.row(session.id)).toEqual(paid);
  });

  test('that misses the one before is a conflict', async () => {
    const session = await bench.book();
    const early = { ...step(session, approve, 'keep'), version: session.version + 2 };
    await expect(recordStep(bench.knex, early)).rejects.toMatchObject({ code: 'version_conflict' });
    const unknown = { ...early, sessionId: session.client_id! };
    await expect(recordStep(bench.knex, unknown)).rejects.toMatchObject({ code: 'not_found' });
    expect(await eventsOf(session)).toEqual(['booked']);
  });

  test('keeps the claims as long as the next deadline', async () => {
    const session = await bench.book();
    const expiries = async (): Promise<(number | null)[]> =>
      (await bench.claims(session.id)).map(({ expiresAtMs }) => expiresAtMs);
    const due = session.answer_due_at!.getTime();
    expect(await expiries()).toEqual([due, due]);
    const approved = await taken(session, approve, 'keep');
    const payable = approved.payment_due_at!.getTime();
    expect(await expiries()).toEqual([payable, payable]);
    await taken(approved, { type: 'payment_captured' }, 'keep');
    expect(await expiries()).toEqual([null, null]);
  });
});

describe('by the database’s clock', () => {
  test('lapsed claims refuse the step, which leaves no trace', async () => {
    const session = await bench.book();
    await lapseClaims(bench.knex, session.id);
    expect(await recordStep(bench.knex, step(session, approve, 'keep'))).toBe('claims_lost');
    expect(await bench.row(session.id)).toEqual(session);
    expect(await eventsOf(session)).toEqual(['booked']);
  });

  test('time that was lost is taken back where it is still free', async () => {
    const session = await bench.book();
    const paid = step(session, { type: 'payment_captured' }, 'reclaim');
    await bench.knex('claims').where({ session_id: session.id }).update({ state: 'released' });
    expect(await recordStep(bench.knex, paid)).toBe('recorded');
    const claims = await bench.claims(session.id);
    expect(claims.map(({ slot, personId }) => [slot, personId])).toEqual(
      [session.client_id, session.therapist_id].toSorted().map((person) => ['current', person]),
    );
  });

  test('time that somebody else has taken meanwhile is not', async () => {
    const session = await bench.book();
    await bench.knex('claims').where({ session_id: session.id }).update({ state: 'released' });
    await bench.book({ therapistId: session.therapist_id });
    const paid = step(session, { type: 'payment_captured' }, 'reclaim');
    expect(await recordStep(bench.knex, paid)).toBe('slot_taken');
    expect(await bench.claims(session.id)).toEqual([]);
    expect(await bench.row(session.id)).toEqual(session);
  });
});

describe('another time', () => {
  test('is claimed beside the old one while it is proposed, even where they overlap', async () => {
    const session = await taken(await confirmed(), propose, 'propose');
    const claims = await bench.claims(session.id);
    expect(claims.map(({ slot }) => slot)).toEqual(['current', 'current', 'proposed', 'proposed']);
    expect(claims.map(({ expiresAtMs }) => expiresAtMs)).toEqual([
      null,
      null,
      proposal.answerDueAt,
      proposal.answerDueAt,
    ]);
    const other = { therapistId: session.therapist_id };
    expect(await bench.insert(await bench.draft(other))).toBe('slot_taken');
    const later = { ...other, startsAt: SOON + HOUR_MS };
    expect(await bench.insert(await bench.draft(later))).toBe('slot_taken');
  });

  test('accepted, is the only one left, for good', async () => {
    const session = await taken(await confirmed(), propose, 'propose');
    await taken(session, approve, 'accept_proposal');
    const claims = await bench.claims(session.id);
    const expected = { slot: 'current', expiresAtMs: null };
    expect(claims).toMatchObject([expected, expected]);
    const client = claims.find(({ personId }) => personId === session.client_id);
    expect(client?.startMs).toBe(proposal.startsAt);
  });

  test('refused, leaves exactly the old claims', async () => {
    const before = await confirmed();
    const claims = await bench.claims(before.id);
    const session = await taken(before, propose, 'propose');
    const row = await taken(session, { type: 'decline' }, 'drop_proposal');
    expect(await bench.claims(session.id)).toEqual(claims);
    expect(stateOf(row)).toEqual(stateOf(before));
  });

  test('accepted when its claims had lapsed is lost, and the old time stands', async () => {
    const session = await taken(await confirmed(), propose, 'propose');
    await lapseClaims(bench.knex, session.id, 'proposed');
    const accepting = step(session, approve, 'accept_proposal');
    expect(await recordStep(bench.knex, accepting)).toBe('claims_lost');
    const current = (await bench.claims(session.id)).filter(({ slot }) => slot === 'current');
    expect(current.map(({ expiresAtMs }) => expiresAtMs)).toEqual([null, null]);
    expect(await bench.row(session.id)).toEqual(session);
  });

  test('taken by somebody else is refused whole; lapsed holds in its way are not', async () => {
    const session = await confirmed();
    const inTheWay = await bench.book({
      therapistId: session.therapist_id,
      startsAt: SOON + 70 * MINUTE_MS,
    });
    for (const [event, claims] of [
      [propose, 'propose'],
      [move, 'move'],
    ] as const) {
      expect(await recordStep(bench.knex, step(session, event, claims))).toBe('slot_taken');
    }
    expect(await bench.claims(session.id)).toHaveLength(2);
    await lapseClaims(bench.knex, inTheWay.id);
    await taken(session, move, 'move');
    const client = (await bench.claims(session.id)).find(
      ({ personId }) => personId === session.client_id,
    );
    expect(client?.startMs).toBe(proposal.startsAt);
  });
});

describe('an ending', () => {
  test.each<[string, SessionEvent, string]>([
    ['declined', { type: 'decline' }, 'cancelled'],
    ['cancelled', { type: 'cancel', by: 'client' }, 'cancelled'],
  ])('%s: frees both calendars and the enrolment', async (status, event, enrolment) => {
    const session = await bench.book();
    const row = await taken(session, event, 'release');
    expect(row.status).toBe(status);
    expect(await bench.claims(session.id)).toEqual([]);
    const [member] = await bench.knex('enrolments').where({ session_id: session.id });
    expect(member.state).toBe(enrolment);
    expect(await bench.insert(await bench.draft({ therapistId: session.therapist_id }))).toBe(
      'booked',
    );
  });

  test.each([
    ['attended', 'attended', 1],
    ['absent', 'absent', 0],
  ] as const)('%s: the enrolment says so, and only sessions held count', async (...row) => {
    const [attendance, enrolment, counted] = row;
    const booked = await confirmed();
    const begun = await taken(booked, { type: 'start' }, 'keep');
    const input = {
      ...step(begun, { type: 'end' }, 'release'),
      state: {
        ...after(begun, { type: 'end' }),
        status: attendance === 'absent' ? 'no_show' : 'completed',
        attendance,
      },
    } as TransitionInput;
    await recordStep(bench.knex, input);
    await recordStep(bench.knex, input);
    const [member] = await bench.knex('enrolments').where({ session_id: booked.id });
    expect(member.state).toBe(enrolment);
    const { therapist_id: id } = booked;
    const profile = await bench.knex('therapist_profiles').where({ person_id: id }).first();
    expect(profile.completed_sessions).toBe(counted);
  });

  test('of a proposal too frees both times', async () => {
    const session = await taken(await confirmed(), propose, 'propose');
    await taken(session, { type: 'cancel', by: 'therapist' }, 'release');
    expect(await bench.claims(session.id)).toEqual([]);
  });
});

describe('the beginning', () => {
  const begin = (sessionId: string) =>
    createTransitionActivities({ knex: bench.knex }).begin({ sessionId });

  test('is noted once', async () => {
    const draft = await bench.draft();
    await bench.insert(draft);
    expect(await begin(draft.id)).toEqual({ kind: 'begun' });
    const { workflow_started_at: first } = await bench.row(draft.id);
    expect(await begin(draft.id)).toEqual({ kind: 'begun' });
    expect((await bench.row(draft.id)).workflow_started_at).toEqual(first);
  });

  test('of a session that was released before, or is not there, is its end', async () => {
    const session = await bench.book();
    await taken(session, { type: 'decline' }, 'release');
    expect(await begin(session.id)).toEqual({ kind: 'ended' });
    expect(await begin(session.client_id!)).toEqual({ kind: 'ended' });
  });
});
