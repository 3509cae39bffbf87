import { defineSignal } from '@temporalio/workflow';

/** The workflow type of a member's life in a group session; it starts from a session's input. */
export const ENROLMENT_WORKFLOW = 'enrolmentWorkflow';

/** The session does not take place. Whether that is so is read from its row, never believed. */
export const calledOffSignal = defineSignal<[unknown?]>('called-off');
