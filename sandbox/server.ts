import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express, { type NextFunction, type Request, type Response } from 'express';
import { startMailSandbox, type MailSandbox } from './mail/index.ts';
import { createModelSandbox, type ModelSandbox } from './model/index.ts';
import { createPage, type Payment } from './page/index.ts';
import { listPayments } from './page/payments.ts';
import { createPayerSandbox, type PayerSandbox } from './payer/index.ts';
import { createSpeechSandbox, type SpeechSandbox } from './speech/index.ts';
import { createStripeSandbox, type StripeSandbox } from './stripe/index.ts';
import { createTwilioSandbox, type TwilioSandbox } from './twilio/index.ts';

export interface SandboxOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly host?: string;
  /** Keeps what was sent over restarts; without it, everything lives in memory. */
  readonly dataFolder?: string;
  /** Each null where the real provider is used. */
  readonly stripe: {
    readonly secretKey: string;
    readonly webhookSecret: string;
    readonly webhookUrl: string;
  } | null;
  readonly twilio: {
    readonly accountSid: string;
    readonly authToken: string;
    readonly number: string;
    readonly inboundSmsUrl: string;
  } | null;
  readonly mail: { readonly port: number } | null;
}

export interface Sandbox {
  readonly url: string;
  /** Where SMTP is spoken; null without the mail stand-in. */
  readonly smtpPort: number | null;
  close(): Promise<void>;
}

interface Parts {
  readonly stripe: StripeSandbox | null;
  readonly twilio: TwilioSandbox | null;
  readonly mail: MailSandbox | null;
  readonly payer: PayerSandbox;
  readonly model: ModelSandbox;
  readonly speech: SpeechSandbox;
}

/** Longer than callers keep a quiet connection: none asks while it is just being closed. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/**
 * Starts the stand-ins behind one HTTP server: Stripe under `/v1`, Twilio under
 * `/2010-04-01`, payers under `/fhir`, a language model
 * under `/model/v1`, speech to text under `/speech/v1`, what steers them under `/control`, the page at `/`.
 * @throws when a port can't be listened on.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const parts = await startParts(options);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS });
  const host = options.host ?? '127.0.0.1';
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, host, resolve);
    });
  } catch (error) {
    await closeParts(parts);
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const url = `http://${host}:${String(port)}`;
  server.on('request', createApp(options, parts, url));
  return {
    url,
    smtpPort: parts.mail?.port ?? null,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      // Some answers never come, on purpose; waiting for them would last for ever.
      server.closeAllConnections();
      await closeParts(parts);
      await closed;
    },
  };
}

async function startParts({ stripe, twilio, mail, dataFolder }: SandboxOptions): Promise<Parts> {
  const keptIn = (name: string): { dataFile?: string } =>
    dataFolder === undefined ? {} : { dataFile: join(dataFolder, name) };
  const inbox = mail === null ? null : await startMailSandbox({ ...mail, ...keptIn('mail.jsonl') });
  return {
    stripe: stripe === null ? null : createStripeSandbox({ ...stripe, ...keptIn('stripe.jsonl') }),
    twilio: twilio === null ? null : createTwilioSandbox({ ...twilio, ...keptIn('twilio.jsonl') }),
    mail: inbox,
    payer: createPayerSandbox(),
    model: createModelSandbox(),
    speech: createSpeechSandbox(),
  };
}

async function closeParts({ stripe, twilio, mail, payer, model, speech }: Parts): Promise<void> {
  twilio?.close();
  payer.close();
  model.close();
  speech.close();
  await stripe?.close();
  await mail?.close();
}

function createApp(options: SandboxOptions, parts: Parts, url: string): express.Express {
  const { stripe, twilio, mail, payer, model, speech } = parts;
  const app = express();
  app.disable('x-powered-by');
  app.get('/health', (_req, res) => {
    const standIns = ['stripe', 'twilio', 'mail'] as const;
    const running = [...standIns.filter((name) => parts[name]), 'payer', 'model', 'speech'];
    res.json({ status: 'ok', standIns: running });
  });
  app.use('/control', refuseOtherSites);
  if (stripe !== null) app.use('/v1', stripe.router).use('/control/stripe', stripe.control);
  if (twilio !== null) app.use('/2010-04-01', twilio.router).use('/control/twilio', twilio.control);
  if (mail !== null) app.use('/control/mail', mail.control);
  app.use('/model/v1', model.router).use('/control/model', model.control);
  app.use('/speech/v1', speech.router).use('/control/speech', speech.control);
  app.use('/fhir', payer.router).use('/control/payer', payer.control);
  app.use(
    createPage({
      messages: () => twilio?.messages().toReversed() ?? [],
      calls: () => twilio?.calls().toReversed() ?? [],
      mails: () => mail?.messages() ?? [],
      payments: async (): Promise<readonly Payment[]> =>
        options.stripe === null ? [] : listPayments(url, options.stripe.secretKey),
    }),
  );
  app.use((_req, res) => {
    res.status(404).type('text').send('Nothing is here.\n');
  });
  return app;
}

/** The control takes no credentials: pages of other sites must not steer it from a browser. */
function refuseOtherSites(req: Request, res: Response, next: NextFunction): void {
  const site = req.get('sec-fetch-site') ?? 'none';
  if (req.method === 'GET' || site === 'same-origin' || site === 'none') next();
  else res.status(403).json({ error: 'not from another site' });
}
