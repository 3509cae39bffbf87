import { condition, log, patched, proxyActivities } from '@temporalio/workflow';
import type { AuthoriseOutcome, MoneyActivities } from '../../activities/money/contract.ts';
import { PROVIDER } from '../activity-options.ts';
import { type Course, SYSTEM, apply, subjectOf } from './course.ts';
import { lapse } from './money.ts';

const money = proxyActivities<MoneyActivities>(PROVIDER);

/** How long a confirmed session stays confirmed while the bank has not decided, at most to its start. */
const BANK_PATIENCE_MS = 60 * 60_000;
/** News of the decision usually comes by itself; without any, it is asked for. */
const ASK_AGAIN_MS = 15 * 60_000;
/** Before, a bank that had not decided had refused. */
const BANKS_MAY_DECIDE = 'banks-may-decide';

/** A card that was saved at booking is charged near the date, without its holder. */
export async function chargeSavedCard(course: Course): Promise<void> {
  const outcome = await charge(course);
  if (outcome === null) return;
  if (outcome.kind === 'authorised') {
    const captured = await money.capturePayment(subjectOf(course));
    if (captured.kind === 'captured') {
      await apply(course, { type: 'payment_captured' }, { actor: SYSTEM });
      return;
    }
  }
  log.info('saved card could not be charged', { outcome: outcome.kind });
  await lapse(course);
}

/** Null where something else came first: the session looks anew at what it has to do. */
async function charge(course: Course): Promise<AuthoriseOutcome | null> {
  let outcome = await money.chargeSavedCard(subjectOf(course));
  if (outcome.kind !== 'processing' || !patched(BANKS_MAY_DECIDE)) return outcome;
  const seen = course.version;
  const isInterrupted = (): boolean =>
    course.version !== seen || course.isCancelRequested || course.isCalledOff;
  // Not beyond the instant from which the host may begin: a session under way is charged no more.
  const opensAt = course.state.startsAt - (course.plan.room?.opensBeforeStartMs ?? 0);
  const giveUpAt = Math.min(Date.now() + BANK_PATIENCE_MS, opensAt);
  const news = new Set<string>();
  while (outcome.kind === 'processing' && Date.now() < giveUpAt) {
    await condition(
      () => course.news.size > 0 || isInterrupted(),
      Math.min(ASK_AGAIN_MS, giveUpAt - Date.now()),
      { summary: 'the bank decides on the saved card' },
    );
    if (isInterrupted()) break;
    for (const paymentId of course.news) news.add(paymentId);
    course.news.clear();
    outcome = await money.chargeSavedCard(subjectOf(course));
  }
  // It may be of another attempt: whatever it says is read once this one is through.
  for (const paymentId of news) course.news.add(paymentId);
  return isInterrupted() && outcome.kind === 'processing' ? null : outcome;
}
