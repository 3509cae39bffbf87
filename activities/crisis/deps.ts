import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { FieldCipher } from '../../crypto/field-cipher.ts';
import type { KeyRing } from '../../crypto/key-ring.ts';
import type { TwilioGateway } from '../gateways/twilio.ts';
import type { Knowledge } from './knowledge.ts';

/** What the crisis lane reaches outside with. */
export interface CrisisDeps {
  /** A pool of its own. */
  readonly knex: Knex;
  readonly temporal: Client;
  readonly cipher: FieldCipher;
  readonly keyRing: KeyRing;
  readonly sms: Pick<TwilioGateway, 'sendSms' | 'call' | 'hangUp'>;
  readonly publicUrl: string;
  readonly knowledge: Knowledge;
  readonly log: Logger;
}
