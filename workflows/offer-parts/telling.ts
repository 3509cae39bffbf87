import { ActivityFailure } from '@temporalio/common';
import { log, proxyActivities } from '@temporalio/workflow';
import type { OfferActivities, TellInput } from '../../activities/offers/contract.ts';
import { BACKGROUND } from '../activity-options.ts';

/** Long enough to find out what became of an attempt that died. */
const SHORTEST_TRIAL_MS = 60_000;

/** Tells the client, as long as it is of use: nothing waits for a mail server that is down. */
export async function tell(input: TellInput, usefulUntil: number): Promise<void> {
  const scheduleToCloseTimeout = Math.max(usefulUntil - Date.now(), SHORTEST_TRIAL_MS);
  const { tellOffer } = proxyActivities<OfferActivities>({ ...BACKGROUND, scheduleToCloseTimeout });
  try {
    await tellOffer(input);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    log.warn('nobody could be told of an offer', { offerId: input.offerId });
  }
}
