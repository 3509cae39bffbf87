import { timingSafeEqual } from 'node:crypto';
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import { createFaults } from '../faults.ts';
import { openJournal } from '../journal.ts';
import { createCallRunner } from './call-runner.ts';
import { callRoutes } from './calls.ts';
import { TWILIO_FAULTS, type TwilioFault } from './context.ts';
import { type ControlContext, controlRoutes } from './control.ts';
import { presentError, TwilioSandboxError } from './errors.ts';
import { messageRoutes, resumeMessages } from './messages.ts';
import type { CallRecord, MessageRecord } from './records.ts';
import { createWebhooks, type Webhooks } from './webhooks.ts';

export type { TwilioFault } from './context.ts';
export { TEST_NUMBERS } from './numbers.ts';
export { signRequest } from './webhooks.ts';
export type { CallRecord, MessageRecord } from './records.ts';

export interface TwilioSandboxOptions {
  /** `AC` and 32 hexadecimal digits. */
  readonly accountSid: string;
  readonly authToken: string;
  /** The account's number in E.164: texts and calls must come from it. */
  readonly number: string;
  /** Where texts to the account's number are posted; can be changed through the control. */
  readonly inboundSmsUrl?: string;
  /** Keeps what was sent over restarts; without it, everything lives in memory. */
  readonly dataFile?: string;
  /** How long a text or call stays in each state. */
  readonly stepDelayMs?: number;
  /** The length of a second on the phone; shorter ones make tests quick. */
  readonly secondMs?: number;
  readonly clock?: () => number;
}

export interface TwilioSandbox {
  /** Mount at `/2010-04-01`. */
  readonly router: Router;
  /** Mount at `/control/twilio`. */
  readonly control: Router;
  readonly faults: ControlContext['faults'];
  readonly webhooks: Webhooks;
  messages(): MessageRecord[];
  calls(): CallRecord[];
  close(): void;
}

/** A stand-in for the provider's Messages and Calls, on its wire format. */
export function createTwilioSandbox(options: TwilioSandboxOptions): TwilioSandbox {
  const closing = new AbortController();
  const journal = openJournal(options.dataFile);
  const context = createContext(options, closing.signal, journal);
  const runner = createCallRunner(context);
  resumeMessages(context);
  runner.resume();
  return {
    router: apiRouter(options, context, runner),
    control: controlRoutes(context, runner),
    faults: context.faults,
    webhooks: context.webhooks,
    messages: () => context.messages.list(),
    calls: () => context.calls.list(),
    close() {
      closing.abort();
      context.webhooks.close();
      journal.close();
    },
  };
}

function createContext(
  options: TwilioSandboxOptions,
  closing: AbortSignal,
  journal: ReturnType<typeof openJournal>,
): ControlContext {
  const { clock = Date.now, stepDelayMs = 150, secondMs = 1000 } = options;
  let inboundSmsUrl = options.inboundSmsUrl ?? null;
  return {
    accountSid: options.accountSid,
    number: options.number,
    messages: journal.collection<MessageRecord>('messages'),
    calls: journal.collection<CallRecord>('calls'),
    optOuts: journal.collection<{ readonly at: number }>('opt-outs'),
    webhooks: createWebhooks({ authToken: options.authToken, clock, retryDelayMs: secondMs }),
    faults: createFaults<TwilioFault>(TWILIO_FAULTS),
    clock,
    stepDelayMs,
    secondMs,
    closing,
    later: (delayMs, task) => runLater(closing, delayMs, task),
    inboundSmsUrl: () => inboundSmsUrl,
    setInboundSmsUrl: (url) => void (inboundSmsUrl = url),
    clear: () => journal.clear(),
  };
}

function runLater(closing: AbortSignal, delayMs: number, task: () => void): void {
  const timer = setTimeout(() => {
    if (!closing.aborted) task();
  }, delayMs);
  timer.unref();
}

function apiRouter(
  options: TwilioSandboxOptions,
  context: ControlContext,
  runner: ReturnType<typeof createCallRunner>,
): Router {
  const account = express.Router({ mergeParams: true });
  account.use(messageRoutes(context), callRoutes(context, runner));
  const router = express.Router();
  router.use(authenticate(options));
  router.use(express.urlencoded({ extended: false, limit: '64kb' }));
  router.get('/Accounts/:account.json', (_req, res) => {
    const { accountSid: sid } = options;
    const uri = `/2010-04-01/Accounts/${sid}.json`;
    res.json({ sid, friendly_name: 'Sandbox', status: 'active', type: 'Full', uri });
  });
  router.use('/Accounts/:account', account);
  router.use((req: Request) => {
    throw new TwilioSandboxError(20404, req.originalUrl);
  });
  router.use(presentError);
  return router;
}

/** Basic authentication by the account's sid and token, for the account named in the path. */
function authenticate(options: TwilioSandboxOptions) {
  const expected = Buffer.from(`${options.accountSid}:${options.authToken}`);
  return (req: Request, _res: Response, next: NextFunction): void => {
    const [scheme, encoded = ''] = (req.get('authorization') ?? '').split(' ');
    const given = Buffer.from(encoded, 'base64');
    const known = given.length === expected.length && timingSafeEqual(given, expected);
    const account = /^\/Accounts\/(AC[0-9a-f]+)/i.exec(req.path)?.[1];
    if (scheme?.toLowerCase() !== 'basic' || !known || account !== options.accountSid) {
      throw new TwilioSandboxError(20003);
    }
    next();
  };
}
