import type { Client } from '@temporalio/client';
import { workflowId } from '../../domain/ids.ts';
import {
  CALENDAR_IMPORT_WORKFLOW,
  type CalendarImportInput,
  lookNowSignal,
} from '../../workflows/messages/calendar-import.ts';
import { startOnce } from '../start-once.ts';

/** How long a caller may wait for Temporal, ms. */
const START_TIMEOUT_MS = 5_000;

/** Gives an import the workflow that reads it. Starting it again changes nothing. */
export async function startCalendarImport(client: Client, feedId: string): Promise<void> {
  const input: CalendarImportInput = { feedId };
  await client.withDeadline(Date.now() + START_TIMEOUT_MS, () =>
    startOnce(client, CALENDAR_IMPORT_WORKFLOW, 'again', {
      workflowId: workflowId('calendar-import', feedId),
      args: [input],
    }),
  );
}

/** Tells the workflow of an import that its feed has changed. Throws where it can't be told. */
export async function tellCalendarImport(client: Client, feedId: string): Promise<void> {
  const handle = client.workflow.getHandle(workflowId('calendar-import', feedId));
  await client.withDeadline(Date.now() + START_TIMEOUT_MS, () => handle.signal(lookNowSignal));
}
