import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { type BatchOutcome, type Together, bookTogether } from '../../db/batch-bookings.ts';
import type { NewSession } from '../../db/bookings.ts';
import {
  HOUR_MS,
  MINUTE_MS,
  SOON,
  type SessionBench,
  type SessionWish,
  lapseClaims,
  startSessionBench,
} from '../activities/session/bench.ts';

const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
const CONTEXT = { actor: SYSTEM_ACTOR, requestId: null };
let bench: SessionBench;

beforeAll(async () => {
  bench = await startSessionBench(16);
});
afterAll(() => bench.close());
beforeEach(() => void bench.databaseErrors.splice(0));

interface SeriesWish extends SessionWish {
  readonly count?: number;
  readonly everyMs?: number;
}

async function drafts(wish: SeriesWish = {}): Promise<NewSession[]> {
  const therapistId = wish.therapistId ?? (await bench.therapist());
  const clientId = wish.clientId ?? (await bench.person());
  const first = wish.startsAt ?? SOON;
  return Promise.all(
    Array.from({ length: wish.count ?? 5 }, (_none, index) => {
      const startsAt = first + index * (wish.everyMs ?? WEEK_MS);
      return bench.draft({ ...wish, therapistId, clientId, startsAt });
    }),
  );
}

function book(sessions: readonly NewSession[], more: Partial<Together> = {}) {
  return bookTogether(bench.knex, CONTEXT, { sessions, ...more });
}

async function countOf(sessions: readonly NewSession[]): Promise<Record<string, number>> {
  const ids = sessions.map(({ id }) => id);
  const { rows } = await bench.knex.raw(
    `SELECT (SELECT count(*)::int FROM sessions WHERE id = ANY(:ids)) AS sessions,
       (SELECT count(*)::int FROM claims WHERE session_id = ANY(:ids) AND state = 'active') AS claims,
       (SELECT count(*)::int FROM enrolments WHERE session_id = ANY(:ids)) AS enrolments,
       (SELECT count(*)::int FROM session_events WHERE session_id = ANY(:ids)) AS events,
       (SELECT count(*)::int FROM outbox
         WHERE (payload->>'sessionId')::uuid = ANY(:ids)) AS outgoing,
       (SELECT count(*)::int FROM audit_entries WHERE object_id = ANY(:ids::text[])) AS audited`,
    { ids },
  );
  return rows[0];
}

function allOf(count: number): Record<string, number> {
  return {
    sessions: count,
    claims: 2 * count,
    enrolments: count,
    events: count,
    outgoing: count,
    audited: count,
  };
}

test('books all sessions with everything that belongs to each', async () => {
  const sessions = await drafts({ count: 3 });
  expect(await book(sessions)).toEqual({ kind: 'booked' });
  expect(await countOf(sessions)).toEqual(allOf(3));
  const single = await bench.draft();
  await bench.insert(single);
  // The very rows that a single booking leaves.
  for (const table of ['session_events', 'outbox']) {
    const [one, other] = await Promise.all([
      bench.knex(table).whereRaw(`to_jsonb(${table})::text LIKE ?`, [`%${single.id}%`]),
      bench.knex(table).whereRaw(`to_jsonb(${table})::text LIKE ?`, [`%${sessions[0]!.id}%`]),
    ]);
    const bare = (rows: unknown): string =>
      JSON.stringify(rows, (key, value) => (key === 'id' || key.endsWith('_id') ? 0 : value))
        .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
        .replaceAll(/\d{4}-\d\d-\d\dT[^"]+/g, 'TIME');
    expect(bare(other)).toBe(bare(one));
  }
});

test('one taken time refuses all, and every refused one is named with whose calendar it is', async () => {
  const sessions = await drafts({ count: 5 });
  const { therapistId, clientId } = sessions[0]!;
  await bench.book({ therapistId, startsAt: sessions[1]!.state.startsAt });
  await bench.book({ clientId: clientId!, startsAt: sessions[3]!.state.startsAt });
  expect(await book(sessions)).toEqual({
    kind: 'refused',
    refused: [
      { sessionId: sessions[1]!.id, code: 'slot_unavailable' },
      { sessionId: sessions[3]!.id, code: 'client_unavailable' },
    ],
  });
  expect(await countOf(sessions)).toEqual(allOf(0));
});

test('occurrences that overlap each other refuse themselves', async () => {
  const sessions = await drafts({ count: 3, everyMs: 55 * MINUTE_MS });
  const refused = (await book(sessions)) as Extract<BatchOutcome, { kind: 'refused' }>;
  // The buffer after the first one reaches into the second.
  expect(refused.refused).toEqual([{ sessionId: sessions[1]!.id, code: 'slot_unavailable' }]);
  expect(await countOf(sessions)).toEqual(allOf(0));
});

test('what is written alongside goes when the sessions do not come', async () => {
  const sessions = await drafts({ count: 2 });
  const name = `c${sessions[0]!.id}`;
  const alongside: Together['alongside'] = async (trx) => {
    await trx('clinics').insert({ id: sessions[0]!.id, name, time_zone: 'UTC' });
    throw new Error('a fault');
  };
  await expect(book(sessions, { alongside })).rejects.toThrow('a fault');
  expect(await countOf(sessions)).toEqual(allOf(0));
  expect(await bench.knex('clinics').where({ name })).toEqual([]);
});

describe('races', () => {
  test('two batches over overlapping times: one wins whole, without a deadlock', async () => {
    for (let round = 0; round < 12; round += 1) {
      const therapistId = await bench.therapist();
      // Half an hour apart, and in opposite orders: each one's time is in the other's way.
      const one = await drafts({ therapistId, count: 26 });
      const other = await drafts({ therapistId, count: 26, startsAt: SOON + 30 * MINUTE_MS });
      const outcomes = await Promise.all([book(one), book(other.toReversed())]);
      expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['booked', 'refused']);
      const [winner, loser] = outcomes[0]!.kind === 'booked' ? [one, other] : [other, one];
      expect(await countOf(winner)).toEqual(allOf(26));
      expect(await countOf(loser)).toEqual(allOf(0));
      const refusal = outcomes.find(({ kind }) => kind === 'refused');
      expect(refusal).toMatchObject({ refused: { length: 26 } });
    }
    expect(bench.databaseErrors).toEqual([]);
  });

  test('many batches and single bookings over two people’s calendars end without a deadlock', async () => {
    const [therapistId, clientId] = [await bench.therapist(), await bench.person()];
    const batches = await Promise.all(
      Array.from({ length: 10 }, (_none, index) =>
        drafts({
          ...(index % 3 === 0 ? {} : { therapistId }),
          ...(index % 3 === 1 ? {} : { clientId }),
          count: 8,
          startsAt: SOON + (index % 4) * 20 * MINUTE_MS,
          everyMs: (index % 2 === 0 ? 2 : 3) * HOUR_MS,
        }),
      ),
    );
    const singles = await drafts({ therapistId, clientId, count: 8, everyMs: 90 * MINUTE_MS });
    await Promise.all([
      ...batches.map((batch) => book(batch)),
      ...singles.map((single) => bench.insert(single)),
    ]);
    expect(bench.databaseErrors).toEqual([]);
    for (const batch of batches) {
      expect([0, 8]).toContain((await countOf(batch))['sessions']);
    }
    const { rows } = await bench.knex.raw(
      `SELECT FROM claims a JOIN claims b ON a.person_id = b.person_id
         AND a.session_id < b.session_id AND a.during && b.during
       WHERE a.state = 'active' AND b.state = 'active'`,
    );
    expect(rows).toEqual([]);
  });
});

describe('lapsed holds in the way', () => {
  test('are released, and the batch is booked', async () => {
    const sessions = await drafts();
    const therapistId = sessions[0]!.therapistId;
    const [second, fourth] = [sessions[1]!, sessions[3]!].map(({ state }) => state.startsAt);
    const lapsed = [
      await bench.book({ therapistId, startsAt: second! }),
      await bench.book({ therapistId, startsAt: fourth! }),
    ];
    for (const { id } of lapsed) await lapseClaims(bench.knex, id);
    expect(await book(sessions)).toEqual({ kind: 'booked' });
    expect(await countOf(sessions)).toEqual(allOf(5));
  });

  test('do not help where a binding claim is in the way as well', async () => {
    const sessions = await drafts();
    const therapistId = sessions[0]!.therapistId;
    const startsAt = sessions[1]!.state.startsAt;
    const lapsed = await bench.book({ therapistId, startsAt });
    await lapseClaims(bench.knex, lapsed.id);
    await bench.book({ therapistId, startsAt: sessions[4]!.state.startsAt });
    const refused = [{ sessionId: sessions[4]!.id, code: 'slot_unavailable' }];
    expect(await book(sessions)).toEqual({ kind: 'refused', refused });
    expect(await countOf(sessions)).toEqual(allOf(0));
  });
});

describe('limits', () => {
  const limits = { maxOpenPerClient: 4, maxPerClientPerDay: 2 };
  const NOON = Math.ceil(SOON / DAY_MS) * DAY_MS + 12 * HOUR_MS;

  test('the new ones count with those that are there', async () => {
    const { client_id: clientId } = await bench.book({ startsAt: NOON + 3 * DAY_MS });
    const wish = { clientId: clientId!, plan: { limits }, startsAt: NOON + 4 * DAY_MS };
    const sessions = await drafts({ ...wish, count: 5 });
    const refused = [sessions[3]!, sessions[4]!].map(({ id: sessionId }) => ({
      sessionId,
      code: 'booking_limit_exceeded',
    }));
    expect(await book(sessions, { isLimited: true })).toEqual({ kind: 'refused', refused });
    expect(await book(sessions.slice(0, 3), { isLimited: true })).toEqual({ kind: 'booked' });
  });

  test('planned ones count on their day, and not as open', async () => {
    const state = { status: 'planned', answerDueAt: null, paymentDueAt: null } as const;
    const wish = { plan: { limits }, startsAt: NOON, state };
    const sessions = await drafts({ ...wish, count: 10 });
    expect(await book(sessions, { isLimited: true })).toEqual({ kind: 'booked' });
    expect(await bench.claims(sessions[9]!.id)).toMatchObject([
      { expiresAtMs: null },
      { expiresAtMs: null },
    ]);
    const clientId = sessions[0]!.clientId!;
    const single = { clientId, plan: { limits }, startsAt: NOON + 3 * HOUR_MS };
    expect(await bench.insert(await bench.draft(single))).toBe('booked');
    const third = { ...single, startsAt: NOON + 6 * HOUR_MS };
    expect(await bench.insert(await bench.draft(third))).toBe('limit_exceeded');
  });
});
