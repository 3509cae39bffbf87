import { readFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { createEligibilityGateway } from '../activities/gateways/eligibility.ts';
import type { EligibilityGateway } from '../activities/gateways/eligibility.ts';
import { createMailGateway } from '../activities/gateways/mail.ts';
import { createCardGateway } from '../activities/gateways/stripe.ts';
import { createTwilioGateway } from '../activities/gateways/twilio.ts';
import { SettingsFault, loadSettings } from '../config/settings.ts';
import type { Settings } from '../config/settings.ts';
import { createClientDataConverter } from '../crypto/data-converter.ts';
import { createFieldCipher } from '../crypto/field-cipher.ts';
import { loadKeyRing } from '../crypto/key-ring.ts';
import { openDatabase } from '../db/knex.ts';
import { createAuthenticator } from './auth/authenticator.ts';
import type { ApiDeps, HttpOptions } from './context.ts';
import { startHousekeeping } from './housekeeping.ts';
import { safely } from './http/error-handler.ts';
import { PUBLISHED_LIMITS } from './http/rate-limits.ts';
import { createHttpServer, listen } from './listen.ts';
import { startRealtime } from './realtime/realtime.ts';
import { createApi } from './server.ts';

const DRAIN_MS = 10_000;
const BODY_TIMEOUT_MS = 15_000;
const TEMPORAL_CONNECT_TIMEOUT_MS = 3_000;

interface Running {
  stop(): Promise<void>;
}

function httpOptions(settings: Settings): HttpOptions {
  const packageFile = new URL('../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const { publicUrl, corsOrigins, trustedProxies } = settings.api;
  return {
    publicUrl,
    corsOrigins: corsOrigins.length > 0 ? corsOrigins : ['http://localhost:3000'],
    trustedProxies,
    environment: settings.sandbox ? 'sandbox' : 'production',
    version,
    responseValidation: settings.sandbox ? 'log' : 'off',
    rateLimits: settings.sandbox ? null : PUBLISHED_LIMITS,
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

async function start(settings: Settings, log: Logger): Promise<Running> {
  const keyRing = await loadKeyRing(settings.keysFile);
  const { url: databaseUrl, poolSize } = settings.database;
  const knex = openDatabase(databaseUrl, {
    maxConnections: poolSize,
    applicationName: 'holdfast-api',
  });
  const connection = openTemporal(settings);
  const { namespace } = settings.temporal;
  const dataConverter = createClientDataConverter(keyRing);
  const http = httpOptions(settings);
  const { publicUrl } = http;
  const { trustedIssuers } = settings.auth;
  const mail = createMailGateway(settings.mail);
  const deps: ApiDeps = {
    knex,
    temporal: new Client({ connection, namespace, dataConverter }),
    keyRing,
    cipher: createFieldCipher(keyRing),
    http,
    auth: settings.auth,
    authenticator: createAuthenticator({
      knex,
      databaseUrl,
      keyRing,
      publicUrl,
      trustedIssuers,
      log,
    }),
    mail,
    cards: createCardGateway(settings.stripe),
    sms: createTwilioGateway({ ...settings.twilio, publicUrl }),
    eligibility: openEligibility(settings),
    log,
  };
  const api = createApi(deps);
  const { host, port } = settings.api;
  const server = createHttpServer(api.app);
  const realtime = startRealtime(server, deps, databaseUrl);
  const listening = await listen(server, { host, port, drainMs: DRAIN_MS });
  const housekeeping = startHousekeeping(knex, log);
  log.info({ port: listening.port }, 'the API listens');
  return {
    stop: async () => {
      const drained = listening.close();
      await realtime.close();
      await drained;
      await api.drain();
      housekeeping.stop();
      await deps.authenticator.close();
      mail.close();
      await connection.close();
      await knex.destroy();
    },
  };
}

function stopOnSignal(running: Running, log: Logger): void {
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'the API stops');
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error: safely(error) }, 'the API did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

async function main(): Promise<void> {
  const settings = loadSettings();
  const log = pino({ level: settings.logLevel, base: { process: 'api' } });
  stopOnSignal(await start(settings, log), log);
}

await main().catch((fault: unknown) => {
  const known = fault instanceof SettingsFault ? fault.message : null;
  const busy = fault instanceof Error && 'code' in fault && fault.code === 'EADDRINUSE';
  const reason = busy ? 'The port of the API (PORT) is in use.' : known;
  console.error(reason ?? (fault instanceof Error ? fault.message : 'The API did not start.'));
  process.exit(1);
});
