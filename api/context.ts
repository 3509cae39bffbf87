import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { AddressRules } from '../activities/gateways/public-address.ts';
import type { CardGateway } from '../activities/gateways/card-gateway.ts';
import type { ModelGateway } from '../activities/gateways/model.ts';
import type { EligibilityGateway } from '../activities/gateways/eligibility.ts';
import type { TwilioGateway } from '../activities/gateways/twilio.ts';
import type { WebhookHosts } from '../activities/webhooks/hosts.ts';
import type { AuthSettings, SpeechSettings } from '../config/types.ts';
import type { FieldCipher } from '../crypto/field-cipher.ts';
import type { IceOptions } from '../crypto/turn-credentials.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import type { SpendingLimits } from '../db/companion-spending.ts';
import type { ParticipantLimits } from '../domain/hosted-session.ts';
import type { Authenticator } from './auth/authenticator.ts';
import type { AuthMail } from './auth/mail.ts';
import type { LimitGroup } from './http/document.ts';
import type { UploadOptions } from './http/upload.ts';
import type { LoadMonitor } from './http/load-monitor.ts';

/** So many requests of one caller within so many seconds. */
export interface RateLimit {
  readonly points: number;
  readonly seconds: number;
}

export type RateLimits = Readonly<Record<Exclude<LimitGroup, 'codes' | 'none'>, RateLimit>>;

/** How the HTTP side behaves; everything that a test or the sandbox switches is here. */
export interface HttpOptions {
  /** The API's own base URL as seen by people and providers. */
  readonly publicUrl: string;
  /** The address that the product writes from, which calendar files name as theirs. */
  readonly organizer: string;
  readonly corsOrigins: readonly string[];
  /** Number of proxies in front whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: number;
  readonly environment: string;
  readonly version: string;
  /** `log` delivers an answer that doesn't fit the document and logs it, `fail` answers 500 instead. */
  readonly responseValidation: 'off' | 'log' | 'fail';
  /** Null lifts them. */
  readonly rateLimits: RateLimits | null;
  /** How long a client may take to send its body, ms. */
  readonly bodyTimeoutMs: number;
  /** Where Temporal UI is served, for the codec endpoint; null leaves the endpoint out. */
  readonly temporalUiOrigin: string | null;
}

/** What the API says to those who meet in rooms. */
export interface RoomOptions extends IceOptions {
  /** The most people of a session by its type. */
  readonly participantLimits: ParticipantLimits;
  /** Whether those who were recorded may play it, and not its host alone; not where nothing is said. */
  readonly isRecordingShared?: boolean;
  /** What makes words of what is recorded: the local engine where nothing is said. */
  readonly speechEngine?: SpeechSettings['engine'];
}

/** All that handlers and middleware reach outside with; made once at start. */
export interface ApiDeps {
  readonly knex: Knex;
  /** A small pool for crises alone, so that nothing else keeps an alert waiting. It gives up early. */
  readonly crisisKnex: Knex;
  readonly temporal: Client;
  readonly keyRing: KeyRing;
  readonly cipher: FieldCipher;
  readonly http: HttpOptions;
  readonly auth: AuthSettings;
  readonly authenticator: Authenticator;
  readonly mail: AuthMail;
  readonly cards: CardGateway;
  readonly sms: TwilioGateway;
  /** Null where the clinic verifies no insurance. */
  readonly eligibility: EligibilityGateway | null;
  /** The model that the companion may ask, and what it may cost. */
  readonly companion: SpendingLimits & { readonly model: ModelGateway | null };
  /** Where clinics may have their events sent to. */
  readonly webhookHosts: WebhookHosts;
  /** Where files of messages are kept, and how large one may be. */
  readonly attachments: UploadOptions;
  /** Which addresses may be named for the product to call. */
  readonly outbound: AddressRules;
  readonly rooms: RoomOptions;
  readonly load: LoadMonitor;
  readonly log: Logger;
}
