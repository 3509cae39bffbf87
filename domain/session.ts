import { assertNever } from './assert-never.ts';
import { insideAuthorisation } from './plan.ts';
import { ENDED_STATUSES } from './session-state.ts';
import type {
  Attendance,
  Deadline,
  Decision,
  Party,
  Proposal,
  SessionCore,
  SessionEvent,
  SessionState,
  SessionStatus,
} from './session-state.ts';

export { ENDED_STATUSES, SESSION_STATUSES } from './session-state.ts';
export type * from './session-state.ts';

/**
 * The life of a session as one pure transition function. The workflow runs it, the
 * tests walk it, and no other place decides what a session may become.
 * All instants are epoch milliseconds.
 */
const UNCHANGED: Decision = { kind: 'unchanged' };
const WRONG_STATE: Decision = { kind: 'refused', code: 'wrong_state' };

export function isEnded(status: SessionStatus): boolean {
  return (ENDED_STATUSES as readonly SessionStatus[]).includes(status);
}

/** Decides what an event does to a session at `now`; never throws, never reads a clock. */
export function decide(state: SessionState, event: SessionEvent, now: number): Decision {
  switch (event.type) {
    case 'submit':
      return state.status === 'held' || state.status === 'planned' ? advance(state) : UNCHANGED;
    case 'open':
      return open(state, event, now);
    case 'approve':
      return approve(state, now);
    case 'decline':
      return decline(state);
    case 'card_saved':
    case 'payment_authorised':
    case 'payment_captured':
      return receivePayment(state, event, now);
    case 'payment_lapsed':
      return lapse(state, event.paymentDueAt);
    case 'deadline_passed':
      return expire(state, event.deadline, now);
    case 'reschedule':
      return reschedule(state, event, now);
    case 'proposal_lapsed':
      return state.proposal === null ? UNCHANGED : moved({ ...state, proposal: null });
    case 'reassign':
      return reassign(state, now);
    case 'relocate':
      return relocate(state, event, now);
    case 'cancel':
      return cancel(state, event.by, now);
    case 'call_off':
      return isEnded(state.status)
        ? UNCHANGED
        : moved({ ...withoutDeadlines(state), status: 'cancelled', by: 'system' });
    case 'start':
      return state.status === 'confirmed'
        ? moved({ ...state, status: 'in_progress' })
        : WRONG_STATE;
    case 'mark_attendance':
      return markAttendance(state, event.attendance, now);
    case 'therapist_missed':
      return state.status === 'in_progress'
        ? moved({ ...withoutDeadlines(state), status: 'cancelled', by: 'therapist' })
        : WRONG_STATE;
    case 'end':
      return complete(state, 'unmarked');
    default:
      return assertNever(event);
  }
}

/** Several events as one: all of them happen, or none does. */
export function decideAll(
  state: SessionState,
  events: readonly SessionEvent[],
  now: number,
): Decision {
  let current = state;
  for (const event of events) {
    const decision = decide(current, event, now);
    if (decision.kind === 'refused') return decision;
    if (decision.kind === 'moved') current = decision.state;
  }
  return current === state ? UNCHANGED : moved(current);
}

function moved(state: SessionState): Decision {
  return { kind: 'moved', state };
}

/** Where a session stands once nothing more is being held: the first thing it still waits for. */
function advance(state: SessionState): Decision {
  if (isEnded(state.status)) return UNCHANGED;
  const common = { ...state, holdDueAt: null };
  if (state.approval === 'awaited') return moved({ ...common, status: 'requested' });
  if (state.payment === 'due' || state.payment === 'authorised') {
    return moved({ ...common, status: 'awaiting_payment', answerDueAt: null });
  }
  return moved({ ...common, status: 'confirmed', answerDueAt: null, paymentDueAt: null });
}

/** An occurrence of a series that has been approved begins its own life. */
function open(
  state: SessionState,
  { payment, paymentDueAt }: Extract<SessionEvent, { type: 'open' }>,
  now: number,
): Decision {
  if (state.status !== 'planned') return UNCHANGED;
  if (state.approval === 'awaited') return WRONG_STATE;
  if (now >= state.startsAt) return { kind: 'refused', code: 'time_in_past' };
  return advance({ ...state, payment, paymentDueAt });
}

function approve(state: SessionState, now: number): Decision {
  if (state.proposal !== null && isBooked(state)) return acceptProposal(state, state.proposal, now);
  if (state.approval === 'given') return UNCHANGED;
  if (!awaitsAnswer(state)) return WRONG_STATE;
  if (now >= state.startsAt) return { kind: 'refused', code: 'time_in_past' };
  if (state.status === 'planned') {
    return moved({ ...state, approval: 'given', answerDueAt: null });
  }
  return advance({ ...state, approval: 'given' });
}

function acceptProposal(state: SessionState, proposal: Proposal, now: number): Decision {
  if (now >= proposal.startsAt) return { kind: 'refused', code: 'time_in_past' };
  return moved(atNewTime(state, proposal));
}

/** A time that the client wished for, unless others moved the session to it: then that is kept. */
function atNewTime(
  state: SessionState,
  proposal: Proposal,
  movedByOthersAt?: number,
): SessionState {
  return {
    ...state,
    startsAt: proposal.startsAt,
    endsAt: proposal.endsAt,
    movedByOthersAt,
    proposal: null,
    scheduleVersion: state.scheduleVersion + 1,
    answerDueAt: notAfter(state.answerDueAt, proposal.startsAt),
    paymentDueAt: notAfter(state.paymentDueAt, proposal.startsAt),
  };
}

function notAfter(dueAt: number | null, latest: number): number | null {
  return dueAt === null ? null : Math.min(dueAt, latest);
}

function decline(state: SessionState): Decision {
  if (state.proposal !== null && isBooked(state)) return moved({ ...state, proposal: null });
  if (!awaitsAnswer(state)) return WRONG_STATE;
  return moved({ ...withoutDeadlines(state), status: 'declined' });
}

/** A request, or an occurrence of a series that has been asked for as a whole. */
function awaitsAnswer({ status, approval }: SessionState): boolean {
  return status === 'requested' || (status === 'planned' && approval === 'awaited');
}

/** Waiting for money or confirmed: a new time is proposed, never the booking itself. */
function isBooked(state: SessionState): boolean {
  return state.status === 'awaiting_payment' || state.status === 'confirmed';
}

type PaymentEvent = Extract<
  SessionEvent,
  { type: 'card_saved' | 'payment_authorised' | 'payment_captured' }
>;

function receivePayment(state: SessionState, event: PaymentEvent, now: number): Decision {
  if (isEnded(state.status)) return WRONG_STATE;
  if (state.payment === 'captured' || state.payment === 'not_due') return UNCHANGED;
  switch (event.type) {
    case 'card_saved':
      // Old news of a card must not undo what has been charged since.
      if (state.payment !== 'due') return UNCHANGED;
      return settle({ ...state, payment: 'saved', paymentDueAt: null });
    case 'payment_authorised':
      if (state.payment === 'authorised') return UNCHANGED;
      return settle({
        ...state,
        payment: 'authorised',
        answerDueAt: insideAuthorisation(state.answerDueAt, event.captureBeforeAt, now),
      });
    case 'payment_captured':
      return settle({ ...state, payment: 'captured', paymentDueAt: null });
    default:
      return assertNever(event);
  }
}

/**
 * Payment may come before the approval or after it: either way, see what is still awaited. A
 * confirmed session whose saved card was authorised waits again, for the capture.
 */
function settle(state: SessionState): Decision {
  const waits = state.status === 'requested' || isBooked(state);
  return waits ? advance(state) : moved(state);
}

/** An authorisation has lapsed, or a saved card was refused: the session waits for money again. */
function lapse(state: SessionState, paymentDueAt: number): Decision {
  if (state.payment !== 'authorised' && state.payment !== 'saved') return UNCHANGED;
  const due: SessionState = { ...state, payment: 'due', paymentDueAt };
  if (state.status === 'confirmed') return moved({ ...due, status: 'awaiting_payment' });
  return state.status === 'requested' || state.status === 'awaiting_payment'
    ? moved(due)
    : WRONG_STATE;
}

function expire(state: SessionState, deadline: Deadline, now: number): Decision {
  if (!isRunning(state, deadline, now)) return UNCHANGED;
  return moved({ ...withoutDeadlines(state), status: 'expired', missed: deadline });
}

function isRunning(state: SessionState, deadline: Deadline, now: number): boolean {
  switch (deadline) {
    case 'hold':
      return state.status === 'held' && isPast(state.holdDueAt, now);
    case 'answer':
      return awaitsAnswer(state) && isPast(state.answerDueAt, now);
    case 'payment':
      return isUnpaid(state) && isPast(state.paymentDueAt, now);
    default:
      return assertNever(deadline);
  }
}

function isUnpaid(state: SessionState): boolean {
  const waits = state.status === 'requested' || state.status === 'awaiting_payment';
  return waits && state.payment === 'due';
}

function isPast(dueAt: number | null, now: number): boolean {
  return dueAt !== null && dueAt <= now;
}

function reschedule(
  state: SessionState,
  { proposal, needsApproval, by }: Extract<SessionEvent, { type: 'reschedule' }>,
  now: number,
): Decision {
  const isUnbooked = state.status === 'requested' || state.status === 'planned';
  if (!isUnbooked && !isBooked(state)) return WRONG_STATE;
  // A caller who did not hear the answer asks again: that moves nothing a second time.
  const wished = needsApproval ? (state.proposal ?? state) : state;
  if (isSameTime(wished, proposal)) return UNCHANGED;
  if (state.proposal !== null) return WRONG_STATE;
  const movedByOthersAt = by === 'client' ? undefined : now;
  if (isUnbooked) return moved(atNewTime(state, proposal, movedByOthersAt));
  if (now >= state.startsAt) return { kind: 'refused', code: 'reschedule_deadline_passed' };
  return moved(
    needsApproval ? { ...state, proposal } : atNewTime(state, proposal, movedByOthersAt),
  );
}

/** A new time that waits for an answer waits for the therapist who was asked. */
function reassign(state: SessionState, now: number): Decision {
  const isOpen = state.status === 'requested' || isBooked(state);
  if (!isOpen || state.proposal !== null || now >= state.startsAt) return WRONG_STATE;
  return moved({ ...state, scheduleVersion: state.scheduleVersion + 1 });
}

/**
 * The booking lives on at another time: what was paid stays with it. A therapist who has yet to
 * approve is asked as for a request; a refusal ends the session and gives everything back.
 */
function relocate(
  state: SessionState,
  event: Extract<SessionEvent, { type: 'relocate' }>,
  now: number,
): Decision {
  const isOpen = state.status === 'requested' || state.status === 'planned' || isBooked(state);
  if (!isOpen || state.proposal !== null) return WRONG_STATE;
  if (now >= event.startsAt) return { kind: 'refused', code: 'time_in_past' };
  const next = atNewTime(state, event);
  if (!event.needsApproval) return moved(next);
  const status = next.status === 'planned' ? 'planned' : 'requested';
  const { answerDueAt } = event;
  return moved({ ...next, status, approval: 'awaited', answerDueAt } as SessionState);
}

type Time = Pick<Proposal, 'startsAt' | 'endsAt'>;

function isSameTime(one: Time, other: Time): boolean {
  return one.startsAt === other.startsAt && one.endsAt === other.endsAt;
}

function cancel(state: SessionState, by: Party, now: number): Decision {
  if (isEnded(state.status)) return WRONG_STATE;
  const hasStarted = state.status === 'in_progress' || now >= state.startsAt;
  if (hasStarted && by === 'client')
    return { kind: 'refused', code: 'cancellation_deadline_passed' };
  if (state.status === 'in_progress') return WRONG_STATE;
  return moved({ ...withoutDeadlines(state), status: 'cancelled', by });
}

function markAttendance(
  state: SessionState,
  attendance: 'attended' | 'absent',
  now: number,
): Decision {
  if (state.status !== 'in_progress' || now < state.startsAt) return WRONG_STATE;
  return complete(state, attendance);
}

function complete(state: SessionState, attendance: Attendance): Decision {
  if (state.status !== 'in_progress') return WRONG_STATE;
  const status = attendance === 'absent' ? 'no_show' : 'completed';
  return moved({ ...withoutDeadlines(state), status, attendance });
}

function withoutDeadlines(state: SessionState): SessionCore {
  const { startsAt, endsAt, approval, payment, scheduleVersion, movedByOthersAt } = state;
  return {
    startsAt,
    endsAt,
    approval,
    payment,
    scheduleVersion,
    movedByOthersAt,
    answerDueAt: null,
    paymentDueAt: null,
    holdDueAt: null,
    proposal: null,
  };
}

/** The next deadline that would end or change the session, or null when none is running. */
export function nextDeadline(state: SessionState): { deadline: Deadline; dueAt: number } | null {
  const running: { deadline: Deadline; dueAt: number | null }[] = [
    { deadline: 'hold', dueAt: state.status === 'held' ? state.holdDueAt : null },
    { deadline: 'answer', dueAt: awaitsAnswer(state) ? state.answerDueAt : null },
    { deadline: 'payment', dueAt: isUnpaid(state) ? state.paymentDueAt : null },
  ];
  return running.reduce<{ deadline: Deadline; dueAt: number } | null>(
    (first, { deadline, dueAt }) => {
      if (dueAt === null || (first !== null && first.dueAt <= dueAt)) return first;
      return { deadline, dueAt };
    },
    null,
  );
}
