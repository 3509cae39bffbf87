import { readFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { createEligibilityGateway } from '../activities/gateways/eligibility.ts';
import type { EligibilityGateway } from '../activities/gateways/eligibility.ts';
import { createLocalFileStore } from '../activities/gateways/file-store.ts';
import { createModelGateway } from '../activities/gateways/model.ts';
import { createMailGateway, senderAddress } from '../activities/gateways/mail.ts';
import { createCardGateway } from '../activities/gateways/stripe.ts';
import { createTwilioGateway } from '../activities/gateways/twilio.ts';
import type { Settings } from '../config/settings.ts';
import { createClientDataConverter } from '../crypto/data-converter.ts';
import { createFieldCipher } from '../crypto/field-cipher.ts';
import { loadKeyRing } from '../crypto/key-ring.ts';
import { openDatabase } from '../db/knex.ts';
import { createAuthenticator } from './auth/authenticator.ts';
import type { Authenticator } from './auth/authenticator.ts';
import type { ApiDeps, HttpOptions } from './context.ts';
import { watchLoad } from './http/load-monitor.ts';

const BODY_TIMEOUT_MS = 15_000;
const TEMPORAL_CONNECT_TIMEOUT_MS = 3_000;

export interface OpenedDeps {
  readonly deps: ApiDeps;
  close(): Promise<void>;
}

/** A caller hears that the database does not answer after this long, ms. */
const QUERY_TIMEOUT_MS = 8_000;

/** A report of a crisis waits for the database no longer, ms: then it goes another way. */
const CRISIS_ACQUIRE_TIMEOUT_MS = 1_500;
const CRISIS_QUERY_TIMEOUT_MS = 2_000;

/** Opens all that the API reaches outside with. PostgreSQL and Temporal need not answer yet. */
export async function openDeps(settings: Settings, log: Logger): Promise<OpenedDeps> {
  const keyRing = await loadKeyRing(settings.keysFile);
  const knex = openDatabase(settings.database.url, {
    maxConnections: settings.database.poolSize,
    applicationName: 'holdfast-api',
    queryTimeoutMs: QUERY_TIMEOUT_MS,
  });
  const crisisKnex = openCrisisDatabase(settings);
  const connection = openTemporal(settings);
  const { namespace } = settings.temporal;
  const dataConverter = createClientDataConverter(keyRing);
  const http = httpOptions(settings);
  const mail = createMailGateway(settings.mail);
  const authenticator = openAuthenticator(settings, { knex, crisisKnex, keyRing, log });
  const load = watchLoad(knex, settings.api.shedding);
  const deps: ApiDeps = {
    knex,
    crisisKnex,
    temporal: new Client({ connection, namespace, dataConverter }),
    keyRing,
    cipher: createFieldCipher(keyRing),
    http,
    auth: settings.auth,
    authenticator,
    mail,
    cards: createCardGateway(settings.stripe),
    sms: createTwilioGateway({ ...settings.twilio, publicUrl: http.publicUrl }),
    eligibility: openEligibility(settings),
    companion: openCompanion(settings),
    webhookHosts: settings.webhooks,
    attachments: {
      store: createLocalFileStore(settings.attachments.folder),
      maxBytes: settings.attachments.maxBytes,
    },
    outbound: { allowPrivateHosts: settings.sandbox },
    rooms: { ...settings.media, speechEngine: settings.speech.engine },
    load,
    log,
  };
  const close = async (): Promise<void> => {
    load.close();
    await authenticator.close();
    mail.close();
    await connection.close();
    await Promise.all([knex.destroy(), crisisKnex.destroy()]);
  };
  return { deps, close };
}

function openCrisisDatabase({ database, crisis }: Settings): Knex {
  return openDatabase(database.url, {
    maxConnections: crisis.poolSize,
    applicationName: 'holdfast-api-crisis',
    acquireTimeoutMs: CRISIS_ACQUIRE_TIMEOUT_MS,
    queryTimeoutMs: CRISIS_QUERY_TIMEOUT_MS,
  });
}

function httpOptions(settings: Settings): HttpOptions {
  const packageFile = new URL('../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const { publicUrl, corsOrigins, trustedProxies, rateLimits } = settings.api;
  return {
    publicUrl,
    organizer: senderAddress(settings.mail.from),
    corsOrigins: corsOrigins.length > 0 ? corsOrigins : ['http://localhost:3000'],
    trustedProxies,
    environment: settings.sandbox ? 'sandbox' : 'production',
    version,
    responseValidation: settings.sandbox ? 'log' : 'off',
    rateLimits: settings.sandbox ? null : rateLimits,
    bodyTimeoutMs: BODY_TIMEOUT_MS,
    temporalUiOrigin: `http://localhost:${settings.ports.temporalUi}`,
  };
}

function openTemporal(settings: Settings): Connection {
  // The API starts without Temporal, tells so in /ready, and answers 503 where it is needed.
  const { address } = settings.temporal;
  return Connection.lazy({ address, connectTimeout: TEMPORAL_CONNECT_TIMEOUT_MS });
}

function openEligibility({ eligibility }: Settings): EligibilityGateway | null {
  return eligibility.url === null ? null : createEligibilityGateway({ baseUrl: eligibility.url });
}

function openCompanion({ companion: { model } }: Settings): ApiDeps['companion'] {
  if (model === null) return { model: null, dailyCeilingMicros: 0, personCeilingMicros: 0 };
  const { dailyCeilingMicros, personCeilingMicros } = model;
  return { model: createModelGateway(model), dailyCeilingMicros, personCeilingMicros };
}

function openAuthenticator(
  { auth, api, database }: Settings,
  parts: Pick<ApiDeps, 'knex' | 'crisisKnex' | 'keyRing' | 'log'>,
): Authenticator {
  const { publicUrl } = api;
  const databaseUrl = database.url;
  return createAuthenticator({ ...parts, databaseUrl, publicUrl, auth });
}
