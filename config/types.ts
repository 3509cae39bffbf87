import type { Rate } from './env-reader.ts';
import type { IceServer, ParticipantLimits, TrustedIssuer } from './json-settings.ts';

export type LogLevel = (typeof logLevels)[number];
export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export interface ApiSettings {
  /** The interface to listen on. */
  host: string;
  port: number;
  /** The product's own base address as providers and people see it, without a trailing slash. */
  publicUrl: string;
  corsOrigins: readonly string[];
  /** How many proxies in front may be believed about the caller's address. */
  trustedProxies: number;
  /** Requests of one caller: the support door's, its authentication's, admins', the other doors'. */
  rateLimits: Readonly<Record<'api' | 'auth' | 'admin' | 'general', Rate>>;
  /** From each of these on, bookings are answered with 503, so that crisis keeps its pace. */
  shedding: Readonly<Record<'loopDelayMs' | 'poolWaiters' | 'inFlight', number>> & {
    /** Share of all processors, 0 to 1, from which on fewer bookings are let in; null for never. */
    readonly busyShare: number | null;
  };
}

export interface AuthSettings {
  accessTokenTtlMs: number;
  refreshTokenTtlMs: number;
  /**
   * Signs access tokens with HS256, for services of the clinic that check them with the same secret;
   * null for keys of one's own.
   */
  sharedSecret: string | null;
  trustedIssuers: readonly TrustedIssuer[];
}

export interface DatabaseSettings {
  url: string;
  poolSize: number;
}

export interface CrisisSettings {
  /** Connections that each process keeps for crises alone. */
  poolSize: number;
  /** Where a crisis worker answers `GET /health`. */
  healthPort: number;
}

export interface TemporalSettings {
  /** host:port */
  address: string;
  namespace: string;
}

export interface StripeSettings {
  secretKey: string;
  webhookSecret: string;
  /** Base address of a stand-in; null for the real Stripe. */
  apiUrl: string | null;
}

export interface TwilioSettings {
  accountSid: string;
  authToken: string;
  from: string;
  /** Base address of a stand-in; null for the real Twilio. */
  apiUrl: string | null;
}

export interface MailSettings {
  smtpUrl: string;
  from: string;
}

/** Which addresses clinics may have their events sent to. */
export interface WebhookSettings {
  /** Anything goes, plain HTTP as well. */
  isSandbox: boolean;
  /** Host names that may be private. */
  privateHosts: readonly string[];
}

/** Files that people send with their messages. */
export interface AttachmentSettings {
  /** Absolute; one for all API processes. */
  folder: string;
  maxBytes: number;
}

/** The model that the companion may ask; the endpoint speaks chat completions. */
export interface CompanionModelSettings {
  baseUrl: string;
  apiKey: string;
  model: string;
  /** For one reply, retries included, ms. */
  timeoutMs: number;
  retries: number;
  maxOutputTokens: number;
  /** Currency units for a million tokens. */
  inputPrice: number;
  outputPrice: number;
  /** What a clinic's model may cost on one day, in millionths of the currency. */
  dailyCeilingMicros: number;
  /** What of it one person's turns may cost. */
  personCeilingMicros: number;
}

export interface CompanionSettings {
  /** Null leaves the guided companion alone. */
  model: CompanionModelSettings | null;
}

/** What makes words of what was recorded. */
export type SpeechSettings =
  | { readonly engine: 'off' }
  /** The engine with its model is in this folder, as soon as it has been provided. */
  | { readonly engine: 'local'; readonly folder: string }
  | ({ readonly engine: 'service' } & SpeechServiceSettings);

/** An endpoint that speaks `audio/transcriptions`. */
export interface SpeechServiceSettings {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
  /** The language that is spoken; null leaves it to the service to find out. */
  readonly language: string | null;
  /** For one piece of sound, retries included, ms. */
  readonly timeoutMs: number;
  readonly retries: number;
}

/** A TURN server that shares a secret with us, as coturn's `use-auth-secret`. */
export interface TurnSettings {
  urls: readonly string[];
  secret: string;
}

export interface MediaSettings {
  /** Where a media host serves its signalling and `GET /health`. */
  port: number;
  /** The same address as browsers reach it. */
  signalingUrl: string;
  /** The interface that media is received on, and the address that browsers are told. */
  listenIp: string;
  announcedIp: string;
  minPort: number;
  maxPort: number;
  /** Media workers of a host, one a core. */
  workers: number;
  /** How long rooms have to end by themselves when their host is told to stop, ms. */
  drainMs: number;
  /** The ffmpeg that records; null records nothing. */
  ffmpegBin: string | null;
  /** So long a recording is kept after its end. */
  recordingLivesMs: number;
  /** So long what is written and said in a session is kept after its last word. */
  transcriptLivesMs: number;
  /** Whether those who were recorded may play it, too, and not its host alone. */
  isRecordingShared: boolean;
  /** The media worker's program; null for where the package itself looks for one. */
  workerBin: string | null;
  iceServers: readonly IceServer[];
  /** The most people of a session by its type. */
  participantLimits: ParticipantLimits;
  /** Null where there is no TURN server, or `iceServers` names one with lasting credentials. */
  turn: TurnSettings | null;
}

export interface Ports {
  api: number;
  postgres: number;
  temporal: number;
  temporalUi: number;
  sandbox: number;
  smtp: number;
  worker: number;
  crisisWorker: number;
  media: number;
}

/** Everything that the product takes from its environment. */
export interface Settings {
  /** The data folder, absolute. */
  home: string;
  logLevel: LogLevel;
  /** The key ring's file, absolute. */
  keysFile: string;
  /** Stand-ins answer for the providers: responses are validated and rate limits lifted. */
  sandbox: boolean;
  api: ApiSettings;
  auth: AuthSettings;
  database: DatabaseSettings;
  crisis: CrisisSettings;
  temporal: TemporalSettings;
  stripe: StripeSettings;
  twilio: TwilioSettings;
  mail: MailSettings;
  /** FHIR base address of the payers' eligibility service; null when there is none. */
  eligibility: { url: string | null };
  companion: CompanionSettings;
  media: MediaSettings;
  speech: SpeechSettings;
  webhooks: WebhookSettings;
  attachments: AttachmentSettings;
  /** Where a worker process answers `GET /health`. */
  worker: { healthPort: number };
  /** Where this machine may read figures of each process; null tells none. */
  metrics: { api: number; worker: number; crisisWorker: number } | null;
  ports: Ports;
  /** Published variables that are set, accepted and have no effect. */
  unused: readonly string[];
}
