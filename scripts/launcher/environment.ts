import { environmentWith } from '../../config/launcher-settings.ts';
import type { LauncherSettings } from '../../config/launcher-settings.ts';
import { homePaths } from './home.ts';
import type { Secrets } from './home.ts';

export interface Addresses {
  databaseUrl: string;
  temporalAddress: string;
}

/** Whether any provider is played by a stand-in. */
export function hasStandIns({ standIns }: LauncherSettings): boolean {
  return Object.values(standIns).some(Boolean);
}

/** The environment of the product's processes: what was given, and the embedded parts' addresses. */
export function productEnvironment(
  settings: LauncherSettings,
  secrets: Secrets,
  addresses: Addresses,
): Record<string, string> {
  return environmentWith({
    HOST: settings.host,
    HOLDFAST_HOME: settings.home,
    NODE_COMPILE_CACHE: homePaths(settings.home).compiled,
    DATABASE_URL: addresses.databaseUrl,
    TEMPORAL_ADDRESS: addresses.temporalAddress,
    TEMPORAL_NAMESPACE: settings.temporalNamespace,
    PUBLIC_URL: settings.publicUrl,
    HOLDFAST_SANDBOX: hasStandIns(settings) ? '1' : '0',
    ...standInEnvironment(settings, secrets),
  });
}

function standInEnvironment(
  { standIns, ports }: LauncherSettings,
  secrets: Secrets,
): Record<string, string> {
  const sandboxUrl = `http://127.0.0.1:${ports.sandbox}`;
  const stripe = {
    STRIPE_SECRET_KEY: secrets.stripeSecretKey,
    STRIPE_WEBHOOK_SECRET: secrets.stripeWebhookSecret,
    STRIPE_API_URL: sandboxUrl,
  };
  const twilio = {
    TWILIO_ACCOUNT_SID: secrets.twilioAccountSid,
    TWILIO_AUTH_TOKEN: secrets.twilioAuthToken,
    TWILIO_FROM: '+15005550006',
    TWILIO_API_URL: sandboxUrl,
  };
  const mail = {
    SMTP_URL: `smtp://127.0.0.1:${ports.smtp}`,
    MAIL_FROM: 'Harbor Clinic <care@harbor.example>',
  };
  return {
    ...(standIns.stripe ? stripe : {}),
    ...(standIns.twilio ? twilio : {}),
    ...(standIns.mail ? mail : {}),
    ...(standIns.eligibility ? { ELIGIBILITY_URL: `${sandboxUrl}/fhir` } : {}),
  };
}
