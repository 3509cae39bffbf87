import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { Stripe } from 'stripe';
import { createStripeSandbox } from '../../sandbox/stripe/index.ts';
import type { StripeSandboxOptions } from '../../sandbox/stripe/index.ts';

export const SECRET_KEY = 'sk_test_standin0123456789';
export const WEBHOOK_SECRET = 'whsec_standin0123456789';

export type Received = { event: Stripe.Event; body: string; signature: string };

/** A webhook endpoint whose answers a test chooses. */
export type Endpoint = {
  url: string;
  received: Received[];
  /** The next answers' status codes; 200 when used up. */
  answers: number[];
  /** Resolves once `count` deliveries have come in. */
  waitFor(count: number): Promise<void>;
  close(): Promise<void>;
};

export type Bench = {
  stripe: Stripe;
  baseUrl: string;
  control<T = unknown>(path: string, body?: object): Promise<T>;
  state(): Promise<State>;
  close(): Promise<void>;
};

export type State = {
  payment_intents: Stripe.PaymentIntent[];
  charges: Stripe.Charge[];
  refunds: Stripe.Refund[];
  events: Stripe.Event[];
  disputes: Stripe.Dispute[];
  deliveries: { event: string; state: string; attempts: number }[];
  totals: { captured: number; refunded: number };
};

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** The stand-in behind a real HTTP server, with the official SDK pointed at it. */
export async function startBench(options: Partial<StripeSandboxOptions> = {}): Promise<Bench> {
  const sandbox = createStripeSandbox({
    secretKey: SECRET_KEY,
    webhookUrl: '',
    webhookSecret: WEBHOOK_SECRET,
    ...options,
  });
  const app = express();
  app.use('/v1', sandbox.router);
  app.use('/control/stripe', sandbox.control);
  const server = createServer(app);
  const port = await listen(server);
  const baseUrl = `http://127.0.0.1:${port}`;
  const stripe = sdk(port);
  const control = async <T>(path: string, body?: object): Promise<T> => {
    const response = await fetch(`${baseUrl}/control/stripe${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body ?? {}),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    stripe,
    baseUrl,
    control,
    state: async () => (await (await fetch(`${baseUrl}/control/stripe/state`)).json()) as State,
    close: async () => {
      await sandbox.close();
      await stop(server);
    },
  };
}

/** The official SDK on a loopback port, without retries unless a test asks for them. */
export function sdk(port: number, config: { key?: string; retries?: number } = {}): Stripe {
  return new Stripe(config.key ?? SECRET_KEY, {
    host: '127.0.0.1',
    port,
    protocol: 'http',
    maxNetworkRetries: config.retries ?? 0,
    telemetry: false,
    timeout: 30_000,
  });
}

export function portOf(bench: Bench): number {
  return Number(new URL(bench.baseUrl).port);
}

/** What a call is refused with. */
export async function refusal(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  throw new Error('The call was expected to be refused.');
}

/** Collects webhooks; each is verified with the SDK before it counts. */
export async function startEndpoint(): Promise<Endpoint> {
  const received: Received[] = [];
  const answers: number[] = [];
  let waiting: { count: number; resolve: () => void }[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const signature = String(req.headers['stripe-signature']);
      const event = new Stripe(SECRET_KEY).webhooks.constructEvent(body, signature, WEBHOOK_SECRET);
      received.push({ event, body, signature });
      res.writeHead(answers.shift() ?? 200).end();
      for (const wait of waiting) if (received.length >= wait.count) wait.resolve();
      waiting = waiting.filter((wait) => received.length < wait.count);
    });
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}/webhooks/stripe`,
    received,
    answers,
    waitFor: (count) =>
      new Promise((resolve) => {
        if (received.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    close: () => stop(server),
  };
}

/** Parameters of an ordinary authorisation. */
export function authorisation(
  changes: Partial<Stripe.PaymentIntentCreateParams> = {},
): Stripe.PaymentIntentCreateParams {
  return {
    amount: 12_000,
    currency: 'usd',
    capture_method: 'manual',
    payment_method: 'pm_card_visa',
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    confirm: true,
    ...changes,
  };
}
