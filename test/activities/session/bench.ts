import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { v7 } from 'uuid';
import { type NewSession, insertBooking } from '../../../db/bookings.ts';
import type { BookingOutcome } from '../../../db/bookings.ts';
import { openDatabase } from '../../../db/knex.ts';
import { type SessionRow, findSession, stateOf } from '../../../db/sessions.ts';
import { DEFAULT_PLAN, type Plan } from '../../../domain/plan.ts';
import { type SessionEvent, type SessionState, decide } from '../../../domain/session.ts';
import { createTestDatabase } from '../../support/database.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
/** Far ahead, on a full hour, so that no test meets its own deadlines. */
export const SOON = Math.ceil((Date.now() + 72 * HOUR_MS) / HOUR_MS) * HOUR_MS;

export interface SessionWish {
  readonly therapistId?: string;
  readonly clientId?: string;
  readonly startsAt?: number;
  readonly state?: Partial<SessionState>;
  readonly plan?: Partial<Plan>;
}

/** A database with one clinic, and what it takes to book sessions in it. */
export interface SessionBench {
  readonly knex: Knex;
  readonly databaseUrl: string;
  readonly clinicId: string;
  /** Codes of the errors that PostgreSQL answered, hidden retries included. */
  readonly databaseErrors: string[];
  person(facts?: object): Promise<string>;
  therapist(): Promise<string>;
  draft(wish?: SessionWish): Promise<NewSession>;
  insert(session: NewSession): Promise<BookingOutcome>;
  /** A booked session that a workflow looks after. */
  book(wish?: SessionWish): Promise<SessionRow>;
  row(sessionId: string): Promise<SessionRow>;
  /** Active claims as [person, slot, starts, ends, expires]. */
  claims(sessionId: string): Promise<ClaimRow[]>;
  close(): Promise<void>;
}

export interface ClaimRow {
  readonly personId: string;
  readonly slot: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly expiresAtMs: number | null;
}

export async function startSessionBench(maxConnections = 12): Promise<SessionBench> {
  const database = await createTestDatabase();
  const knex = openDatabase(database.url, { maxConnections, acquireTimeoutMs: 20_000 });
  const databaseErrors: string[] = [];
  knex.on('query-error', (error: { code?: string }) => databaseErrors.push(error.code ?? 'none'));
  const clinicId = v7();
  await knex('clinics').insert({ id: clinicId, name: 'Harbor', time_zone: 'UTC' });
  const person = (facts: object = {}): Promise<string> => insertPerson(knex, clinicId, facts);
  const therapist = async (): Promise<string> => {
    const id = await person({ role: 'counselor', email: `t-${randomUUID()}@example.test` });
    const profile = { person_id: id, clinic_id: clinicId, display_name: 'Dr Quill' };
    await knex('therapist_profiles').insert({ ...profile, time_zone: 'UTC' });
    return id;
  };
  const draft = async (wish: SessionWish = {}): Promise<NewSession> =>
    newSession(clinicId, {
      ...wish,
      therapistId: wish.therapistId ?? (await therapist()),
      clientId: wish.clientId ?? (await person()),
    });
  const insert = (session: NewSession): Promise<BookingOutcome> => tryBooking(knex, session);
  const row = async (id: string): Promise<SessionRow> => (await findSession(knex, id))!;
  return {
    knex,
    databaseUrl: database.url,
    clinicId,
    databaseErrors,
    person,
    therapist,
    draft,
    insert,
    row,
    book: async (wish) => {
      const session = await draft(wish);
      const outcome = await insert(session);
      if (outcome !== 'booked') throw new Error(`not booked: ${outcome}`);
      await knex('sessions').where({ id: session.id }).update({ workflow_started_at: new Date() });
      return row(session.id);
    },
    claims: (sessionId) => activeClaims(knex, sessionId),
    close: async () => {
      await knex.destroy();
      await database.drop();
    },
  };
}

async function insertPerson(knex: Knex, clinicId: string, facts: object): Promise<string> {
  const id = v7();
  await knex('people').insert({ id, clinic_id: clinicId, role: 'patient', ...facts });
  return id;
}

/** A session that is not booked yet. */
export function newSession(clinicId: string, wish: SessionWish): NewSession {
  const startsAt = wish.startsAt ?? SOON;
  const clientId = wish.clientId!;
  return {
    id: v7(),
    clinicId,
    door: 'therapy',
    sessionType: 'individual',
    format: 'video',
    specialization: 'trauma',
    therapistId: wish.therapistId!,
    clientId,
    timeZone: 'UTC',
    state: {
      status: 'requested',
      startsAt,
      endsAt: startsAt + 50 * MINUTE_MS,
      approval: 'awaited',
      payment: 'due',
      holdDueAt: null,
      answerDueAt: Date.now() + 24 * HOUR_MS,
      paymentDueAt: Date.now() + 48 * HOUR_MS,
      proposal: null,
      scheduleVersion: 1,
      ...wish.state,
    } as SessionState,
    plan: { ...DEFAULT_PLAN, limits: NO_LIMITS, ...wish.plan },
    priceCents: 12_000,
    dueCents: 12_000,
    currency: 'USD',
    roomCode: randomUUID(),
    details: null,
    createdBy: clientId,
    bookedAt: Date.now(),
  };
}

const NO_LIMITS = { maxOpenPerClient: 1_000, maxPerClientPerDay: 1_000 };

/** Books as the API does: anything else than `booked` rolls back. */
/** Books it with its claims. */
export async function tryBooking(knex: Knex, session: NewSession): Promise<BookingOutcome> {
  const trx = await knex.transaction({ isolationLevel: 'read committed' });
  try {
    const outcome = await insertBooking(trx, session);
    await (outcome === 'booked' ? trx.commit() : trx.rollback());
    return outcome;
  } catch (error) {
    await trx.rollback();
    throw error;
  }
}

async function activeClaims(knex: Knex, sessionId: string): Promise<ClaimRow[]> {
  const { rows } = await knex.raw<{ rows: ClaimRow[] }>(
    `SELECT person_id AS "personId", slot,
       (extract(epoch FROM lower(during)) * 1000)::float8 AS "startMs",
       (extract(epoch FROM upper(during)) * 1000)::float8 AS "endMs",
       (extract(epoch FROM expires_at) * 1000)::float8 AS "expiresAtMs"
     FROM claims WHERE session_id = ? AND state = 'active' ORDER BY slot, person_id, during`,
    [sessionId],
  );
  return rows;
}

/** The state that a session is in after an event, which must be legal. */
export function after(session: SessionRow, event: SessionEvent): SessionState {
  const decision = decide(stateOf(session), event, Date.now());
  if (decision.kind !== 'moved') throw new Error(`${event.type} is ${decision.kind}`);
  return decision.state;
}

/** As if time had gone by: the session's active claims lapsed a while ago. */
export async function lapseClaims(knex: Knex, sessionId: string, slot?: string): Promise<void> {
  await knex('claims')
    .where({ session_id: sessionId, state: 'active', ...(slot === undefined ? {} : { slot }) })
    .update({ expires_at: knex.raw(`clock_timestamp() - interval '2 minutes'`) });
}
