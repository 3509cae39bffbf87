import {
  allHandlersFinished,
  condition,
  makeContinueAsNewFunc,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { NextOffer, OfferActivities } from '../activities/offers/contract.ts';
import { BACKGROUND, LOCAL } from './activity-options.ts';
import { OFFER_WORKFLOW, type OfferInput, type OfferResult } from './messages/offers.ts';
import {
  type Desk,
  type OpenOffer,
  installDesk,
  openDesk,
  untilAnswered,
  utc,
} from './offer-parts/answers.ts';
import { tell } from './offer-parts/telling.ts';
import { exclusively } from './session-parts/course.ts';

const { acceptOffer, endOffer } = proxyLocalActivities<OfferActivities>(LOCAL);
const { offerNext, startBooked } = proxyActivities<OfferActivities>(BACKGROUND);

/**
 * A time that has become free goes to the clients who wait for it, one after another: each has it
 * for themselves until they answer or their time is up, and the first who accepts has booked it.
 */
export async function offerWorkflow(input: OfferInput): Promise<OfferResult> {
  const desk = openDesk();
  installDesk(desk, ({ offerId }, { answer }) => decide(offerId, answer));
  for (;;) {
    const next = await offerNext(input);
    if (next.kind === 'over') return finish(next.state);
    if ((await seeThrough(desk, next)) === 'accepted') {
      await startBooked({ sessionId: next.sessionId });
      return finish('filled');
    }
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await goOnAsNew(input);
    }
  }
}

const goOnAsNew = makeContinueAsNewFunc<(input: OfferInput) => Promise<OfferResult>>({
  workflowType: OFFER_WORKFLOW,
});

async function decide(offerId: string, answer: 'accept' | 'decline') {
  if (answer === 'accept') return acceptOffer({ offerId });
  const { state } = await endOffer({ offerId, state: 'declined' });
  return { kind: 'ended', state } as const;
}

/** One client's turn, from the news to its end. */
async function seeThrough(desk: Desk, next: Extract<NextOffer, { kind: 'offered' }>) {
  const { offerId, dueAt, startsAt } = next;
  const offer: OpenOffer = { offerId, dueAt, startsAt, end: null, isWithdrawn: false };
  desk.offer = offer;
  show(offer);
  const telling = tell({ offerId, notice: 'offered' }, dueAt);
  await untilAnswered(offer, 'the offer lapses');
  await exclusively(desk, async () => {
    if (offer.end !== null) return;
    const state = offer.isWithdrawn ? 'withdrawn' : 'lapsed';
    offer.end = (await endOffer({ offerId, state })).state;
  });
  await telling;
  return offer.end;
}

function show({ startsAt, dueAt }: OpenOffer): void {
  setCurrentDetails(
    [
      '**offered**: waits for an answer; the signal `withdraw` takes the offer back',
      '',
      `- time: ${utc(startsAt)}`,
      `- answer due: ${utc(dueAt)}`,
    ].join('\n'),
  );
}

async function finish(kind: OfferResult['kind']): Promise<OfferResult> {
  setCurrentDetails(`**${kind}**: over`);
  await condition(allHandlersFinished);
  return { kind };
}
