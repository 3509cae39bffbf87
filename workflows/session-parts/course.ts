import {
  patched,
  proxyLocalActivities,
  setCurrentDetails,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { SeatActivities } from '../../activities/groups/contract.ts';
import type {
  NoticeKind,
  SessionActivities,
  TransitionInput,
} from '../../activities/session/contract.ts';
import { announcementOf } from '../../domain/announcement.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import type { Plan } from '../../domain/plan.ts';
import {
  type Deadline,
  type SessionEvent,
  type SessionState,
  decide,
  decideAll,
  isEnded,
} from '../../domain/session.ts';
import { LOCAL } from '../activity-options.ts';
import type {
  Actor,
  GroupCourse,
  RefundState,
  Reminding,
  RoomPresence,
  SessionInput,
  StandingAnswer,
} from '../messages/session.ts';
import { SESSION_STARTS_AT, SESSION_STATE } from '../messages/search-attributes.ts';
import { describe } from './describe.ts';

const { recordTransition } = proxyLocalActivities<SessionActivities>(LOCAL);
const { recordSeat } = proxyLocalActivities<SeatActivities>(LOCAL);

export interface Notice {
  readonly kind: NoticeKind;
  readonly version: number;
}

/** What one run of a session's workflow knows. Only {@link apply} moves its state. */
export interface Course {
  readonly sessionId: string;
  /** Set in a member's life in a group session; null in a session's own. */
  readonly enrolmentId: string | null;
  /** Null unless this is a group's session. */
  group: GroupCourse | null;
  readonly plan: Plan;
  readonly dueCents: number;
  readonly bookedAt: number;
  state: SessionState;
  version: number;
  /** Notices that were not delivered yet, oldest first. */
  readonly notices: Notice[];
  /** Payments that the provider has news of. */
  readonly news: Set<string>;
  /** Texts whose delivery is known to have failed. */
  readonly undelivered: Set<string>;
  /** Null unless somebody has been in the room. */
  presence: RoomPresence | null;
  /** Null while nobody is to be reminded. */
  reminding: Reminding | null;
  /** What the end of the session gives back, decided when it ends. */
  refundCents: number;
  refund: RefundState | 'unsettled';
  /** What has been paid back since it ended, in minor units. */
  givenBackCents: number;
  isCancelRequested: boolean;
  /** The session that this seat belongs to does not take place. */
  isCalledOff: boolean;
  turn: Promise<unknown>;
  readonly payments: Queue;
}

/** Work that waits for its turn. */
export interface Queue {
  turn: Promise<unknown>;
}

export const SYSTEM: Actor = { personId: null, party: 'system' };

export function openCourse(input: SessionInput): Course {
  return {
    sessionId: input.sessionId,
    enrolmentId: input.enrolmentId ?? null,
    group: input.group ?? null,
    plan: input.plan,
    dueCents: input.dueCents,
    bookedAt: input.bookedAt,
    state: input.state,
    version: input.version,
    notices: [...(input.notices ?? [])],
    news: new Set(input.news ?? []),
    undelivered: new Set(input.undelivered ?? []),
    presence: input.presence ?? null,
    reminding: input.reminding ?? null,
    refundCents: input.dueCents,
    refund: 'unsettled',
    givenBackCents: 0,
    isCancelRequested: false,
    isCalledOff: false,
    turn: Promise.resolve(),
    payments: { turn: Promise.resolve() },
  };
}

/** The input with which the course goes on in a new run. */
export function inputOf(course: Course): SessionInput {
  const { sessionId, plan, dueCents, bookedAt, state, version, reminding } = course;
  const { group, presence } = course;
  return {
    sessionId,
    plan,
    dueCents,
    bookedAt,
    state,
    version,
    notices: [...course.notices],
    news: [...course.news],
    reminding,
    undelivered: [...course.undelivered],
    ...(course.enrolmentId === null ? {} : { enrolmentId: course.enrolmentId }),
    ...(group === null ? {} : { group }),
    ...(presence === null ? {} : { presence }),
  };
}

/** Whose life this is: activities work on the one member's part where an enrolment is named. */
export interface Subject {
  readonly sessionId: string;
  readonly enrolmentId?: string;
}

export function subjectOf(course: Course): Subject {
  return course.enrolmentId === null ? { sessionId: course.sessionId } : seatOf(course);
}

/** A member's seat. Must not be asked of a session's own course. */
export function seatOf({ sessionId, enrolmentId }: Course): Required<Subject> {
  return { sessionId, enrolmentId: enrolmentId ?? '' };
}

export function standingOf(course: Course): StandingAnswer {
  return { status: course.state.status, payment: course.state.payment };
}

/** Before, whoever waited for a capture alone was asked to pay. */
const ASKED_WHERE_DUE = 'asked-where-due';

export function announce({ state, notices, version }: Course): void {
  const kind = announcementOf(state);
  if (kind !== null) notices.push({ kind, version });
  else if (state.status === 'awaiting_payment' && !patched(ASKED_WHERE_DUE)) {
    notices.push({ kind: 'approved', version });
  }
}

export type Applied =
  | { readonly kind: 'moved' }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly code: ErrorCode };

export interface Cause {
  readonly actor: Actor;
  /** The timeline's name of what happened; the event's own type by default. */
  readonly name?: string;
  readonly data?: TransitionInput['data'];
  readonly notice?: NoticeKind;
  readonly revisionId?: string;
  /** What an ending gives back of a captured payment; all of it by default. */
  readonly refundCents?: number;
}

/** Runs one event through the rules and the record, one at a time. */
export function apply(course: Course, event: SessionEvent, cause: Cause): Promise<Applied> {
  const named = { ...cause, name: cause.name ?? event.type };
  return exclusively(course, () => applyNow(course, [event], named));
}

/** Runs several events as one step: all of them happen, or none does. */
export function applyTogether(
  course: Course,
  events: readonly SessionEvent[],
  cause: Cause & { readonly name: string },
): Promise<Applied> {
  return exclusively(course, () => applyNow(course, events, cause));
}

async function applyNow(
  course: Course,
  events: readonly SessionEvent[],
  cause: Cause & { readonly name: string },
): Promise<Applied> {
  const decision = decideAll(course.state, events, Date.now());
  if (decision.kind !== 'moved') return decision;
  const { name } = cause;
  const hasPaid = events.some(isPayment);
  const claims = claimsChange(course.state, decision.state);
  let outcome = await record(course, decision.state, claims, name, cause);
  if (outcome === 'claims_lost' && hasPaid) {
    // The money was there in time, or the slot is still free: it is taken back.
    outcome = await record(course, decision.state, 'reclaim', name, cause);
  }
  if (outcome === 'recorded') return { kind: 'moved' };
  if (claims === 'accept_proposal') await loseProposal(course);
  else if (outcome === 'claims_lost' || hasPaid) await loseTime(course);
  return { kind: 'refused', code: 'slot_unavailable' };
}

/** The new time was over by the database's clock before it was accepted: the old one stands. */
async function loseProposal(course: Course): Promise<void> {
  const decision = decide(course.state, { type: 'proposal_lapsed' }, Date.now());
  if (decision.kind !== 'moved') return;
  const cause = { actor: SYSTEM, notice: 'reschedule_refused' } as const;
  await record(course, decision.state, 'drop_proposal', 'reschedule_lapsed', cause);
}

/** The claims were over by the database's clock before the event was recorded. */
async function loseTime(course: Course): Promise<void> {
  const missed = missedBy(course.state);
  const at = Number.MAX_SAFE_INTEGER;
  const lapsed = decide(course.state, { type: 'deadline_passed', deadline: missed }, at);
  if (lapsed.kind === 'moved') {
    const heard = missed === 'hold' ? {} : { notice: 'expired' as const };
    await record(course, lapsed.state, 'release', 'expired', { actor: SYSTEM, ...heard });
    return;
  }
  // A time that was taken by hand from a settled session: it can't be held, so it can't be kept.
  const gone = decide(course.state, { type: 'cancel', by: 'system' }, Date.now());
  if (gone.kind !== 'moved') return;
  await record(course, gone.state, 'release', 'cancelled', { actor: SYSTEM, notice: 'cancelled' });
}

function missedBy({ status }: SessionState): Deadline {
  if (status === 'held') return 'hold';
  return status === 'requested' ? 'answer' : 'payment';
}

async function record(
  course: Course,
  next: SessionState,
  claims: TransitionInput['claims'],
  event: string,
  cause: Cause,
): Promise<'recorded' | 'claims_lost' | 'slot_taken'> {
  const step: TransitionInput = {
    sessionId: course.sessionId,
    version: course.version + 1,
    state: next,
    claims,
    event,
    actorId: cause.actor.personId,
    data: { by: cause.actor.party, ...cause.data },
    ...(cause.revisionId === undefined ? {} : { revisionId: cause.revisionId }),
  };
  const outcome = await write(course, step);
  if (outcome !== 'recorded') return outcome;
  const isShown = course.state.status !== next.status || course.state.startsAt !== next.startsAt;
  course.state = next;
  course.version += 1;
  course.refundCents = cause.refundCents ?? course.refundCents;
  if (cause.notice !== undefined)
    course.notices.push({ kind: cause.notice, version: course.version });
  show(course, isShown);
  return outcome;
}

/** A seat of a session that is called off takes no step but its last. */
async function write(
  course: Course,
  step: TransitionInput,
): Promise<'recorded' | 'claims_lost' | 'slot_taken'> {
  if (course.enrolmentId === null) return (await recordTransition(step)).outcome;
  const { outcome } = await recordSeat({ ...step, ...seatOf(course) });
  if (outcome !== 'called_off') return outcome;
  course.isCalledOff = true;
  return 'slot_taken';
}

/** Keeps Temporal UI readable: what the session waits for, and no word about health. */
export function show(course: Course, isShown: boolean): void {
  setCurrentDetails(describe(course.state));
  if (!isShown) return;
  upsertSearchAttributes([
    { key: SESSION_STATE, value: course.state.status },
    { key: SESSION_STARTS_AT, value: new Date(course.state.startsAt) },
  ]);
}

function claimsChange(before: SessionState, after: SessionState): TransitionInput['claims'] {
  if (isEnded(after.status)) return 'release';
  if (before.proposal === null && after.proposal !== null) return 'propose';
  if (after.scheduleVersion !== before.scheduleVersion) {
    return before.proposal === null ? 'move' : 'accept_proposal';
  }
  return before.proposal !== null && after.proposal === null ? 'drop_proposal' : 'keep';
}

function isPayment(event: SessionEvent): boolean {
  return event.type === 'payment_authorised' || event.type === 'payment_captured';
}

/** Callers' messages and the course's own alarms take turns, so that no step is lost. */
export function exclusively<T>(queue: Queue, work: () => Promise<T>): Promise<T> {
  const result = queue.turn.then(work, work);
  queue.turn = result.catch(() => undefined);
  return result;
}
