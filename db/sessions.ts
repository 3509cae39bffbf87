import type { Knex } from 'knex';
import type { GroupTerms } from '../domain/group.ts';
import type { Plan } from '../domain/plan.ts';
import type {
  Approval,
  PaymentStanding,
  Proposal,
  SessionState,
  SessionStatus,
} from '../domain/session.ts';

export type SessionFormat = 'video' | 'audio' | 'chat' | 'in_person';
export type Door = 'therapy' | 'booking' | 'scheduling' | 'teletherapy' | 'crisis';

/** A session as its row has it. Instants are Dates, money is minor units. */
export interface SessionRow {
  readonly id: string;
  readonly clinic_id: string;
  readonly door: Door;
  readonly session_type: string;
  readonly format: SessionFormat;
  readonly specialization: string | null;
  readonly therapist_id: string;
  readonly client_id: string | null;
  readonly starts_at: Date;
  readonly ends_at: Date;
  readonly time_zone: string;
  readonly status: SessionStatus;
  readonly approval: Approval;
  readonly payment: PaymentStanding;
  readonly plan: Plan;
  readonly price_cents: number;
  readonly due_cents: number;
  readonly currency: string;
  readonly hold_due_at: Date | null;
  readonly answer_due_at: Date | null;
  readonly payment_due_at: Date | null;
  readonly proposed_starts_at: Date | null;
  readonly proposed_ends_at: Date | null;
  readonly proposal_due_at: Date | null;
  readonly schedule_version: number;
  readonly moved_by_others_at: Date | null;
  readonly version: number;
  readonly missed_deadline: string | null;
  readonly cancelled_by: string | null;
  readonly attendance: string | null;
  readonly room_code: string;
  readonly details: Buffer | null;
  /** Why the session was last declined, moved or cancelled; sealed. */
  readonly last_reason: Buffer | null;
  readonly workflow_started_at: Date | null;
  readonly hold_id: string | null;
  readonly service_id: string | null;
  readonly location_id: string | null;
  readonly authorisation_id: string | null;
  readonly group_id: string | null;
  readonly group_terms: GroupTerms | null;
  /** Set where the row is a group session as one of its members lives it. */
  readonly enrolment_id?: string;
  readonly created_by: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** By name, so that a connection may prepare the statement: see `prepared-statements.ts`. */
const COLUMNS = {
  id: true,
  clinic_id: true,
  door: true,
  session_type: true,
  format: true,
  specialization: true,
  therapist_id: true,
  client_id: true,
  starts_at: true,
  ends_at: true,
  time_zone: true,
  status: true,
  approval: true,
  payment: true,
  plan: true,
  price_cents: true,
  due_cents: true,
  currency: true,
  hold_due_at: true,
  answer_due_at: true,
  payment_due_at: true,
  proposed_starts_at: true,
  proposed_ends_at: true,
  proposal_due_at: true,
  schedule_version: true,
  moved_by_others_at: true,
  version: true,
  missed_deadline: true,
  cancelled_by: true,
  attendance: true,
  room_code: true,
  details: true,
  last_reason: true,
  workflow_started_at: true,
  hold_id: true,
  service_id: true,
  location_id: true,
  authorisation_id: true,
  group_id: true,
  group_terms: true,
  created_by: true,
  created_at: true,
  updated_at: true,
} as const satisfies Record<Exclude<keyof SessionRow, 'enrolment_id'>, true>;

const FIND = `SELECT ${Object.keys(COLUMNS).join(', ')} FROM sessions WHERE id = ?`;

export async function findSession(knex: Knex, id: string): Promise<SessionRow | null> {
  const { rows } = await knex.raw<{ rows: SessionRow[] }>(FIND, [id]);
  return rows[0] ?? null;
}

/** The state machine's view of a row. */
export function stateOf(row: SessionRow): SessionState {
  const common = {
    startsAt: row.starts_at.getTime(),
    endsAt: row.ends_at.getTime(),
    approval: row.approval,
    payment: row.payment,
    holdDueAt: msOf(row.hold_due_at),
    answerDueAt: msOf(row.answer_due_at),
    paymentDueAt: msOf(row.payment_due_at),
    proposal: proposalOf(row),
    scheduleVersion: row.schedule_version,
    movedByOthersAt: row.moved_by_others_at?.getTime(),
  };
  const ending = {
    attendance: row.attendance ?? undefined,
    missed: row.missed_deadline ?? undefined,
    by: row.cancelled_by ?? undefined,
  };
  const present = Object.fromEntries(
    Object.entries(ending).filter(([, value]) => value !== undefined),
  );
  return { ...common, status: row.status, ...present } as SessionState;
}

type StateColumns = Pick<
  SessionRow,
  | 'status'
  | 'approval'
  | 'payment'
  | 'starts_at'
  | 'ends_at'
  | 'hold_due_at'
  | 'answer_due_at'
  | 'payment_due_at'
  | 'proposed_starts_at'
  | 'proposed_ends_at'
  | 'proposal_due_at'
  | 'schedule_version'
  | 'moved_by_others_at'
  | 'attendance'
  | 'missed_deadline'
  | 'cancelled_by'
>;

/** The columns that mirror a state; the inverse of {@link stateOf}. */
export function columnsOf(state: SessionState): StateColumns {
  return {
    status: state.status,
    approval: state.approval,
    payment: state.payment,
    starts_at: new Date(state.startsAt),
    ends_at: new Date(state.endsAt),
    hold_due_at: dateOf(state.holdDueAt),
    answer_due_at: dateOf(state.answerDueAt),
    payment_due_at: dateOf(state.paymentDueAt),
    proposed_starts_at: dateOf(state.proposal?.startsAt ?? null),
    proposed_ends_at: dateOf(state.proposal?.endsAt ?? null),
    proposal_due_at: dateOf(state.proposal?.answerDueAt ?? null),
    schedule_version: state.scheduleVersion,
    moved_by_others_at: dateOf(state.movedByOthersAt ?? null),
    attendance: 'attendance' in state ? state.attendance : null,
    missed_deadline: 'missed' in state ? state.missed : null,
    cancelled_by: 'by' in state ? state.by : null,
  };
}

function proposalOf(row: SessionRow): Proposal | null {
  if (row.proposed_starts_at === null || row.proposed_ends_at === null) return null;
  if (row.proposal_due_at === null) return null;
  return {
    startsAt: row.proposed_starts_at.getTime(),
    endsAt: row.proposed_ends_at.getTime(),
    answerDueAt: row.proposal_due_at.getTime(),
  };
}

function msOf(date: Date | null): number | null {
  return date === null ? null : date.getTime();
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}
