import type { Knex } from 'knex';
import { type AppointmentFacts, findMover } from '../../db/appointments.ts';
import type { OutboxRow } from '../../db/outbox.ts';
import type { AppointmentEventType, AppointmentStep } from '../../domain/appointment-events.ts';
import { isEnded } from '../../domain/session.ts';
import { type SessionChanged, asChange, asMove, asSeatChange, asTakenUp } from './payloads.ts';

/** What kind of event a row may be for an appointment's followers; null for none. */
export function appointmentTypeOf(row: OutboxRow): AppointmentEventType | null {
  if (asTakenUp(row) !== null) return 'AppointmentBooked';
  const move = asMove(row);
  if (move !== null) {
    return move.oldStartsAt === move.newStartsAt ? null : 'AppointmentRescheduled';
  }
  const change = asChange(row) ?? asSeatChange(row);
  if (change === null) return null;
  if (beginsOne(change)) return 'AppointmentBooked';
  if (!isEnded(change.status)) return null;
  return hasTakenPlace(change) ? 'AppointmentCompleted' : 'AppointmentCancelled';
}

/** Joining a group's session is an appointment of the member's own. */
function beginsOne({ event, status }: SessionChanged): boolean {
  return event === 'joined' || (event === 'booked' && status !== 'held');
}

function hasTakenPlace({ status }: SessionChanged): boolean {
  return status === 'completed' || status === 'no_show';
}

/** The step for one client; null when nobody has heard of the appointment, a mere hold, at all. */
export async function appointmentStep(
  knex: Knex,
  row: OutboxRow,
  facts: AppointmentFacts,
  isAbsent: boolean,
): Promise<AppointmentStep | null> {
  const booked = asTakenUp(row);
  const move = asMove(row);
  const change = asChange(row) ?? asSeatChange(row);
  if (move !== null) {
    const { oldStartsAt, newStartsAt } = move;
    const actorId = await findMover(knex, facts.id, newStartsAt);
    return { type: 'AppointmentRescheduled', oldStartsAt, newStartsAt, actorId };
  }
  if (booked !== null) return bookedStep(booked, facts);
  if (change === null) return null;
  if (change.event === 'booked' || change.event === 'joined') return bookedStep(change, facts);
  if (facts.bookedAs === 'held' && facts.isUntouched) return null;
  return endedStep(change, row.createdAt.getTime(), isAbsent);
}

function bookedStep(
  { startsAt, endsAt }: Pick<SessionChanged, 'startsAt' | 'endsAt'>,
  { isFirstOfPair }: AppointmentFacts,
): AppointmentStep {
  return {
    type: 'AppointmentBooked',
    startsAt,
    endsAt,
    isInitialConsultation: isFirstOfPair,
  };
}

function endedStep(change: SessionChanged, at: number, isAbsent: boolean): AppointmentStep {
  const { startsAt, endsAt, actorId, status } = change;
  if (!hasTakenPlace(change)) {
    return { type: 'AppointmentCancelled', startsAt, cancelledAt: at, actorId };
  }
  const isMissed = status === 'no_show' || isAbsent;
  const attendance = isMissed ? 'NO_SHOW' : 'ATTENDED';
  return { type: 'AppointmentCompleted', startsAt, endsAt, completedAt: at, attendance };
}
