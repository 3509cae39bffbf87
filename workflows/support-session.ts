import {
  condition,
  makeContinueAsNewFunc,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { SupportActivities, SupportLook } from '../activities/support/contract.ts';
import type { SupportStep } from '../domain/support-timers.ts';
import { BACKGROUND } from './activity-options.ts';
import {
  SUPPORT_SESSION_WORKFLOW,
  type SupportSessionInput,
  type SupportSessionResult,
  changedSignal,
} from './messages/support-session.ts';

const { lookAfterSupport } = proxyActivities<SupportActivities>(BACKGROUND);

/** However the clocks differ, the record is not asked more often than this, ms. */
const SHORTEST_WAIT_MS = 1_000;

/**
 * A live support session: whoever waits is not forgotten, whoever falls silent is asked, whoever is
 * left by their helper waits again. The record decides what is due; this keeps the time.
 */
export async function supportSessionWorkflow(
  input: SupportSessionInput,
): Promise<SupportSessionResult> {
  let isStirred = false;
  setHandler(changedSignal, () => {
    isStirred = true;
  });
  for (;;) {
    isStirred = false;
    const look = await lookAfterSupport({ sessionId: input.sessionId, nowMs: Date.now() });
    if (look.kind === 'over') return finish(look.status);
    show(look);
    await untilDue(look, () => isStirred);
    if (workflowInfo().continueAsNewSuggested) await goOnAsNew(input);
  }
}

const goOnAsNew = makeContinueAsNewFunc<
  (input: SupportSessionInput) => Promise<SupportSessionResult>
>({ workflowType: SUPPORT_SESSION_WORKFLOW });

type OpenLook = Extract<SupportLook, { kind: 'open' }>;

async function untilDue({ atMs, step }: OpenLook, isStirred: () => boolean): Promise<void> {
  if (atMs === null) {
    await condition(isStirred);
    return;
  }
  const waitMs = Math.max(SHORTEST_WAIT_MS, Math.ceil(atMs - Date.now()));
  const summary = step === null ? 'the record is looked at again' : TIMER_NAMES[step];
  await condition(isStirred, waitMs, { summary });
}

const TIMER_NAMES: Readonly<Record<SupportStep, string>> = {
  widen: 'nobody has accepted',
  ask_idle: 'silent for long',
  close_idle: 'silent after being asked',
  cancel_gone: 'the patient has gone',
  return_to_queue: 'the helper has gone',
};

function show({ status, atMs, step }: OpenLook): void {
  const next =
    atMs === null || step === null
      ? '- nothing is due until it changes'
      : `- next: ${TIMER_NAMES[step]}, ${new Date(atMs).toISOString()}`;
  setCurrentDetails([`**${status}**`, '', next].join('\n'));
}

function finish(status: SupportSessionResult['status']): SupportSessionResult {
  setCurrentDetails(`**${status}**: over`);
  return { status };
}
