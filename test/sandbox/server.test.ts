import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import nodemailer from 'nodemailer';
import Stripe from 'stripe';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { requestJson } from './support/http.ts';
import { ACCOUNT_SID, AUTH_TOKEN, NUMBER, sdkAt } from './support/twilio.ts';

const MAIN = fileURLToPath(new URL('../../sandbox/main.ts', import.meta.url));
const SECRET_KEY = 'sk_test_sandbox';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const start = (): Promise<Sandbox> =>
  startSandbox({
    port: 0,
    dataFolder: folder,
    stripe: { secretKey: SECRET_KEY, webhookSecret: 'whsec_x', webhookUrl: '' },
    twilio: {
      accountSid: ACCOUNT_SID,
      authToken: AUTH_TOKEN,
      number: NUMBER,
      inboundSmsUrl: 'http://127.0.0.1:1/inbound',
    },
    mail: { port: 0 },
  });

test('one server stands in for all, and shows over a restart what was sent', async () => {
  let sandbox = await start();
  const { hostname, port } = new URL(sandbox.url);
  const stripe = new Stripe(SECRET_KEY, { host: hostname, port, protocol: 'http' });
  await stripe.paymentIntents.create({ amount: 12_345, currency: 'usd' });
  await sdkAt(sandbox.url).messages.create({ to: '+14155550111', from: NUMBER, body: 'A text' });
  await nodemailer
    .createTransport({ host: '127.0.0.1', port: sandbox.smtpPort ?? 0 })
    .sendMail({ from: 'a@example.test', to: 'b@example.test', subject: 'A mail', text: 'Hello' });
  expect(await requestJson(`${sandbox.url}/health`)).toEqual({
    status: 'ok',
    standIns: ['stripe', 'twilio', 'mail', 'payer', 'model', 'speech'],
  });
  await sandbox.close();

  sandbox = await start();
  const page = await (await fetch(sandbox.url)).text();
  for (const sent of ['A text', 'A mail', '$123.45']) expect(page).toContain(sent);
  await sandbox.close();
});

test('closes although somebody waits for an answer that never comes', async () => {
  const sandbox = await start();
  const faults = `${sandbox.url}/control/twilio/faults`;
  await requestJson(faults, 'POST', { kind: 'timeout_after' });
  const waiting = sdkAt(sandbox.url)
    .messages.create({ to: '+14155550111', from: NUMBER, body: 'A text' })
    .catch((error: unknown) => error);
  const accepted = async (): Promise<boolean> =>
    JSON.stringify(await requestJson(`${sandbox.url}/control/twilio/messages`)).includes('A text');
  while (!(await accepted()));
  await sandbox.close();
  expect(await waiting).toHaveProperty('code', 'ECONNRESET');
});

test('pages of other sites steer nothing', async () => {
  const sandbox = await start();
  const response = await fetch(`${sandbox.url}/control/twilio/faults`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'cross-site' },
    body: '{"kind":"error_500"}',
  });
  expect(response.status).toBe(403);
  await sandbox.close();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('the process starts from the settings and ends well on a signal', async () => {
  const [port, smtpPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${String(port)}`;
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      HOLDFAST_HOME: folder,
      SANDBOX_PORT: String(port),
      SMTP_PORT: String(smtpPort),
      DATABASE_URL: 'postgresql://localhost/unused',
      STRIPE_SECRET_KEY: SECRET_KEY,
      STRIPE_WEBHOOK_SECRET: 'whsec_x',
      STRIPE_API_URL: url,
      TWILIO_ACCOUNT_SID: ACCOUNT_SID,
      TWILIO_AUTH_TOKEN: AUTH_TOKEN,
      TWILIO_FROM: NUMBER,
      TWILIO_API_URL: url,
      SMTP_URL: `smtp://127.0.0.1:${String(smtpPort)}`,
      MAIL_FROM: 'clinic@example.test',
    },
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  expect(line.toString()).toContain(url);
  expect(await requestJson(`${url}/health`)).toMatchObject({ status: 'ok' });
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
