import type { Knex } from 'knex';
import { expireRecordings } from '../activities/recordings/expiring.ts';
import { expireTranscripts } from '../activities/transcripts/expiring.ts';
import type { MediaSettings } from '../config/types.ts';
import { forgetPastShares } from '../db/companion-spending.ts';
import { forgetOldKeys } from '../db/idempotency.ts';
import { forgetOldEvents } from '../db/provider-events.ts';
import { forgetOldTokens } from '../db/tokens.ts';
import { forgetDeliveries } from '../db/webhooks.ts';
import type { ApiDeps } from './context.ts';
import { safely } from './http/error-handler.ts';
import { finishErasures } from './own/erase-person.ts';
import { sweepAttachments } from './support/messages/attachments.ts';

const EVERY_MS = 3_600_000;
const KEYS_LIVE_MS = 3 * 86_400_000;
/** No provider delivers an event again after a month, not even by hand. */
const EVENTS_LIVE_MS = 40 * 86_400_000;
/** So long a webhook's delivery can be replayed. */
const DELIVERIES_LIVE_MS = 30 * 86_400_000;

/** Once an hour, forgets idempotency keys, tokens, counters, files and events that serve nothing any more. */
export function startHousekeeping(
  deps: Pick<ApiDeps, 'knex' | 'attachments' | 'log'>,
  { transcriptLivesMs }: Pick<MediaSettings, 'transcriptLivesMs'>,
): { stop(): void } {
  const { knex, log } = deps;
  const timer = setInterval(() => {
    Promise.all([
      tidy(knex),
      expireRecordings({ knex, store: deps.attachments.store }, new Date()),
      expireTranscripts(knex, transcriptLivesMs, new Date()),
      sweepAttachments(deps),
      finishErasures(deps),
    ]).catch((error: unknown) => log.warn({ error: safely(error) }, 'housekeeping failed'));
  }, EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** One round of it. */
export async function tidy(knex: Knex): Promise<void> {
  await Promise.all([
    forgetOldKeys(knex, KEYS_LIVE_MS),
    forgetOldTokens(knex),
    forgetOldEvents(knex, EVENTS_LIVE_MS),
    forgetDeliveries(knex, DELIVERIES_LIVE_MS),
    forgetPastShares(knex),
  ]);
}
