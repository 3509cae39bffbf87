import type { Knex } from 'knex';
import type { AbsenceChoice } from '../domain/absence.ts';

export type OfferState =
  'preparing' | 'open' | 'accepted' | 'declined' | 'lapsed' | 'withdrawn' | 'skipped';

/**
 * A time that is offered to one client: one that has become free (`vacancy`), or others for a
 * session whose therapist is away (`absence`).
 */
export interface Offer {
  readonly id: string;
  readonly clinicId: string;
  readonly kind: 'vacancy' | 'absence';
  /** Null for an absence from a group's session. */
  readonly clientId: string | null;
  /** The hold on the free time, or the session that can't take place. */
  readonly sessionId: string | null;
  readonly vacancyId: string | null;
  readonly wishId: string | null;
  readonly exceptionId: string | null;
  readonly therapistId: string;
  /** When the session that it is about would start. */
  readonly sessionStartsAt: Date;
  readonly state: OfferState;
  readonly reason: string | null;
  readonly choices: readonly AbsenceChoice[];
  readonly chosen: AbsenceChoice | null;
  readonly dueAt: Date | null;
  readonly createdAt: Date;
  readonly closedAt: Date | null;
}

interface OfferRow {
  readonly id: string;
  readonly clinic_id: string;
  readonly kind: Offer['kind'];
  readonly client_id: string | null;
  readonly session_id: string | null;
  readonly vacancy_id: string | null;
  readonly wish_id: string | null;
  readonly exception_id: string | null;
  readonly therapist_id: string;
  readonly session_starts_at: Date;
  readonly state: OfferState;
  readonly reason: string | null;
  readonly choices: readonly AbsenceChoice[];
  readonly chosen: AbsenceChoice | null;
  readonly due_at: Date | null;
  readonly created_at: Date;
  readonly closed_at: Date | null;
}

function offerFrom(row: OfferRow): Offer {
  return {
    id: row.id,
    clinicId: row.clinic_id,
    kind: row.kind,
    clientId: row.client_id,
    sessionId: row.session_id,
    vacancyId: row.vacancy_id,
    wishId: row.wish_id,
    exceptionId: row.exception_id,
    therapistId: row.therapist_id,
    sessionStartsAt: row.session_starts_at,
    state: row.state,
    reason: row.reason,
    choices: row.choices,
    chosen: row.chosen,
    dueAt: row.due_at,
    createdAt: row.created_at,
    closedAt: row.closed_at,
  };
}

export async function findOffer(db: Knex, id: string): Promise<Offer | null> {
  const row = await db<OfferRow>('offers').where({ id }).first();
  return row === undefined ? null : offerFrom(row as OfferRow);
}

/** The same under a lock, so that of an answer and a lapse one comes first. */
export async function lockOffer(trx: Knex.Transaction, id: string): Promise<Offer | null> {
  const row = await trx<OfferRow>('offers').where({ id }).forUpdate().first();
  return row === undefined ? null : offerFrom(row as OfferRow);
}

/** Of an accepted vacancy, or one that is being offered just now. */
export async function currentOffer(db: Knex, vacancyId: string): Promise<Offer | null> {
  const row = await db<OfferRow>('offers')
    .where({ vacancy_id: vacancyId })
    .whereIn('state', ['open', 'accepted'])
    .first();
  return row === undefined ? null : offerFrom(row as OfferRow);
}

/** The offer that is open for a wish, if any. */
export async function openOfferOfWish(db: Knex, wishId: string): Promise<Offer | null> {
  const row = await db<OfferRow>('offers').where({ wish_id: wishId, state: 'open' }).first();
  return row === undefined ? null : offerFrom(row as OfferRow);
}

/** What is offered to a client and was not answered yet, in the order of ids. */
export async function listOpenOffers(
  db: Knex,
  page: { readonly clientId: string; readonly after: string | null; readonly limit: number },
): Promise<OfferView[]> {
  const { rows } = await db.raw<{ rows: (OfferRow & OfferViewColumns)[] }>(
    `${VIEW} WHERE offer.client_id = :clientId AND offer.state = 'open' AND offer.due_at > now()
       AND (:after::uuid IS NULL OR offer.id > :after)
     ORDER BY offer.id LIMIT :limit`,
    { ...page },
  );
  return rows.map(viewFrom);
}

/** An offer with the session that it is about. */
export interface OfferView extends Offer {
  readonly session: {
    readonly startsAt: Date;
    readonly endsAt: Date;
    readonly status: string;
    readonly sessionType: string;
    readonly format: string;
  } | null;
}

interface OfferViewColumns {
  readonly starts_at: Date | null;
  readonly ends_at: Date;
  readonly status: string;
  readonly session_type: string;
  readonly format: string;
}

const VIEW = `SELECT offer.*, session.starts_at, session.ends_at, session.status,
    session.session_type, session.format
  FROM offers offer LEFT JOIN sessions session ON session.id = offer.session_id`;

export async function findOfferView(db: Knex, id: string): Promise<OfferView | null> {
  const { rows } = await db.raw<{ rows: (OfferRow & OfferViewColumns)[] }>(
    `${VIEW} WHERE offer.id = ?`,
    [id],
  );
  return rows[0] === undefined ? null : viewFrom(rows[0]);
}

function viewFrom(row: OfferRow & OfferViewColumns): OfferView {
  const { starts_at: startsAt, ends_at: endsAt, status, format } = row;
  const session =
    startsAt === null ? null : { startsAt, endsAt, status, sessionType: row.session_type, format };
  return { ...offerFrom(row), session };
}

/** Notes that somebody in the order was passed over, so that they are not looked at again. */
export async function skipWish(
  db: Knex,
  skipped: {
    readonly id: string;
    readonly clinicId: string;
    readonly clientId: string;
    readonly vacancyId: string;
    readonly wishId: string;
    readonly therapistId: string;
    readonly startsAt: Date;
    readonly reason: string;
  },
): Promise<void> {
  await db.raw(
    `INSERT INTO offers (id, clinic_id, kind, client_id, vacancy_id, wish_id, therapist_id,
       session_starts_at, state, reason, closed_at)
     VALUES (:id, :clinicId, 'vacancy', :clientId, :vacancyId, :wishId, :therapistId,
       :startsAt, 'skipped', :reason, now())
     ON CONFLICT DO NOTHING`,
    { ...skipped },
  );
}

/** Ends an offer in the state that was decided. False when it had ended before. */
export async function closeOffer(
  db: Knex,
  id: string,
  state: Exclude<OfferState, 'preparing' | 'open'>,
  facts: { readonly reason?: string; readonly chosen?: AbsenceChoice } = {},
): Promise<boolean> {
  const closed = await db('offers')
    .where({ id })
    .whereIn('state', ['preparing', 'open'])
    .update({
      state,
      closed_at: db.fn.now(),
      ...(facts.reason === undefined ? {} : { reason: facts.reason }),
      ...(facts.chosen === undefined ? {} : { chosen: JSON.stringify(facts.chosen) }),
    });
  return closed === 1;
}

/**
 * An offer for each session that an absence concerns, made once while there is such time off; one
 * that another absence has opened for it will do. Gives those that are not closed:
 * somebody has to look after them.
 */
export async function noteAbsence(
  db: Knex,
  absence: { readonly exceptionId: string; readonly sessionIds: readonly string[] },
): Promise<string[]> {
  await db.raw(
    `INSERT INTO offers (id, clinic_id, kind, client_id, session_id, exception_id, therapist_id,
       session_starts_at, state)
     SELECT gen_random_uuid(), clinic_id, 'absence', client_id, id, :exceptionId, therapist_id,
       starts_at, 'preparing'
     FROM sessions WHERE id = ANY(:sessionIds)
       AND EXISTS (SELECT FROM availability_exceptions WHERE id = :exceptionId)
       AND NOT EXISTS (SELECT FROM offers WHERE offers.session_id = sessions.id
         AND offers.kind = 'absence' AND offers.state IN ('preparing', 'open'))
     ON CONFLICT DO NOTHING`,
    { exceptionId: absence.exceptionId, sessionIds: [...absence.sessionIds] },
  );
  return absenceOffers(db, 'exception_id', absence.exceptionId);
}

/** Offers of an absence, or for one session, that are not closed. */
export function absenceOffers(
  db: Knex,
  by: 'exception_id' | 'session_id',
  id: string,
): Promise<string[]> {
  return db('offers')
    .where({ kind: 'absence', [by]: id })
    .whereIn('state', ['preparing', 'open'])
    .pluck('id');
}

const LIES_IN_TIME_OFF = `EXISTS (
  SELECT FROM availability_exceptions away
  WHERE away.therapist_id = session.therapist_id AND away.kind = 'time_off'
    AND away.during && tstzrange(session.starts_at, session.ends_at))`;

/** Whether a session itself lies in time off, and not only a time that is proposed for it. */
export async function liesInTimeOff(db: Knex, sessionId: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `SELECT 1 FROM sessions session WHERE session.id = ? AND ${LIES_IN_TIME_OFF}`,
    [sessionId],
  );
  return rows.length > 0;
}

/** Open offers of a therapist's absences whose session lies in no time off any more. */
export async function baselessOffers(db: Knex, therapistId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `SELECT offer.id FROM offers offer JOIN sessions session ON session.id = offer.session_id
     WHERE offer.kind = 'absence' AND offer.therapist_id = ?
       AND offer.state IN ('preparing', 'open') AND NOT ${LIES_IN_TIME_OFF}`,
    [therapistId],
  );
  return rows.map(({ id }) => id);
}

/** What a client of an absent therapist may choose, until when; also after a choice has gone. */
export async function openChoices(
  db: Knex,
  id: string,
  choices: readonly AbsenceChoice[],
  dueAt: Date,
): Promise<void> {
  await db('offers')
    .where({ id })
    .whereIn('state', ['preparing', 'open'])
    .update({ state: 'open', choices: JSON.stringify(choices), due_at: dueAt });
}

/** The offer whose hold a session is, and nothing more yet: no workflow looks after it. */
export async function currentHoldOf(db: Knex, sessionId: string): Promise<Offer | null> {
  const row = await db<OfferRow>('offers')
    .where({ session_id: sessionId, kind: 'vacancy' })
    .whereNot({ state: 'accepted' })
    .first();
  return row === undefined ? null : offerFrom(row as OfferRow);
}
