import { urlencoded } from 'express';
import type { RequestHandler } from 'express';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import twilio from 'twilio';
import type { TwilioGateway } from '../../activities/gateways/twilio.ts';
import type { FieldCipher } from '../../crypto/field-cipher.ts';
import { findSpokenCode } from '../../db/phones.ts';
import { isUuid } from '../../domain/ids.ts';
import { spokenCodeRef } from '../own/phones.ts';
import { fieldsOf } from './twilio.ts';

export interface PhoneCodeDeps {
  readonly knex: Knex;
  readonly cipher: FieldCipher;
  readonly twilio: Pick<TwilioGateway, 'verifySignature'>;
  readonly log: Logger;
}

const BODY_LIMIT = '64kb';
const TIMES_SAID = 3;

/**
 * `POST /webhooks/twilio/phone-code?id=`: what a call says that verifies a phone. 403 for a request
 * that the provider did not sign. A machine is told nothing: whoever owns it need not hear it.
 */
export function phoneCodeWebhook(deps: PhoneCodeDeps): RequestHandler[] {
  const answer: RequestHandler = async (req, res) => {
    const params = fieldsOf(req.body);
    const signature = req.get('x-twilio-signature');
    if (!deps.twilio.verifySignature({ path: req.originalUrl, params, signature })) {
      deps.log.warn({ path: req.path }, 'a webhook was refused');
      res.status(403).json({ error: 'invalid_signature' });
      return;
    }
    const isMachine = params['AnsweredBy']?.startsWith('machine') ?? false;
    const code = isMachine ? null : await openCode(deps, req.query['id']);
    res.type('text/xml').send(speech(code));
  };
  return [urlencoded({ extended: false, limit: BODY_LIMIT }), answer];
}

async function openCode({ knex, cipher }: PhoneCodeDeps, id: unknown): Promise<string | null> {
  if (typeof id !== 'string' || !isUuid(id)) return null;
  const sealed = await findSpokenCode(knex, id);
  return sealed === null ? null : cipher.openField(knex, spokenCodeRef(id), sealed);
}

function speech(code: string | null): string {
  const response = new twilio.twiml.VoiceResponse();
  for (let said = 0; code !== null && said < TIMES_SAID; said += 1) {
    response.say(`Your Holdfast code is: ${[...code].join(', ')}.`);
    response.pause({ length: 1 });
  }
  response.hangup();
  return response.toString();
}
