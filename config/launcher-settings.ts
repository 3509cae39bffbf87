import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { EnvReader } from './env-reader.ts';
import type { Env } from './env-reader.ts';
import {
  readDatabaseUrl,
  readHome,
  readMail,
  readPorts,
  readStripe,
  readTemporalAddress,
  readTwilio,
} from './settings.ts';
import { readSpeech } from './speech-settings.ts';
import type { Ports, SpeechSettings } from './types.ts';

/** What `npm start` has to know before anything runs: what is there already and what it embeds. */
export interface LauncherSettings {
  /** The data folder, absolute. */
  home: string;
  /** The interface that the API listens on: this machine alone unless HOST says otherwise. */
  host: string;
  ports: Ports;
  /** The database to use; null embeds one. */
  databaseUrl: string | null;
  /** The Temporal server to use; null embeds one. */
  temporalAddress: string | null;
  temporalNamespace: string;
  /** The product's own base address as people see it. */
  publicUrl: string;
  /** The operator's own media worker; null has one provided. */
  mediaWorkerBin: string | null;
  /** The operator's own ffmpeg; null has one provided. */
  ffmpegBin: string | null;
  /** Where the product looks for the speech engine; null where none has to be provided. */
  speechEngineDir: string | null;
  /** What makes words of recordings. */
  speechEngine: SpeechSettings['engine'];
  /** Which providers a stand-in plays. */
  standIns: { stripe: boolean; twilio: boolean; mail: boolean; eligibility: boolean };
}

const twilioVariables = ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM'];

/**
 * The launcher's view of the environment. A provider that is configured in part is a fault, so that
 * a forgotten secret never means a silent stand-in. Throws SettingsFault.
 */
export function loadLauncherSettings(env: Env = process.env): LauncherSettings {
  const reader = new EnvReader(env);
  const ports = readPorts(reader);
  const standIns = {
    stripe: !reader.has('STRIPE_SECRET_KEY') && !reader.has('STRIPE_WEBHOOK_SECRET'),
    twilio: !twilioVariables.some((variable) => reader.has(variable)),
    mail: !reader.has('SMTP_URL'),
    eligibility: !reader.has('ELIGIBILITY_URL'),
  };
  if (!standIns.stripe) readStripe(reader);
  if (!standIns.twilio) readTwilio(reader);
  if (!standIns.mail) readMail(reader);
  const home = readHome(reader);
  const speech = readSpeech(reader, home);
  const settings: LauncherSettings = {
    home,
    host: reader.text('HOST') ?? '127.0.0.1',
    ports,
    databaseUrl: readDatabaseUrl(reader),
    temporalAddress: readTemporalAddress(reader),
    temporalNamespace: reader.text('TEMPORAL_NAMESPACE') ?? 'default',
    publicUrl: reader.url('PUBLIC_URL', ['http:', 'https:']) ?? `http://localhost:${ports.api}`,
    mediaWorkerBin: reader.text('MEDIASOUP_WORKER_BIN'),
    ffmpegBin: reader.text('FFMPEG_BIN'),
    // An operator's own engine is not ours to provide.
    speechEngineDir:
      speech.engine === 'local' && !reader.has('SPEECH_ENGINE_DIR') ? speech.folder : null,
    speechEngine: speech.engine,
    standIns,
  };
  reader.finish();
  return settings;
}

/** The folder for tools that outlive a clone: HOLDFAST_CACHE, else below the user's cache folder. */
export function cacheFolder(env: Env = process.env): string {
  const reader = new EnvReader(env);
  const own = reader.text('HOLDFAST_CACHE');
  if (own !== null) return resolve(own);
  return resolve(reader.text('XDG_CACHE_HOME') ?? resolve(homedir(), '.cache'), 'holdfast');
}

/** This process's environment with some variables set, for a child process. */
export function environmentWith(
  overrides: Readonly<Record<string, string>>,
): Record<string, string> {
  const inherited = Object.entries(process.env).filter((entry) => entry[1] !== undefined);
  return { ...(Object.fromEntries(inherited) as Record<string, string>), ...overrides };
}
