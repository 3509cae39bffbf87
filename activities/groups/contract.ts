import type { BeginOutcome, TransitionInput, TransitionOutcome } from '../session/contract.ts';

/** A member's part in a group session. */
export interface SeatRef {
  readonly sessionId: string;
  readonly enrolmentId: string;
}

export type SeatInput = TransitionInput & SeatRef;

/** What the workflows of groups and their members ask of the world outside. Each may run twice. */
export interface SeatActivities {
  beginSeat(input: SeatRef): Promise<BeginOutcome>;
  /** `called_off`: the session does not take place, so the seat takes no step but its last. */
  recordSeat(input: SeatInput): Promise<{ outcome: TransitionOutcome | 'called_off' }>;
  isCalledOff(input: SeatRef): Promise<{ isOff: boolean }>;
  countMembers(input: { sessionId: string }): Promise<{ confirmed: number }>;
  /** Tells every member's workflow that the session does not take place, starting those that lack one. */
  callOffSeats(input: { sessionId: string }): Promise<void>;
}
