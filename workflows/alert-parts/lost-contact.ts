import { condition, patched, proxyActivities, setHandler } from '@temporalio/workflow';
import type { CrisisActivities } from '../../activities/crisis/contract.ts';
import { isFollowedUp, nextLostStep } from '../../domain/lost-contact.ts';
import type { LostStep } from '../../domain/lost-contact.ts';
import { RECORD, TELL } from '../activity-options.ts';
import type { LossCause } from '../messages/lost-contact.ts';
import { contactLostSignal } from '../messages/lost-contact.ts';
import { textField } from '../arguments.ts';
import { type Desk, advance, isOver, note } from './desk.ts';
import { inBackground } from './effects.ts';

const { tellOfLoss } = proxyActivities<CrisisActivities>(TELL);
const { isPersonBack, isPersonGone } = proxyActivities<CrisisActivities>({
  ...RECORD,
  retry: { ...RECORD.retry, maximumAttempts: 5 },
});

/** Hears that the person of the alert has dropped out. */
export function watchContact(desk: Desk): void {
  setHandler(contactLostSignal, async (argument: unknown) => {
    await condition(() => desk.state !== null);
    if (mayBeLost(desk)) lose(desk, causeOf(argument));
  });
}

/** Before, somebody who had left before they were known to be at high risk was not missed. */
const LOOKS_WHETHER_GONE = 'looks-whether-gone';

/**
 * Looks whether the person has left already, now that they are known to be at high risk. Where that
 * can't be told they are not: whoever has the alert would lose it for an outage.
 */
export function lookWhetherGone(desk: Desk): void {
  const { alertId, personId, isDrill, state } = desk;
  if (isDrill || state?.kind === 'in_contact' || !mayBeLost(desk)) return;
  if (!patched(LOOKS_WHETHER_GONE)) return;
  inBackground('isPersonGone', async () => {
    const isGone = await isPersonGone({ alertId, personId });
    if (isGone && mayBeLost(desk)) lose(desk, 'not_there');
  });
}

function mayBeLost(desk: Desk): boolean {
  const { lost, state } = desk;
  return lost === null && state !== null && !isOver(desk) && isFollowedUp(state.severity);
}

function lose(desk: Desk, because: LossCause): void {
  desk.lost = { sinceMs: Date.now(), taken: 0 };
  note(desk, 'person_lost', undefined, { because });
  lookForPerson(desk);
}

function causeOf(argument: unknown): LossCause {
  return textField(argument, 'because') === 'session_abandoned'
    ? 'session_abandoned'
    : 'sockets_gone';
}

/** Goes through the steps until the person is back, in contact, or the alert is over. */
export function lookForPerson(desk: Desk): void {
  void pursue(desk);
}

async function pursue(desk: Desk): Promise<void> {
  for (;;) {
    const { lost, state } = desk;
    if (lost === null || state === null || isOver(desk)) return;
    const next = nextLostStep(lost, state.severity);
    if (next === null) return end(desk);
    const summary = `lost contact: ${next.step.replaceAll('_', ' ')}`;
    const isFound = (): boolean => desk.lost === null || isOver(desk) || isInContact(desk);
    const waitMs = Math.max(1, next.dueAtMs - Date.now());
    if (await condition(isFound, waitMs, { summary })) return end(desk);
    if (await isBack(desk)) return comeBack(desk);
    if (isFound()) return end(desk);
    desk.lost = { ...lost, taken: lost.taken + 1 };
    take(desk, next.step);
  }
}

/** Somebody has been in contact with the person since they dropped out. */
function isInContact({ state, lost }: Desk): boolean {
  return state?.kind === 'in_contact' && lost !== null && state.contactAtMs > lost.sinceMs;
}

/** Where nobody can tell, they are taken to be gone. */
async function isBack({ alertId, personId }: Desk): Promise<boolean> {
  try {
    return await isPersonBack({ alertId, personId });
  } catch {
    return false;
  }
}

function comeBack(desk: Desk): void {
  if (desk.lost === null) return;
  end(desk);
  note(desk, 'person_back');
}

function end(desk: Desk): void {
  desk.lost = null;
}

function take(desk: Desk, step: LostStep): void {
  const { alertId, clinicId, personId, number, state } = desk;
  const holderId = state !== null && 'holderId' in state ? state.holderId : null;
  note(desk, 'person_lost_step', undefined, { step, holderId });
  const news = { alertId, clinicId, personId, number, holderId, step };
  inBackground('tellOfLoss', () => tellOfLoss(news));
  if (step === 'on_call') advance(desk, { kind: 'contact_lost' });
}
