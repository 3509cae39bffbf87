import express, { type Request, type Response, type Router } from 'express';
import type { CallRunner } from './call-runner.ts';
import type { CallDocument } from './call-script.ts';
import type { TwilioContext } from './context.ts';
import {
  field,
  fields,
  httpMethod,
  pathParam,
  suffersAfter,
  suffersBefore,
  webhookUrl,
} from './context.ts';
import { TwilioSandboxError } from './errors.ts';
import { fateOf, normaliseNumber } from './numbers.ts';
import { matchesDateFilter, presentPage } from './paging.ts';
import type { CallEvent, CallRecord } from './records.ts';
import { newSid, presentCall } from './records.ts';

const CALL_EVENTS: readonly CallEvent[] = ['initiated', 'ringing', 'answered', 'completed'];
const DEFAULT_RING_SECONDS = 60;
const MAX_RING_SECONDS = 600;

/** The `Calls` resource: create, list, fetch, change. */
export function callRoutes(context: TwilioContext, runner: CallRunner): Router {
  const router = express.Router();
  router.post('/Calls.json', (req, res) => {
    createCall(context, runner, req, res);
  });
  router.get('/Calls.json', (req, res) => {
    const found = context.calls
      .list()
      .toReversed()
      .filter((call) => matches(req, call));
    const options = { key: 'calls', tokenPrefix: 'CA' };
    res.json(presentPage(req, found, options, (call) => presentCall(context.accountSid, call)));
  });
  router.get('/Calls/:sid.json', (req, res) => {
    res.json(presentCall(context.accountSid, callOf(context, req)));
  });
  router.post('/Calls/:sid.json', (req, res) => {
    changeCall(runner, callOf(context, req), req.body);
    res.json(presentCall(context.accountSid, callOf(context, req)));
  });
  return router;
}

function createCall(context: TwilioContext, runner: CallRunner, req: Request, res: Response): void {
  const fault = context.faults.take(field(req.body, 'To') ?? undefined);
  if (suffersBefore(fault, res)) return;
  const call = readCall(context, req.body);
  context.calls.put(call.sid, call);
  runner.start(call);
  if (suffersAfter(fault, res)) return;
  res.status(201).json(presentCall(context.accountSid, call));
}

function readCall(context: TwilioContext, form: unknown): CallRecord {
  const { to, from } = readNumbers(context, form);
  const document = readDocument(form);
  if (document.url === null && document.twiml === null) throw new TwilioSandboxError(21205);
  const callback = field(form, 'StatusCallback');
  const statusCallback = webhookUrl(callback);
  if (callback !== null && statusCallback === null) throw new TwilioSandboxError(21609, callback);
  const now = context.clock();
  return {
    ...document,
    sid: newSid('CA'),
    to,
    from,
    status: 'queued',
    createdAt: now,
    updatedAt: now,
    startedAt: null,
    endedAt: null,
    answeredBy: null,
    machineDetection: field(form, 'MachineDetection') !== null,
    ringTimeoutSeconds: readRingTimeout(field(form, 'Timeout')),
    statusCallback,
    statusCallbackMethod: httpMethod(form, 'StatusCallbackMethod'),
    statusCallbackEvents: readEvents(form),
    sequence: 0,
    transcript: [],
  };
}

function readNumbers(context: TwilioContext, form: unknown): { to: string; from: string } {
  const typedTo = field(form, 'To');
  const from = field(form, 'From');
  if (typedTo === null) throw new TwilioSandboxError(21201);
  if (from === null) throw new TwilioSandboxError(21213);
  const sender = normaliseNumber(from);
  if (sender === null) throw new TwilioSandboxError(21212, from);
  if (sender !== context.number && sender !== '+15005550006') {
    throw new TwilioSandboxError(21210, from);
  }
  const to = normaliseNumber(typedTo);
  if (to === null) throw new TwilioSandboxError(21211, typedTo);
  const fate = fateOf(to).call;
  if ('refusal' in fate) throw new TwilioSandboxError(fate.refusal, typedTo);
  return { to, from: sender };
}

function readDocument(form: unknown): CallDocument {
  return {
    url: webhookUrl(field(form, 'Url')),
    method: httpMethod(form, 'Method'),
    twiml: field(form, 'Twiml'),
  };
}

function readRingTimeout(typed: string | null): number {
  const seconds = Number(typed ?? DEFAULT_RING_SECONDS);
  if (!Number.isInteger(seconds) || seconds < 1) throw new TwilioSandboxError(20001, 'Timeout');
  return Math.min(seconds, MAX_RING_SECONDS);
}

/** Without a wish, only the end of the call is reported. Several may share one field. */
function readEvents(form: unknown): CallEvent[] {
  const wished = fields(form, 'StatusCallbackEvent').flatMap((value) => value.split(/\s+/));
  const known = CALL_EVENTS.filter((event) => wished.includes(event));
  return known.length > 0 ? known : ['completed'];
}

function changeCall(runner: CallRunner, call: CallRecord, form: unknown): void {
  const status = field(form, 'Status');
  const document = readDocument(form);
  if (status === 'completed' || status === 'canceled') {
    const answered = call.status === 'in-progress';
    if (status === 'completed' || !answered) runner.end(call.sid, status);
  } else if (document.url !== null || document.twiml !== null) {
    const redirected = call.status === 'in-progress' && runner.redirect(call.sid, document);
    if (!redirected) throw new TwilioSandboxError(21220);
  } else {
    throw new TwilioSandboxError(20001, 'Status');
  }
}

function callOf(context: TwilioContext, req: Request): CallRecord {
  const call = context.calls.get(pathParam(req, 'sid'));
  if (call === undefined) throw new TwilioSandboxError(20404, req.originalUrl);
  return call;
}

function matches(req: Request, call: CallRecord): boolean {
  const to = field(req.query, 'To');
  const from = field(req.query, 'From');
  const status = field(req.query, 'Status');
  return (
    (to === null || call.to === normaliseNumber(to)) &&
    (from === null || call.from === normaliseNumber(from)) &&
    (status === null || call.status === status) &&
    matchesDateFilter(req.query, 'StartTime', call.startedAt)
  );
}
