import { defineSignal } from '@temporalio/workflow';

/** The workflow type; clients start it by this name, so that they load no workflow code. */
export const CALENDAR_IMPORT_WORKFLOW = 'calendarImportWorkflow';

export interface CalendarImportInput {
  /** The feed, persisted before the workflow starts. */
  readonly feedId: string;
}

/** The feed has changed, or somebody will not wait: look at it now. */
export const lookNowSignal = defineSignal<[unknown?]>('look-now');
