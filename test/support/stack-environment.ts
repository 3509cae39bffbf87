import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMailGateway } from '../../activities/gateways/mail.ts';
import { createCardGateway } from '../../activities/gateways/stripe.ts';
import { createTwilioGateway } from '../../activities/gateways/twilio.ts';
import { createEligibilityGateway } from '../../activities/gateways/eligibility.ts';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { provideWorkflowBundle } from '../../workers/bundle.ts';
import type { TestApiOptions } from './api.ts';

/** Shared on purpose: it holds nothing but what processes would otherwise build again and again. */
const HOME = join(tmpdir(), 'holdfast-test-home');
const STRIPE = { secretKey: 'sk_test_stack0123456789', webhookSecret: 'whsec_stack0123456789' };
const TWILIO = { accountSid: `AC${'5'.repeat(32)}`, authToken: 'stack-token' };
const TWILIO_NUMBER = '+15005550006';
const MAIL_FROM = 'Clinic <clinic@test.example>';

type Lane = Parameters<typeof provideWorkflowBundle>[1];
const bundles = new Map<Lane, Promise<unknown>>();

/** Made once, before the first process of a lane looks for it. */
export async function prepareBundle(lane?: Lane): Promise<void> {
  const made = bundles.get(lane) ?? provideWorkflowBundle(join(HOME, 'bundles'), lane);
  bundles.set(lane, made);
  await made;
}

/** The stand-ins of a stack, whose news go to its API. */
export function openSandbox(apiUrl: string): Promise<Sandbox> {
  return startSandbox({
    port: 0,
    stripe: { ...STRIPE, webhookUrl: `${apiUrl}/webhooks/stripe` },
    twilio: {
      ...TWILIO,
      number: TWILIO_NUMBER,
      inboundSmsUrl: `${apiUrl}/webhooks/twilio/inbound`,
    },
    mail: { port: 0 },
  });
}

/** What an API in this process reaches the stand-ins by. */
export function gatewaysTo(sandbox: Sandbox, publicUrl: string, keyRing: KeyRing): TestApiOptions {
  const apiUrl = sandbox.url;
  return {
    http: { publicUrl },
    deps: {
      keyRing,
      cards: createCardGateway({ ...STRIPE, apiUrl }),
      sms: createTwilioGateway({ ...TWILIO, from: TWILIO_NUMBER, apiUrl, publicUrl }),
      mail: createMailGateway({ smtpUrl: smtpUrl(sandbox), from: MAIL_FROM }),
      eligibility: createEligibilityGateway({ baseUrl: `${apiUrl}/fhir` }),
    },
  };
}

function smtpUrl(sandbox: Sandbox): string {
  return `smtp://127.0.0.1:${String(sandbox.smtpPort)}`;
}

interface Surroundings {
  readonly databaseUrl: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly sandbox: Sandbox;
  readonly apiUrl: string;
  readonly keysFile: string;
}

/** What every process of a stack is started with; each has a port of its own besides. */
export function environmentOf({ databaseUrl, temporal, sandbox, apiUrl, keysFile }: Surroundings) {
  return {
    HOLDFAST_HOME: HOME,
    NODE_COMPILE_CACHE: join(HOME, 'compiled'),
    HOLDFAST_KEYS_FILE: keysFile,
    HOLDFAST_SANDBOX: '1',
    // Tests keep all processors busy, and are about other things.
    SHED_BUSY_PERCENT: '100',
    LOG_LEVEL: 'info',
    HOST: '127.0.0.1',
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    STRIPE_SECRET_KEY: STRIPE.secretKey,
    STRIPE_WEBHOOK_SECRET: STRIPE.webhookSecret,
    STRIPE_API_URL: sandbox.url,
    TWILIO_ACCOUNT_SID: TWILIO.accountSid,
    TWILIO_AUTH_TOKEN: TWILIO.authToken,
    TWILIO_FROM: TWILIO_NUMBER,
    TWILIO_API_URL: sandbox.url,
    SMTP_URL: smtpUrl(sandbox),
    MAIL_FROM,
    ELIGIBILITY_URL: `${sandbox.url}/fhir`,
    PUBLIC_URL: apiUrl,
  };
}
