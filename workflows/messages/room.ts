import { defineSignal } from '@temporalio/workflow';

/** The workflow type; clients start it by this name, so that they load no workflow code. */
export const ROOM_WORKFLOW = 'roomWorkflow';

/** The room of one session, from when it may open until it must be closed. */
export interface RoomInput {
  readonly sessionId: string;
}

export interface RoomResult {
  /** `closed` at its time, or `over` because the session is. */
  readonly kind: 'closed' | 'over';
}

/** The session has changed. Sent by hand in Temporal UI, it makes the workflow look at once. */
export const roomChangedSignal = defineSignal('changed');
