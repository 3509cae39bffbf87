import express, { type Request, type Response, type Router } from 'express';
import type { CallRunner } from './call-runner.ts';
import { field, pathParam, type TwilioContext, webhookUrl } from './context.ts';
import { receiveText } from './inbound.ts';
import { listMessages } from './messages.ts';
import { normaliseNumber, TEST_NUMBERS } from './numbers.ts';
import type { CallRecord } from './records.ts';
import { isFinalCall } from './records.ts';

export interface ControlContext extends TwilioContext {
  setInboundSmsUrl(url: string | null): void;
  clear(): void;
}

/** What a test, or a person at the page, does in the place of phones and carriers. */
export function controlRoutes(context: ControlContext, runner: CallRunner): Router {
  const router = express.Router();
  router.use('/faults', context.faults.router);
  router.use(express.json());
  router.get('/messages', (req, res) => {
    const found = listMessages(context).filter((message) => concerns(req, message));
    res.json({ messages: found.toReversed() });
  });
  router.get('/calls', (req, res) => {
    res.json({ calls: context.calls.list().filter((call) => concerns(req, call)) });
  });
  router.delete('/', (_req, res) => {
    context.clear();
    res.status(204).end();
  });
  router.get('/numbers', (_req, res) => {
    res.json({ number: context.number, testNumbers: TEST_NUMBERS });
  });
  router.put('/inbound', (req, res) => {
    context.setInboundSmsUrl(webhookUrl(field(req.body, 'url')));
    res.json({ url: context.inboundSmsUrl() });
  });
  router.post('/inbound', (req, res, next) => {
    receive(context, req, res).catch(next);
  });
  keypadRoutes(router, context, runner);
  callbackRoutes(router, context);
  return router;
}

/** `?to=` picks one recipient; without it everything is shown. */
function concerns(req: Request, record: { readonly to: string }): boolean {
  const to = field(req.query, 'to');
  // An unescaped plus sign in a query arrives as a space.
  return to === null || record.to === normaliseNumber(to.replace(/^\s/, '+'));
}

async function receive(context: TwilioContext, req: Request, res: Response): Promise<void> {
  const from = normaliseNumber(field(req.body, 'from') ?? '');
  const body = field(req.body, 'body');
  if (from === null || body === null) {
    res.status(400).json({ error: 'from is a number in E.164, body a text' });
    return;
  }
  res.status(201).json(await receiveText(context, from, body));
}

function keypadRoutes(router: Router, context: TwilioContext, runner: CallRunner): void {
  const press = (call: CallRecord | undefined, req: Request, res: Response): void => {
    const digits = field(req.body, 'digits');
    if (digits === null || !/^[0-9*#]{1,50}$/.test(digits)) {
      res.status(400).json({ error: 'digits are made of 0 to 9, * and #' });
    } else if (call === undefined) {
      res.status(404).json({ error: 'no such call' });
    } else {
      const pressed = runner.press(call.sid, digits);
      if (pressed === null) res.status(409).json({ error: 'the call asks for no keys now' });
      else res.json({ callSid: call.sid, ...pressed });
    }
  };
  router.post('/calls/:sid/keypad', (req, res) => {
    press(context.calls.get(pathParam(req, 'sid')), req, res);
  });
  router.post('/keypad', (req, res) => {
    const to = normaliseNumber(field(req.body, 'to') ?? '');
    const live = context.calls.list().filter((call) => call.to === to && !isFinalCall(call));
    press(live.at(-1), req, res);
  });
  router.post('/calls/:sid/hangup', (req, res) => {
    const ended = runner.end(pathParam(req, 'sid'), 'completed');
    res.status(ended ? 200 : 409).json({ ended });
  });
}

function callbackRoutes(router: Router, context: TwilioContext): void {
  router.get('/callbacks', (_req, res) => {
    res.json(context.webhooks.state());
  });
  router.put('/callbacks', (req, res) => {
    if (flag(req.body, 'paused')) context.webhooks.pause();
    else context.webhooks.resume();
    res.json(context.webhooks.state());
  });
  router.post('/callbacks/flush', (req, res, next) => {
    const options = { reverse: flag(req.body, 'reverse'), duplicate: flag(req.body, 'duplicate') };
    context.webhooks.flush(options).then((sent) => res.json({ sent }), next);
  });
}

function flag(body: unknown, name: string): boolean {
  return typeof body === 'object' && body !== null && Reflect.get(body, name) === true;
}
