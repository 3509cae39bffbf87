import {
  allHandlersFinished,
  condition,
  makeContinueAsNewFunc,
  patched,
  proxyActivities,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { CrisisActivities } from '../activities/crisis/contract.ts';
import { nextWakeMs } from '../domain/alert.ts';
import type { AlertState } from '../domain/alert-events.ts';
import { BACKGROUND } from './activity-options.ts';
import { begin, refreshContext } from './alert-parts/context.ts';
import { type Desk, advance, inputOf, isOver, openDesk } from './alert-parts/desk.ts';
import { perform } from './alert-parts/effects.ts';
import { installHandlers } from './alert-parts/handlers.ts';
import { lookForPerson, lookWhetherGone, watchContact } from './alert-parts/lost-contact.ts';
import { isSettled, keepRecord } from './alert-parts/record.ts';
import {
  type AlertInput,
  type AlertResult,
  CRISIS_ALERT_WORKFLOW,
} from './messages/crisis-alert.ts';

const { openFollowUp } = proxyActivities<CrisisActivities>(BACKGROUND);

/** So many events make a run long enough. */
const LONG_RUN_EVENTS = 1_500;
const IN_FLIGHT_WITHIN_MS = 20_000;
const RECORD_WITHIN_MS = 5_000;

/**
 * One person's crisis: people are paged, step by step and then for ever, until a human has taken
 * it; it is theirs while they show signs of contact, and open again when they don't.
 */
export async function crisisAlertWorkflow(input: AlertInput): Promise<AlertResult> {
  const desk = openDesk(input, perform);
  installHandlers(desk);
  watchContact(desk);
  if (desk.state === null) {
    await begin(desk, input);
    lookWhetherGone(desk);
  }
  const record = keepRecord(desk);
  if (desk.lost !== null) lookForPerson(desk);
  while (!isOver(desk)) {
    await untilDue(desk);
    if (isOver(desk)) break;
    await refreshContext(desk);
    advance(desk, { kind: 'tick' });
    if (isLong()) {
      await settleDown(desk);
      record.cancel();
      await goOnAsNew(inputOf(desk, input.first));
    }
  }
  await followUp(desk);
  await condition(() => isSettled(desk) && allHandlersFinished());
  record.cancel();
  return { status: desk.state?.kind ?? 'resolved', joinedTo: desk.joinedTo };
}

const goOnAsNew = makeContinueAsNewFunc<(input: AlertInput) => Promise<AlertResult>>({
  workflowType: CRISIS_ALERT_WORKFLOW,
});

/** Resolves when time alone brings something about, when the run is long, or the alert over. */
async function untilDue(desk: Desk): Promise<void> {
  for (;;) {
    const wakeMs = wakeOf(desk);
    const waitMs = wakeMs - Date.now();
    if (isOver(desk) || waitMs <= 0 || isTooLong()) return;
    const isSooner = (): boolean => isOver(desk) || wakeOf(desk) < wakeMs || isTooLong();
    await condition(isSooner, waitMs, { summary: WAITS_FOR[desk.state!.kind] });
  }
}

function wakeOf({ state }: Desk): number {
  return (state === null ? null : nextWakeMs(state)) ?? Infinity;
}

const WAITS_FOR: Readonly<Record<AlertState['kind'], string>> = {
  paging: 'next pages',
  held: 'without contact it is open again',
  in_contact: 'the holder is reminded',
  resolved: 'over',
};

function isLong(): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength > LONG_RUN_EVENTS;
}

/** Before, a run was long without end as long as signs of its holder put off whatever was due. */
function isTooLong(): boolean {
  return isLong() && patched('long-runs-end-early');
}

/** Lets pages and callers finish; what is not on record yet goes along. */
async function settleDown(desk: Desk): Promise<void> {
  await condition(() => desk.inFlight === 0, IN_FLIGHT_WITHIN_MS, { summary: 'pages under way' });
  await condition(allHandlersFinished);
  const isQuiet = (): boolean => isSettled(desk) && allHandlersFinished();
  await condition(isQuiet, RECORD_WITHIN_MS, { summary: 'the record answers' });
  // Whoever has come meanwhile is heard in this run.
  await condition(allHandlersFinished);
  await sendLatePages(desk);
}

/** What they have set going is sent: the next run takes it for sent. Before, it was lost. */
async function sendLatePages(desk: Desk): Promise<void> {
  let isOut = true;
  while (isOut && desk.inFlight > 0 && patched('late-pages-are-sent')) {
    isOut = await condition(() => desk.inFlight === 0, IN_FLIGHT_WITHIN_MS, {
      summary: 'pages under way',
    });
    await condition(allHandlersFinished);
  }
}

/** Some time after, somebody looks after the person. */
async function followUp(desk: Desk): Promise<void> {
  const { state } = desk;
  if (state?.kind !== 'resolved' || state.followUpAtMs === null) return;
  const waitMs = state.followUpAtMs - Date.now();
  if (waitMs > 0) await sleep(waitMs, { summary: 'follow-up' });
  await openFollowUp({ alertId: desk.alertId });
}
