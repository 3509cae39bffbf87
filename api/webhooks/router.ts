import type { Client } from '@temporalio/client';
import { Router } from 'express';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { CardGateway } from '../../activities/gateways/card-gateway.ts';
import type { TwilioGateway } from '../../activities/gateways/twilio.ts';
import type { FieldCipher } from '../../crypto/field-cipher.ts';
import { phoneCodeWebhook } from './phone-code.ts';
import { createProviderNews } from './provider-news.ts';
import { stripeWebhook } from './stripe.ts';
import { twilioInboundWebhook, twilioStatusWebhook } from './twilio.ts';

export interface WebhookDeps {
  readonly knex: Knex;
  readonly cipher: FieldCipher;
  readonly temporal: Client;
  readonly cards: CardGateway;
  readonly twilio: Pick<TwilioGateway, 'verifySignature'>;
  readonly log: Logger;
}

/**
 * What providers call, to be mounted at `/webhooks` before anything reads bodies: signatures
 * cover the bytes as they were sent.
 */
export function webhookRouter(deps: WebhookDeps): Router {
  const shared = { ...deps, news: createProviderNews(deps.temporal) };
  const router = Router();
  router.post('/stripe', ...stripeWebhook(shared));
  router.post('/twilio/status', ...twilioStatusWebhook(shared));
  router.post('/twilio/phone-code', ...phoneCodeWebhook(shared));
  router.post('/twilio/inbound', ...twilioInboundWebhook(shared));
  return router;
}
