import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { recordStep } from '../../activities/session/transitions.ts';
import { wishesOf } from '../../db/bookings.ts';
import { peopleInTheWay, releaseExpiredInTheWay, tryClaim } from '../../db/claims.ts';
import {
  HOUR_MS,
  MINUTE_MS,
  SOON,
  type SessionBench,
  after,
  lapseClaims,
  startSessionBench,
} from '../activities/session/bench.ts';

const CLIENTS = 32;
let bench: SessionBench;

beforeAll(async () => {
  bench = await startSessionBench(CLIENTS);
});
afterAll(() => bench.close());
beforeEach(() => void bench.databaseErrors.splice(0));

/** Pairs of active claims of one person and two sessions that overlap. */
async function collisions(knex: Knex): Promise<number> {
  const { rows } = await knex.raw<{ rows: { count: number }[] }>(
    `SELECT count(*)::int FROM claims a JOIN claims b ON a.person_id = b.person_id
       AND a.session_id < b.session_id AND a.during && b.during
     WHERE a.state = 'active' AND b.state = 'active'`,
  );
  return rows[0]!.count;
}

describe('one slot wanted by many', () => {
  test('goes to exactly one, and nobody is left with half of it', async () => {
    const therapistId = await bench.therapist();
    const drafts = await Promise.all(
      Array.from({ length: CLIENTS }, () => bench.draft({ therapistId })),
    );
    const outcomes = await Promise.all(drafts.map((draft) => bench.insert(draft)));
    expect(outcomes.filter((outcome) => outcome === 'booked')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'slot_taken')).toHaveLength(CLIENTS - 1);
    const winner = drafts[outcomes.indexOf('booked')]!;
    expect(await bench.claims(winner.id)).toHaveLength(2);
    const ids = drafts.map(({ id }) => id);
    expect(await bench.knex('claims').whereIn('session_id', ids)).toHaveLength(2);
    expect(await bench.knex('sessions').whereIn('id', ids)).toHaveLength(1);
    expect(bench.databaseErrors).toEqual([]);
  });

  test('buffers keep therapists apart from their next session, and not clients from theirs', async () => {
    const first = await bench.book();
    const next = { startsAt: first.ends_at.getTime() };
    const sameTherapist = await bench.draft({ ...next, therapistId: first.therapist_id });
    expect(await bench.insert(sameTherapist)).toBe('slot_taken');
    const wishes = wishesOf(sameTherapist);
    expect(await peopleInTheWay(bench.knex, sameTherapist.id, wishes)).toEqual([
      first.therapist_id,
    ]);
    const sameClient = await bench.draft({ ...next, clientId: first.client_id! });
    expect(await bench.insert(sameClient)).toBe('booked');
    const afterwards = {
      therapistId: first.therapist_id,
      startsAt: next.startsAt + 10 * MINUTE_MS,
    };
    expect(await bench.insert(await bench.draft(afterwards))).toBe('booked');
  });
});

describe('bookings, moves and endings all at once', () => {
  test('never collide, never deadlock, and leave every session with its whole claims', async () => {
    const therapists = await Promise.all([bench.therapist(), bench.therapist()]);
    const clients = await Promise.all(Array.from({ length: 6 }, () => bench.person()));
    const wander = seeded(7);
    const lives = Array.from({ length: CLIENTS }, async (_none, index) => {
      for (let round = 0; round < 6; round += 1) {
        const startsAt = SOON + wander(8) * 20 * MINUTE_MS;
        const therapistId = therapists[wander(2)]!;
        const session = await bench.draft({ therapistId, clientId: clients[index % 6]!, startsAt });
        if ((await bench.insert(session)) === 'booked') await liveOn(session.id, wander);
      }
    });
    await Promise.all(lives);
    expect(bench.databaseErrors).toEqual([]);
    expect(await collisions(bench.knex)).toBe(0);
    expect(await unevenSessions(bench.knex, therapists)).toEqual([]);
  });

  /** Moves a session, perhaps onto a part of its own time, then perhaps ends it. */
  async function liveOn(sessionId: string, wander: (below: number) => number): Promise<void> {
    const session = await bench.row(sessionId);
    const shiftMs = [-40, -20, 20, 40][wander(4)]! * MINUTE_MS;
    const startsAt = session.starts_at.getTime() + shiftMs;
    const proposal = { startsAt, endsAt: startsAt + 50 * MINUTE_MS, answerDueAt: startsAt };
    const event = { type: 'reschedule', proposal, needsApproval: false, by: 'therapist' } as const;
    const base = { sessionId, actorId: null };
    const moved = { ...base, state: after(session, event), version: 2, claims: 'move' } as const;
    const outcome = await recordStep(bench.knex, { ...moved, event: 'rescheduled' });
    if (wander(3) === 0) return;
    const current = await bench.row(sessionId);
    expect(current.version).toBe(outcome === 'recorded' ? 2 : 1);
    const state = after(current, { type: 'decline' });
    const ended = { ...base, state, version: current.version + 1, claims: 'release' } as const;
    expect(await recordStep(bench.knex, { ...ended, event: 'declined' })).toBe('recorded');
  }

  async function unevenSessions(knex: Knex, therapists: string[]): Promise<unknown[]> {
    const { rows } = await knex.raw<{ rows: unknown[] }>(
      `SELECT sessions.id, status, count(claims.id)::int FROM sessions
         LEFT JOIN claims ON claims.session_id = sessions.id AND claims.state = 'active'
       WHERE therapist_id = ANY(?) GROUP BY sessions.id
       HAVING count(claims.id) <> CASE status WHEN 'declined' THEN 0 ELSE 2 END`,
      [therapists],
    );
    return rows;
  }
});

/** Numbers that are the same in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

describe('lapsed holds in the way', () => {
  test('are released, and only they', async () => {
    const lapsed = await bench.book();
    const binding = await bench.book();
    const elsewhere = await bench.book({ startsAt: SOON + 5 * HOUR_MS });
    await lapseClaims(bench.knex, lapsed.id);
    await lapseClaims(bench.knex, elsewhere.id);
    const wishes = [lapsed, binding, elsewhere].map(({ therapist_id: personId }) => ({
      personId,
      startMs: SOON,
      endMs: SOON + HOUR_MS,
    }));
    expect(await releaseExpiredInTheWay(bench.knex, wishes)).toBe(1);
    expect(await bench.claims(binding.id)).toHaveLength(2);
    expect(await bench.claims(elsewhere.id)).toHaveLength(2);
    const [left] = await bench.claims(lapsed.id);
    expect(left?.personId).toBe(lapsed.client_id);
  });

  test('stand in the way until somebody releases them, and stay released by a claim that fails', async () => {
    const lapsed = await bench.book();
    await lapseClaims(bench.knex, lapsed.id);
    const next = await bench.draft({ therapistId: lapsed.therapist_id });
    expect(await bench.insert(next)).toBe('slot_taken');
    const wishes = wishesOf(next);
    expect(await releaseExpiredInTheWay(bench.knex, wishes)).toBe(1);
    await bench.book({ clientId: next.clientId });
    expect(await bench.insert(next)).toBe('slot_taken');
    expect(await bench.claims(lapsed.id)).toHaveLength(1);
  });

  test('are left alone, without waiting, while their own session is being written', async () => {
    const lapsed = await bench.book();
    await lapseClaims(bench.knex, lapsed.id);
    const wishes = [{ personId: lapsed.therapist_id, startMs: SOON, endMs: SOON + HOUR_MS }];
    const writing = await bench.knex.transaction();
    await writing('claims').where({ session_id: lapsed.id }).forUpdate().select('id');
    expect(await releaseExpiredInTheWay(bench.knex, wishes)).toBe(0);
    await writing.rollback();
    expect(await releaseExpiredInTheWay(bench.knex, wishes)).toBe(1);
  });

  test('many who race for one lapsed hold: one of them gets it', async () => {
    const lapsed = await bench.book();
    await lapseClaims(bench.knex, lapsed.id);
    const race = Array.from({ length: CLIENTS }, async () => {
      const draft = await bench.draft({ therapistId: lapsed.therapist_id });
      const first = await bench.insert(draft);
      if (first !== 'slot_taken') return first;
      const released = await releaseExpiredInTheWay(bench.knex, wishesOf(draft));
      return released > 0 ? bench.insert(draft) : first;
    });
    const outcomes = await Promise.all(race);
    expect(outcomes.filter((outcome) => outcome === 'booked').length).toBeLessThanOrEqual(1);
    expect(bench.databaseErrors).toEqual([]);
    expect(await collisions(bench.knex)).toBe(0);
  });
});

test('a session never collides with itself', async () => {
  const session = await bench.book();
  const overlapping = [session.therapist_id, session.client_id!].map((personId) => ({
    personId,
    startMs: SOON + 10 * MINUTE_MS,
    endMs: SOON + HOUR_MS,
  }));
  await bench.knex.transaction(async (trx) => {
    const options = { slot: 'proposed', expiresAtMs: null } as const;
    expect(await tryClaim(trx, session.id, overlapping, options)).toBe(true);
  });
  expect(await bench.claims(session.id)).toHaveLength(4);
});
