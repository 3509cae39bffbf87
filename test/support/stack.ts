import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createMailGateway } from '../../activities/gateways/mail.ts';
import { createCardGateway } from '../../activities/gateways/stripe.ts';
import { createTwilioGateway } from '../../activities/gateways/twilio.ts';
import { createEligibilityGateway } from '../../activities/gateways/eligibility.ts';
import { createClientDataConverter } from '../../crypto/data-converter.ts';
import { createKeyRing, loadKeyRing } from '../../crypto/key-ring.ts';
import type { Plan } from '../../domain/plan.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { provideWorkflowBundle } from '../../workers/bundle.ts';
import { searchAttributes } from '../../scripts/parts/temporal-flags.ts';
import { type TestApi, type TestApiOptions, startTestApi } from './api.ts';
import { freePort } from './free-port.ts';
import type { KillPoint } from './killable-points.ts';
import { holdNews } from './stack-news.ts';
import { QUICK_PLAN, setPlan } from './stack-people.ts';
import { type StackProcess, startProcess } from './stack-process.ts';

/** Shared on purpose: it holds nothing but what processes would otherwise build again and again. */
const HOME = join(tmpdir(), 'holdfast-test-home');
const STRIPE = { secretKey: 'sk_test_stack0123456789', webhookSecret: 'whsec_stack0123456789' };
const TWILIO = { accountSid: `AC${'5'.repeat(32)}`, authToken: 'stack-token' };
const TWILIO_NUMBER = '+15005550006';
const MAIL_FROM = 'Clinic <clinic@test.example>';

export interface StackOptions {
  /** What sessions are booked under; quick by default. */
  readonly plan?: Plan;
  /** A key file to work with, for histories that must open later; a fresh one by default. */
  readonly keysFile?: string;
}

/** The whole product on one database and one Temporal namespace of its own, stand-ins included. */
export interface Stack {
  readonly api: TestApi;
  readonly namespace: string;
  readonly temporal: Client;
  readonly sandboxUrl: string;
  /** Starts the core worker, as `npm start` does. */
  startWorker(): Promise<StackProcess>;
  /** Starts the worker of alerts, as `npm start` does. */
  startCrisisWorker(): Promise<StackProcess>;
  /** Starts the core worker so that it kills itself at a point. */
  startKillableWorker(point: KillPoint): Promise<StackProcess>;
  /** Starts an API that kills itself at a point; the stack's own API stays as it is. */
  startKillableApi(point: KillPoint): Promise<StackProcess & { readonly url: string }>;
  /** What all processes of the stack have written, dead ones included. */
  logs(): string;
  close(): Promise<void>;
}

/** Made once, before the first process looks for it. */
let bundle: Promise<unknown> | undefined;

/** One call brings everything up but the worker: the API runs here, the rest as it really does. */
export async function startStack(
  server: TestWorkflowEnvironment,
  options: StackOptions = {},
): Promise<Stack> {
  await (bundle ??= provideWorkflowBundle(join(HOME, 'bundles')));
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-stack-'));
  const keysFile = join(folder, 'keys.json');
  if (options.keysFile !== undefined) await copyKeys(options.keysFile, keysFile);
  const keyRing =
    options.keysFile === undefined ? await createKeyRing(keysFile) : await loadKeyRing(keysFile);
  const namespace = await openNamespace(server);
  const temporal = new Client({
    connection: server.connection,
    namespace,
    dataConverter: createClientDataConverter(keyRing),
  });
  const parts: { sandbox?: Sandbox } = {};
  const api = await startTestApi(async (url) => {
    parts.sandbox = await openSandbox(url);
    return { ...gatewaysTo(parts.sandbox, url, keyRing), temporal };
  });
  await setPlan(api, options.plan ?? QUICK_PLAN);
  const sandbox = parts.sandbox!;
  const env = environmentOf({ api, sandbox, namespace, keysFile, address: server.address });
  return assemble({ api, namespace, temporal, sandbox, env, folder });
}

async function copyKeys(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  await chmod(to, 0o600);
}

let namespaces = 0;

/** Sessions always use the one task queue of the product, so what keeps stacks apart is a namespace. */
async function openNamespace(server: TestWorkflowEnvironment): Promise<string> {
  namespaces += 1;
  const namespace = `stack-${process.pid}-${String(namespaces)}`;
  const { workflowService, operatorService } = server.connection;
  await workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const codes = { Keyword: 2, Datetime: 6 } as const;
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(
      Object.entries(searchAttributes).map(([name, type]) => [name, codes[type]]),
    ),
  });
  return namespace;
}

function openSandbox(apiUrl: string): Promise<Sandbox> {
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

function gatewaysTo(
  sandbox: Sandbox,
  publicUrl: string,
  keyRing: Awaited<ReturnType<typeof loadKeyRing>>,
): TestApiOptions {
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
  readonly api: TestApi;
  readonly sandbox: Sandbox;
  readonly namespace: string;
  readonly keysFile: string;
  readonly address: string;
}

function environmentOf({ api, sandbox, namespace, keysFile, address }: Surroundings) {
  return {
    HOLDFAST_HOME: HOME,
    NODE_COMPILE_CACHE: join(HOME, 'compiled'),
    HOLDFAST_KEYS_FILE: keysFile,
    HOLDFAST_SANDBOX: '1',
    // Tests keep all processors busy, and are about other things.
    SHED_BUSY_PERCENT: '100',
    LOG_LEVEL: 'info',
    HOST: '127.0.0.1',
    DATABASE_URL: api.databaseUrl,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
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
    PUBLIC_URL: api.url,
  };
}

interface Parts {
  readonly api: TestApi;
  readonly namespace: string;
  readonly temporal: Client;
  readonly sandbox: Sandbox;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
}

function assemble({ api, namespace, temporal, sandbox, env, folder }: Parts): Stack {
  const processes: StackProcess[] = [];
  const start = async (
    entry: string,
    args: readonly string[],
    ready: string,
    ports: Readonly<Record<string, string>> = {},
  ): Promise<StackProcess> => {
    const started = await startProcess(entry, args, { ...env, ...ports }, ready);
    processes.push(started);
    return started;
  };
  return {
    api,
    namespace,
    temporal,
    sandboxUrl: sandbox.url,
    startWorker: async () =>
      start('workers/core/main.ts', [], 'the core worker runs', {
        WORKER_PORT: String(await freePort()),
      }),
    startCrisisWorker: async () =>
      start('workers/crisis/main.ts', [], 'the crisis worker runs', {
        CRISIS_WORKER_PORT: String(await freePort()),
      }),
    startKillableWorker: (point) =>
      start('test/support/killable-worker.ts', [point], 'the core worker runs'),
    startKillableApi: async (point) => {
      const port = String(await freePort());
      const child = await start('test/support/killable-api.ts', [point], 'the API listens', {
        PORT: port,
      });
      return { ...child, url: `http://127.0.0.1:${port}` };
    },
    logs: () => [...processes.map(({ output }) => output()), JSON.stringify(api.logged)].join('\n'),
    close: async () => {
      await Promise.all(processes.map((each) => each.kill()));
      // None of the stand-ins' news shall meet a closing API.
      await holdNews(sandbox.url);
      await api.close();
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
