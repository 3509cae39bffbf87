import { resolve } from 'node:path';
import { hasPlaceholderSecret, readAuth } from './auth-settings.ts';
import { EnvReader } from './env-reader.ts';
import type { Env } from './env-reader.ts';
import { readMedia } from './media-settings.ts';
import { readSpeech } from './speech-settings.ts';
import { logLevels } from './types.ts';
import type {
  ApiSettings,
  AttachmentSettings,
  CompanionSettings,
  CrisisSettings,
  DatabaseSettings,
  MailSettings,
  Ports,
  Settings,
  StripeSettings,
  TemporalSettings,
  TwilioSettings,
  WebhookSettings,
} from './types.ts';

export { SettingsFault } from './env-reader.ts';
export type { Env, SettingFault } from './env-reader.ts';
export type { IceServer, TrustedIssuer } from './json-settings.ts';
export type * from './types.ts';

/** Published variables of services and behaviour that are inside the product now. */
const withoutEffect = [
  'DB_SYNC',
  'DB_LOGGING',
  'CHAT_SERVICE_URL',
  'AUTH_SERVICE_URL',
  'REDIS_URL',
];

const MEBIBYTE = 1_024 * 1_024;
const web = ['http:', 'https:'];

/**
 * The product's settings from the environment, the only place that reads it.
 * Throws SettingsFault, which names every variable that is missing or malformed, never a value.
 */
export function loadSettings(env: Env = process.env): Settings {
  const reader = new EnvReader(env);
  const home = readHome(reader);
  const ports = readPorts(reader);
  const sandbox = reader.flag('HOLDFAST_SANDBOX');
  const settings: Settings = {
    home,
    logLevel: reader.choice('LOG_LEVEL', 'info', logLevels),
    keysFile: resolve(reader.text('HOLDFAST_KEYS_FILE') ?? resolve(home, 'keys.json')),
    sandbox,
    api: readApi(reader, ports.api),
    auth: readAuth(reader),
    database: readDatabase(reader),
    crisis: readCrisis(reader, ports.crisisWorker),
    temporal: readTemporal(reader, ports.temporal),
    stripe: readStripe(reader),
    twilio: readTwilio(reader),
    mail: readMail(reader),
    eligibility: { url: reader.url('ELIGIBILITY_URL', web) },
    companion: readCompanion(reader),
    media: readMedia(reader, ports.media),
    speech: readSpeech(reader, home),
    webhooks: readWebhooks(reader, sandbox),
    attachments: readAttachments(reader, home),
    worker: { healthPort: ports.worker },
    metrics: readMetrics(reader),
    ports,
    unused: readUnused(reader),
  };
  reader.finish();
  return settings;
}

function readUnused(reader: EnvReader): string[] {
  const unused = withoutEffect.filter((variable) => reader.has(variable));
  return hasPlaceholderSecret(reader) ? [...unused, 'JWT_SECRET'] : unused;
}

/** All that the migration job needs: where the database and Temporal are. Throws SettingsFault. */
export function loadMigrationSettings(
  env: Env = process.env,
): Pick<Settings, 'database' | 'temporal'> {
  const reader = new EnvReader(env);
  const settings = {
    database: readDatabase(reader),
    temporal: readTemporal(reader, readPorts(reader).temporal),
  };
  reader.finish();
  return settings;
}

/** Three ports in a row: of the API, of the sessions' worker, of the alerts' worker. */
function readMetrics(reader: EnvReader): Settings['metrics'] {
  if (!reader.has('METRICS_PORT')) return null;
  const api = reader.port('METRICS_PORT', 9_464);
  return { api, worker: api + 1, crisisWorker: api + 2 };
}

/** The data folder, absolute. */
export function readHome(reader: EnvReader): string {
  return resolve(reader.text('HOLDFAST_HOME') ?? '.holdfast');
}

export function readPorts(reader: EnvReader): Ports {
  return {
    api: reader.httpPort('PORT', 5000),
    postgres: reader.port('POSTGRES_PORT', 5433),
    temporal: reader.port('TEMPORAL_PORT', 7233),
    temporalUi: reader.httpPort('TEMPORAL_UI_PORT', 8233),
    sandbox: reader.httpPort('SANDBOX_PORT', 5100),
    smtp: reader.port('SMTP_PORT', 5125),
    worker: reader.httpPort('WORKER_PORT', 5101),
    crisisWorker: reader.httpPort('CRISIS_WORKER_PORT', 5102),
    media: reader.httpPort('MEDIA_PORT', 5103),
  };
}

function readApi(reader: EnvReader, port: number): ApiSettings {
  const corsOrigins = reader.list('CORS_ORIGINS');
  if (corsOrigins.some((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin)) {
    reader.fault('CORS_ORIGINS', 'must be origins such as https://app.example.com, with commas');
  }
  return {
    host: reader.text('HOST') ?? '::',
    port,
    publicUrl: reader.url('PUBLIC_URL', web) ?? `http://localhost:${port}`,
    corsOrigins,
    trustedProxies: reader.integer('TRUSTED_PROXIES', 0, 0, 20),
    rateLimits: readRateLimits(reader),
    shedding: {
      loopDelayMs: reader.integer('SHED_LOOP_DELAY_MS', 200, 1, 60_000),
      poolWaiters: reader.integer('SHED_POOL_WAITERS', 600, 1, 100_000),
      inFlight: reader.integer('SHED_IN_FLIGHT', 400, 1, 100_000),
      busyShare: readBusyShare(reader),
    },
  };
}

/** Per cent of the machine's processors; 100 switches it off, since nothing is busier. */
function readBusyShare(reader: EnvReader): number | null {
  const percent = reader.integer('SHED_BUSY_PERCENT', 90, 1, 100);
  return percent === 100 ? null : percent / 100;
}

/** As the support door publishes them, and room for a clinic's screens in the other doors. */
function readRateLimits(reader: EnvReader): ApiSettings['rateLimits'] {
  const seconds = 15 * 60;
  return {
    api: reader.rate('RATE_LIMIT_API', { points: 100, seconds }),
    auth: reader.rate('RATE_LIMIT_AUTH', { points: 5, seconds: 60 }),
    admin: reader.rate('RATE_LIMIT_ADMIN', { points: 200, seconds }),
    general: reader.rate('RATE_LIMIT_GENERAL', { points: 3_000, seconds }),
  };
}

function readDatabase(reader: EnvReader): DatabaseSettings {
  return {
    url: readDatabaseUrl(reader) ?? reader.required('DATABASE_URL'),
    poolSize: reader.integer('DATABASE_POOL_SIZE', 10, 1, 500),
  };
}

function readCrisis(reader: EnvReader, healthPort: number): CrisisSettings {
  return { poolSize: reader.integer('CRISIS_POOL_SIZE', 5, 1, 100), healthPort };
}

/** DATABASE_URL, else the address composed from the DB_* variables, else null. */
export function readDatabaseUrl(reader: EnvReader): string | null {
  if (reader.has('DATABASE_URL')) {
    return reader.url('DATABASE_URL', ['postgres:', 'postgresql:']) ?? '';
  }
  if (!reader.has('DB_HOST')) return null;
  const url = new URL('postgresql://localhost');
  url.hostname = reader.required('DB_HOST');
  url.port = String(reader.port('DB_PORT', 5432));
  url.username = encodeURIComponent(reader.text('DB_USERNAME') ?? 'postgres');
  url.password = encodeURIComponent(reader.text('DB_PASSWORD') ?? '');
  url.pathname = `/${encodeURIComponent(reader.required('DB_NAME'))}`;
  return url.href;
}

function readTemporal(reader: EnvReader, port: number): TemporalSettings {
  return {
    address: readTemporalAddress(reader) ?? `127.0.0.1:${port}`,
    namespace: reader.text('TEMPORAL_NAMESPACE') ?? 'default',
  };
}

/** TEMPORAL_ADDRESS as host:port, or null when it isn't set. */
export function readTemporalAddress(reader: EnvReader): string | null {
  const address = reader.text('TEMPORAL_ADDRESS');
  if (address !== null && !/^[^\s/]+:\d{1,5}$/.test(address)) {
    reader.fault('TEMPORAL_ADDRESS', 'must be host:port, such as temporal.example.com:7233');
  }
  return address;
}

export function readStripe(reader: EnvReader): StripeSettings {
  return {
    secretKey: reader.required('STRIPE_SECRET_KEY'),
    webhookSecret: reader.required('STRIPE_WEBHOOK_SECRET'),
    apiUrl: reader.url('STRIPE_API_URL', web),
  };
}

export function readTwilio(reader: EnvReader): TwilioSettings {
  const from = reader.required('TWILIO_FROM');
  if (from !== '' && !/^(\+[1-9]\d{4,14}|MG[0-9a-f]{32})$/.test(from)) {
    reader.fault('TWILIO_FROM', 'must be a phone number in E.164 form or a messaging service id');
  }
  return {
    accountSid: reader.required('TWILIO_ACCOUNT_SID'),
    authToken: reader.required('TWILIO_AUTH_TOKEN'),
    from,
    apiUrl: reader.url('TWILIO_API_URL', web),
  };
}

export function readMail(reader: EnvReader): MailSettings {
  const smtpUrl = reader.url('SMTP_URL', ['smtp:', 'smtps:']);
  if (!reader.has('SMTP_URL')) reader.fault('SMTP_URL', 'is missing');
  return { smtpUrl: smtpUrl ?? '', from: reader.required('MAIL_FROM') };
}

/** Prices must be told, be they 0, so that no ceiling is one in name alone. */
function readCompanion(reader: EnvReader): CompanionSettings {
  const baseUrl = reader.url('COMPANION_MODEL_URL', web);
  if (baseUrl === null) return { model: null };
  const price = (variable: string): number => {
    reader.required(variable);
    return reader.decimal(variable, 0, 100_000);
  };
  const dailyCeilingMicros = Math.round(reader.decimal('COMPANION_DAILY_CEILING', 5, 1e6) * 1e6);
  const personShare = reader.decimal('COMPANION_PERSON_SHARE', 0.1, 1);
  return {
    model: {
      baseUrl,
      apiKey: reader.required('COMPANION_MODEL_KEY'),
      model: reader.required('COMPANION_MODEL'),
      timeoutMs: reader.durationMs('COMPANION_MODEL_TIMEOUT', 12_000),
      retries: reader.integer('COMPANION_MODEL_RETRIES', 1, 0, 5),
      maxOutputTokens: reader.integer('COMPANION_MODEL_MAX_TOKENS', 400, 50, 2_000),
      inputPrice: price('COMPANION_MODEL_INPUT_PRICE'),
      outputPrice: price('COMPANION_MODEL_OUTPUT_PRICE'),
      dailyCeilingMicros,
      personCeilingMicros: Math.round(dailyCeilingMicros * personShare),
    },
  };
}

function readAttachments(reader: EnvReader, home: string): AttachmentSettings {
  return {
    folder: resolve(reader.text('ATTACHMENTS_DIR') ?? resolve(home, 'attachments')),
    maxBytes: reader.integer('ATTACHMENT_MAX_BYTES', 10 * MEBIBYTE, 1_024, 100 * MEBIBYTE),
  };
}

function readWebhooks(reader: EnvReader, isSandbox: boolean): WebhookSettings {
  const privateHosts = reader.list('WEBHOOK_PRIVATE_HOSTS').map((host) => host.toLowerCase());
  if (privateHosts.some((host) => !/^[a-z0-9.-]+$/.test(host))) {
    reader.fault(
      'WEBHOOK_PRIVATE_HOSTS',
      'must be host names such as events.internal, with commas',
    );
  }
  return { isSandbox, privateHosts };
}
