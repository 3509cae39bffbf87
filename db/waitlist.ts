import type { Knex } from 'knex';
import type { PartialModelObject } from 'objection';
import { HoldfastError } from '../domain/errors.ts';
import type { Interval } from '../domain/intervals.ts';
import { readDate } from '../domain/time-text.ts';
import { MINUTE_MS } from '../domain/local-time.ts';
import type { WishedTimes } from '../domain/waitlist.ts';
import { WISH_COLUMNS, WaitlistWish } from './models/waitlist-wish.ts';

export interface WishFilter {
  readonly clinicId: string;
  /** Null means everybody's. */
  readonly clientId: string | null;
  readonly state: WaitlistWish['state'] | null;
  readonly after: string | null;
  readonly limit: number;
}

/** Wishes in the order of their ids, which is that of their making. */
export async function listWishes(db: Knex, filter: WishFilter): Promise<WaitlistWish[]> {
  const { clinicId, clientId, state, after, limit } = filter;
  const query = WaitlistWish.query(db).select(WISH_COLUMNS).where({ clinic_id: clinicId });
  if (clientId !== null) query.where({ client_id: clientId });
  if (state !== null) query.where({ state });
  if (after !== null) query.where('id', '>', after);
  return query.orderBy('id').limit(limit);
}

export async function findWish(db: Knex, id: string): Promise<WaitlistWish | null> {
  return (await WaitlistWish.query(db).select(WISH_COLUMNS).findById(id)) ?? null;
}

/** More wishes than that at once are no help to anybody. */
const MAX_WAITING = 10;

/**
 * Puts a client on the waiting list. The same id again gives the wish that the first attempt made.
 * Throws `refused_by_rule` when they wait for as many times as the list takes.
 */
export async function insertWish(
  trx: Knex.Transaction,
  wish: PartialModelObject<WaitlistWish> & { readonly id: string; readonly clientId: string },
): Promise<WaitlistWish> {
  // The client's lock: of two requests at once, the second one counts the first.
  await trx.raw(`SELECT pg_advisory_xact_lock(hashtextextended(?::text, 26))`, [wish.clientId]);
  const known = await findWish(trx, wish.id);
  if (known !== null) return known;
  const waiting = await WaitlistWish.query(trx)
    .where({ client_id: wish.clientId, state: 'waiting' })
    .resultSize();
  if (waiting >= MAX_WAITING) {
    throw new HoldfastError('refused_by_rule', 'You wait for as many times as the list takes.');
  }
  await WaitlistWish.query(trx).insert(wish);
  return (await findWish(trx, wish.id))!;
}

/**
 * Takes a wish from the list, and tells whoever has an offer open for it. One that has ended stays
 * as it was.
 */
export async function removeWish(trx: Knex.Transaction, id: string): Promise<void> {
  await trx.raw(
    `WITH removed AS (
       UPDATE waitlist_wishes SET state = 'removed', ended_at = now()
       WHERE id = ? AND state = 'waiting' RETURNING id, clinic_id)
     INSERT INTO outbox (topic, clinic_id, payload)
     SELECT 'waitlist.removed', clinic_id, jsonb_build_object('wishId', id) FROM removed`,
    [id],
  );
}

/** The times of a wish as the rules read them. */
export function wishedTimes(wish: WaitlistWish): WishedTimes {
  return {
    zone: wish.timeZone,
    fromDayMs: readDate(wish.fromDate) ?? Infinity,
    untilDayMs: readDate(wish.untilDate) ?? -Infinity,
    daysOfWeek: wish.daysOfWeek,
    startMinute: wish.startMinute,
    endMinute: wish.endMinute,
    noticeMs: wish.noticeMinutes * MINUTE_MS,
  };
}

/** A stretch of a therapist's calendar that nobody has any more. */
export interface Vacancy {
  readonly id: string;
  readonly clinicId: string;
  readonly therapistId: string;
  /** The client who has given it up; nobody offers it to them again. */
  readonly freedBy: string | null;
  readonly slot: Interval;
  readonly state: 'open' | 'filled' | 'free' | 'gone';
}

interface VacancyRow {
  readonly id: string;
  readonly clinic_id: string;
  readonly therapist_id: string;
  readonly freed_by: string | null;
  readonly starts_at: Date;
  readonly ends_at: Date;
  readonly state: Vacancy['state'];
}

export async function findVacancy(db: Knex, id: string): Promise<Vacancy | null> {
  const row = await db<VacancyRow>('vacancies').where({ id }).first();
  return row === undefined ? null : vacancyFrom(row as VacancyRow);
}

function vacancyFrom(row: VacancyRow): Vacancy {
  return {
    id: row.id,
    clinicId: row.clinic_id,
    therapistId: row.therapist_id,
    freedBy: row.freed_by,
    slot: { startMs: row.starts_at.getTime(), endMs: row.ends_at.getTime() },
    state: row.state,
  };
}

/**
 * Notes which times a session has given up and somebody may wait for, each once: a released claim
 * of its therapist without the buffers. A time that was only being offered is left to the offers
 * of its own vacancy. Gives those whose offers have not ended.
 */
export async function noteVacancies(db: Knex, sessionId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `WITH freed AS (
       SELECT claims.id AS claim_id, session.clinic_id, profile.person_id AS therapist_id,
         session.client_id,
         lower(claims.during) + (session.plan #>> '{buffers,beforeMs}')::float8 * interval '1 millisecond' AS starts_at,
         upper(claims.during) - (session.plan #>> '{buffers,afterMs}')::float8 * interval '1 millisecond' AS ends_at
       FROM sessions session JOIN claims ON claims.session_id = session.id
         JOIN therapist_profiles profile ON profile.person_id = claims.person_id
       WHERE session.id = :sessionId AND claims.state = 'released' AND lower(claims.during) > now()
         AND NOT EXISTS (SELECT FROM offers WHERE offers.session_id = session.id
           AND offers.kind = 'vacancy' AND offers.state <> 'accepted')),
     noted AS (
       INSERT INTO vacancies (id, clinic_id, claim_id, therapist_id, freed_by, starts_at, ends_at)
       SELECT gen_random_uuid(), clinic_id, claim_id, therapist_id, client_id, starts_at, ends_at
       FROM freed WHERE starts_at < ends_at AND EXISTS (
         SELECT FROM waitlist_wishes wish
         WHERE wish.clinic_id = freed.clinic_id AND wish.state = 'waiting'
           AND (wish.therapist_id IS NULL OR wish.therapist_id = freed.therapist_id))
       ON CONFLICT (claim_id) DO NOTHING RETURNING id)
     SELECT id FROM noted
     UNION SELECT vacancies.id FROM vacancies JOIN freed USING (claim_id)
       WHERE vacancies.state = 'open'`,
    { sessionId },
  );
  return rows.map(({ id }) => id);
}

/** Closes a vacancy that is still open. `free` means that everybody has been asked. */
export async function closeVacancy(
  db: Knex,
  id: string,
  state: Exclude<Vacancy['state'], 'open'>,
  reason: string | null,
): Promise<void> {
  await db('vacancies')
    .where({ id, state: 'open' })
    .update({ state, reason, closed_at: db.fn.now() });
}

/** The size of a full batch of {@link nextWishes}. */
export const WISH_BATCH = 50;

/**
 * Who waits for such a time and was not asked about this one, in batches: first come, first
 * served. `after` is the last id of the batch before.
 */
export async function nextWishes(
  db: Knex,
  vacancy: Vacancy,
  after: string | null,
): Promise<WaitlistWish[]> {
  return WaitlistWish.query(db)
    .select(WISH_COLUMNS)
    .joinRaw('JOIN therapist_profiles profile ON profile.person_id = ?', [vacancy.therapistId])
    .joinRaw('JOIN people client ON client.id = waitlist_wishes.client_id')
    .where('waitlist_wishes.clinic_id', vacancy.clinicId)
    .where('waitlist_wishes.state', 'waiting')
    .whereRaw('(?::uuid IS NULL OR waitlist_wishes.id > ?)', [after, after])
    .whereRaw('coalesce(waitlist_wishes.therapist_id, profile.person_id) = profile.person_id')
    .whereRaw(
      `(waitlist_wishes.specialization IS NULL OR EXISTS (
        SELECT FROM unnest(profile.specializations) AS item
        WHERE lower(item) = lower(waitlist_wishes.specialization)))`,
    )
    .whereRaw('waitlist_wishes.session_type = ANY (profile.session_types)')
    .whereRaw('waitlist_wishes.format = ANY (profile.session_formats)')
    .whereRaw('client.suspended_at IS NULL')
    .whereRaw('waitlist_wishes.client_id IS DISTINCT FROM ?::uuid', [vacancy.freedBy])
    .whereRaw(
      `NOT EXISTS (SELECT FROM offers WHERE offers.vacancy_id = ?
        AND (offers.wish_id = waitlist_wishes.id OR offers.state <> 'skipped'
          AND offers.client_id = waitlist_wishes.client_id))`,
      [vacancy.id],
    )
    .orderBy('waitlist_wishes.id')
    .limit(WISH_BATCH);
}
