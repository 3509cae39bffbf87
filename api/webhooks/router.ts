import { Router } from 'express';
import type { ApiDeps } from '../context.ts';
import { phoneCodeWebhook } from './phone-code.ts';
import { createProviderNews } from './provider-news.ts';
import { stripeWebhook } from './stripe.ts';
import { twilioInboundWebhook, twilioStatusWebhook } from './twilio.ts';
import type { Fields } from './twilio.ts';
import {
  crisisAnswerWebhook,
  crisisCallStatusWebhook,
  crisisCallWebhook,
  crisisTextWebhook,
  takeByText,
} from './twilio-crisis.ts';

export type WebhookDeps = Pick<
  ApiDeps,
  'knex' | 'crisisKnex' | 'cipher' | 'keyRing' | 'temporal' | 'cards' | 'sms' | 'http' | 'log'
>;

/**
 * What providers call, to be mounted at `/webhooks` before anything reads bodies: signatures
 * cover the bytes as they were sent.
 */
export function webhookRouter(deps: WebhookDeps): Router {
  const news = createProviderNews(deps.temporal);
  const shared = { ...deps, twilio: deps.sms, news };
  const router = Router();
  router.post('/stripe', ...stripeWebhook(shared));
  router.post('/twilio/status', ...twilioStatusWebhook(shared));
  router.post('/twilio/phone-code', ...phoneCodeWebhook(shared));
  const byText = (fields: Fields): Promise<void> => takeByText(deps, fields);
  router.post('/twilio/inbound', ...twilioInboundWebhook({ ...shared, takeByText: byText }));
  router.post('/twilio/crisis-text', ...crisisTextWebhook(deps));
  router.post('/twilio/crisis-call', ...crisisCallWebhook(deps));
  router.post('/twilio/crisis-call/answer', ...crisisAnswerWebhook(deps));
  router.post('/twilio/crisis-call/status', ...crisisCallStatusWebhook(deps));
  return router;
}
