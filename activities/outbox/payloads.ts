import type { OutboxRow } from '../../db/outbox.ts';
import type { SessionStatus } from '../../domain/session.ts';

/** One step of a session, as its transaction wrote it. Instants are epoch ms, after the step. */
export interface SessionChanged {
  readonly sessionId: string;
  readonly status: SessionStatus;
  readonly event: string;
  readonly version: number;
  readonly actorId: string | null;
  readonly startsAt: number;
  readonly endsAt: number;
}

/** One step of a member's part in a group's session. */
export interface SeatChanged extends SessionChanged {
  readonly enrolmentId: string;
}

/** A session got another time, or another therapist. */
export interface SessionMoved {
  readonly sessionId: string;
  readonly version: number;
  readonly oldTherapistId: string;
  readonly newTherapistId: string;
  readonly oldStartsAt: number;
  readonly oldEndsAt: number;
  readonly newStartsAt: number;
  readonly newEndsAt: number;
}

/** A hold has become an appointment. */
export type HoldTakenUp = Pick<
  SessionChanged,
  'sessionId' | 'status' | 'version' | 'startsAt' | 'endsAt'
>;

export function asChange(row: OutboxRow): SessionChanged | null {
  return ofTopic<SessionChanged>(row, 'session.changed');
}

export function asSeatChange(row: OutboxRow): SeatChanged | null {
  return ofTopic<SeatChanged>(row, 'enrolment.changed');
}

export function asMove(row: OutboxRow): SessionMoved | null {
  return ofTopic<SessionMoved>(row, 'session.moved');
}

export function asTakenUp(row: OutboxRow): HoldTakenUp | null {
  return ofTopic<HoldTakenUp>(row, 'session.taken_up');
}

/** Rows of before these fields were written are told apart by the version that they lack. */
function ofTopic<Payload>({ topic, payload }: OutboxRow, wanted: string): Payload | null {
  if (topic !== wanted || typeof payload['version'] !== 'number') return null;
  return payload as unknown as Payload;
}
