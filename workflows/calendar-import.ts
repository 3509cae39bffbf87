import {
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { CalendarActivities, CalendarReading } from '../activities/calendars/contract.ts';
import type { CalendarImportInput } from './messages/calendar-import.ts';
import { lookNowSignal } from './messages/calendar-import.ts';

const { readCalendar } = proxyActivities<CalendarActivities>({
  startToCloseTimeout: '2 minutes',
  retry: { initialInterval: '5 seconds', backoffCoefficient: 2, maximumInterval: '5 minutes' },
});

/** Readings of one run; the next one begins with an empty history. */
const READINGS = 20;

/** Reads one outside calendar again and again until its feed is revoked. */
export async function calendarImportWorkflow(input: CalendarImportInput): Promise<void> {
  let isWanted = false;
  setHandler(lookNowSignal, () => {
    isWanted = true;
  });
  for (let readings = 0; readings < READINGS; readings += 1) {
    isWanted = false;
    const reading = await readCalendar(input);
    setCurrentDetails(describe(reading));
    if (reading.kind === 'gone') return;
    await condition(() => isWanted, reading.nextInMs, {
      summary: 'until the calendar is read again',
    });
  }
  await continueAsNew<typeof calendarImportWorkflow>(input);
}

function describe(reading: CalendarReading): string {
  switch (reading.kind) {
    case 'gone':
      return 'The calendar has been revoked.';
    case 'failed':
      return 'The calendar could not be read; its feed says why. It is tried again.';
    case 'read':
    case 'unchanged':
      return 'The calendar was read, and is read again in time. `look-now` reads it at once.';
  }
}
