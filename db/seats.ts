import type { Knex } from 'knex';
import type { EnrolmentState } from '../domain/enrolment.ts';
import { type PaymentStanding, type SessionStatus, isEnded } from '../domain/session.ts';
import { type SessionRow, findSession } from './sessions.ts';

/** A group session as one of its members lives it: its times and terms, their status and payment. */
export interface SeatRow extends SessionRow {
  readonly client_id: string;
  readonly enrolment_id: string;
  readonly enrolment_state: EnrolmentState;
  /** Where the session itself stands. */
  readonly session_status: SessionStatus;
}

/** What of a seat is its own; every other column is the session's. */
interface SeatColumns {
  readonly seat_id: string | null;
  readonly seat_person_id: string;
  readonly seat_state: EnrolmentState;
  readonly seat_status: SessionStatus;
  readonly seat_payment: PaymentStanding;
  readonly seat_due_cents: number;
  readonly seat_payment_due_at: Date | null;
  readonly seat_version: number;
  readonly seat_missed_deadline: string | null;
  readonly seat_cancelled_by: string | null;
  readonly seat_attendance: string | null;
  readonly seat_last_reason: Buffer | null;
  readonly seat_workflow_started_at: Date | null;
  readonly seat_created_at: Date;
  readonly seat_updated_at: Date;
}

const OWN = `id person_id state status payment due_cents payment_due_at version missed_deadline
  cancelled_by attendance last_reason workflow_started_at created_at updated_at`.split(/\s+/);

/** For a query over `sessions` and `enrolments AS seat`. */
export const SEAT_COLUMNS = OWN.map((column) => `seat.${column} AS seat_${column}`).join(', ');

/** Joins the seat of one person, the latest of those that they had; takes their id. */
export const SEAT_JOIN = `LEFT JOIN LATERAL (
    SELECT * FROM enrolments
    WHERE sessions.group_terms IS NOT NULL AND session_id = sessions.id AND person_id = ?
      AND enrolments.status IS NOT NULL
    ORDER BY created_at DESC, id DESC LIMIT 1) seat ON true`;

/** The member's view of a row with {@link SEAT_COLUMNS}, or the session itself without a seat. */
export function seatedRow<Row extends SessionRow>(
  joined: Row & SeatColumns,
): Row | (Row & SeatRow) {
  const entries = Object.entries(joined).filter(([name]) => !name.startsWith('seat_'));
  const row = Object.fromEntries(entries) as unknown as Row;
  if (joined.seat_id === null) return row;
  return {
    ...row,
    client_id: joined.seat_person_id,
    enrolment_id: joined.seat_id,
    enrolment_state: joined.seat_state,
    session_status: row.status,
    status: joined.seat_status,
    payment: joined.seat_payment,
    due_cents: joined.seat_due_cents,
    payment_due_at: joined.seat_payment_due_at,
    version: joined.seat_version,
    missed_deadline: joined.seat_missed_deadline,
    cancelled_by: joined.seat_cancelled_by,
    attendance: joined.seat_attendance,
    details: null,
    last_reason: joined.seat_last_reason,
    workflow_started_at: joined.seat_workflow_started_at,
    created_by: joined.seat_person_id,
    created_at: joined.seat_created_at,
    updated_at: joined.seat_updated_at,
  };
}

export function isSeat<Row extends SessionRow>(row: Row): row is Row & SeatRow {
  return row.enrolment_id !== undefined;
}

/** Whether people take part by seats of their own, in a group's session or in one without a group. */
export function hasSeats({ group_terms: terms }: Pick<SessionRow, 'group_terms'>): boolean {
  return terms !== null;
}

/** Whether the session that a seat belongs to does not take place. */
export function isOff(status: SessionStatus): boolean {
  return isEnded(status) && status !== 'completed' && status !== 'no_show';
}

/** A seat as its member is told of it: a session that is off is off for them, settled or not. */
export function asTold<Row extends SessionRow>(row: Row): Row {
  if (!isSeat(row) || isEnded(row.status) || !isOff(row.session_status)) return row;
  return { ...row, status: 'cancelled', cancelled_by: 'system' };
}

export async function findSeat(knex: Knex, enrolmentId: string): Promise<SeatRow | null> {
  const result = await knex.raw(
    `SELECT sessions.*, ${SEAT_COLUMNS} FROM enrolments seat
       JOIN sessions ON sessions.id = seat.session_id
     WHERE seat.id = ? AND seat.status IS NOT NULL`,
    [enrolmentId],
  );
  return result.rows[0] === undefined ? null : (seatedRow(result.rows[0]) as SeatRow);
}

/** The session, or in a group the part of the member who asks. */
export async function findSessionFor(
  knex: Knex,
  id: string,
  personId: string,
): Promise<SessionRow | SeatRow | null> {
  const result = await knex.raw(
    `SELECT sessions.*, ${SEAT_COLUMNS} FROM sessions ${SEAT_JOIN} WHERE sessions.id = ?`,
    [personId, id],
  );
  return result.rows[0] === undefined ? null : asTold(seatedRow(result.rows[0]));
}

/** What a workflow looks after: a whole session, or one member's seat in it. */
export function findLife(
  knex: Knex,
  {
    sessionId,
    enrolmentId,
  }: { readonly sessionId: string; readonly enrolmentId?: string | undefined },
): Promise<SessionRow | null> {
  return enrolmentId === undefined ? findSession(knex, sessionId) : findSeat(knex, enrolmentId);
}

/** A member as others in the session may come to know of them. */
export interface MemberRow {
  readonly enrolment_id: string;
  readonly person_id: string;
  readonly alias: string;
  readonly state: EnrolmentState;
  readonly status: SessionStatus;
  readonly payment: PaymentStanding;
  readonly attendance: string | null;
  readonly preferred_name: string | null;
  readonly first_name: string;
  readonly last_name: string;
}

/** Everybody who has ever had a seat, in the order in which they joined. */
export async function membersOf(
  knex: Knex,
  sessionIds: readonly string[],
): Promise<(MemberRow & { readonly session_id: string })[]> {
  if (sessionIds.length === 0) return [];
  const result = await knex.raw(
    `SELECT seat.session_id, seat.id AS enrolment_id, seat.person_id, seat.alias, seat.state,
       seat.status, seat.payment, seat.attendance, preferred_name, first_name, last_name
     FROM enrolments seat JOIN people ON people.id = seat.person_id
     WHERE seat.session_id = ANY (?) AND seat.status IS NOT NULL
     ORDER BY seat.created_at, seat.id`,
    [[...sessionIds]],
  );
  return result.rows;
}

/** The seat that a person has in a session now, by its enrolment. */
export async function liveSeatOf(
  knex: Knex,
  sessionId: string,
  personId: string,
): Promise<string | null> {
  const row = await knex('enrolments')
    .where({ session_id: sessionId, person_id: personId })
    .whereNotNull('status')
    .orderBy('created_at', 'desc')
    .first('id');
  return row?.id ?? null;
}

/** Notes that a workflow looks after the seat; where the seat stands, or null without one. */
export async function markSeatBegun(knex: Knex, id: string): Promise<SessionStatus | null> {
  const result = await knex.raw(
    `UPDATE enrolments SET workflow_started_at = coalesce(workflow_started_at, now())
     WHERE id = ? AND enrolments.status IS NOT NULL RETURNING enrolments.status`,
    [id],
  );
  return result.rows[0]?.status ?? null;
}

const RUNNING = ['awaiting_payment', 'confirmed', 'in_progress'];

/** The enrolments of a session whose members' lives go on. */
export async function liveSeats(knex: Knex, sessionId: string): Promise<string[]> {
  const rows = await knex('enrolments')
    .where({ session_id: sessionId })
    .whereIn('status', RUNNING)
    .select('id');
  return rows.map(({ id }: { id: string }) => id);
}

export async function countConfirmed(knex: Knex, sessionId: string): Promise<number> {
  const result = await knex.raw(
    `SELECT count(*)::int AS confirmed FROM enrolments
     WHERE session_id = ? AND state = 'confirmed' AND status IS NOT NULL`,
    [sessionId],
  );
  return result.rows[0].confirmed;
}

/** The seat of a person in the next session of a group in which they have one. */
export async function liveSeatIn(
  knex: Knex,
  groupId: string,
  personId: string,
): Promise<{ readonly sessionId: string; readonly enrolmentId: string } | null> {
  const result = await knex.raw(
    `SELECT sessions.id AS "sessionId", seat.id AS "enrolmentId"
     FROM enrolments seat JOIN sessions ON sessions.id = seat.session_id
     WHERE seat.person_id = ? AND seat.status IN ('awaiting_payment', 'confirmed')
       AND sessions.group_id = ? AND sessions.status = 'confirmed'
       AND sessions.starts_at > clock_timestamp()
     ORDER BY sessions.starts_at LIMIT 1`,
    [personId, groupId],
  );
  return result.rows[0] ?? null;
}

/** What a member is called where no name may be. */
export async function aliasOf(knex: Knex, enrolmentId: string): Promise<string | null> {
  const row = await knex('enrolments').where({ id: enrolmentId }).first('alias');
  return row?.alias ?? null;
}
