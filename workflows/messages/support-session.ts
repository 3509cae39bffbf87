import { defineSignal } from '@temporalio/workflow';

/** The workflow type; clients start it by this name, so that they load no workflow code. */
export const SUPPORT_SESSION_WORKFLOW = 'supportSessionWorkflow';

/** One live support session, from its request to its end. */
export interface SupportSessionInput {
  readonly sessionId: string;
}

export interface SupportSessionResult {
  readonly status: 'closed' | 'cancelled' | 'gone';
}

/** The record has changed. Sent by hand in Temporal UI, it makes the workflow look at once. */
export const changedSignal = defineSignal('changed');
