import express, { type Request, type Response, type Router } from 'express';
import type { TwilioContext } from './context.ts';
import { field, fields, pathParam, suffersAfter, suffersBefore, webhookUrl } from './context.ts';
import { TwilioSandboxError } from './errors.ts';
import { fateOf, normaliseNumber } from './numbers.ts';
import { matchesDateFilter, presentPage } from './paging.ts';
import type { MessageRecord } from './records.ts';
import { API_VERSION, newSid, presentMessage } from './records.ts';

const MAX_BODY_CHARACTERS = 1600;

/** The `Messages` resource: create, list, fetch, redact, delete. */
export function messageRoutes(context: TwilioContext): Router {
  const router = express.Router();
  router.post('/Messages.json', (req, res) => {
    createMessage(context, req, res);
  });
  router.get('/Messages.json', (req, res) => {
    const found = listMessages(context).filter((message) => matches(req, message));
    const options = { key: 'messages', tokenPrefix: 'SM' };
    res.json(presentPage(req, found, options, (one) => presentMessage(context.accountSid, one)));
  });
  router.get('/Messages/:sid.json', (req, res) => {
    res.json(presentMessage(context.accountSid, messageOf(context, req)));
  });
  router.post('/Messages/:sid.json', (req, res) => {
    const message = messageOf(context, req);
    if (fields(req.body, 'Body')[0] !== '') throw new TwilioSandboxError(20001, 'Body');
    const redacted = { ...message, body: '', updatedAt: context.clock() };
    context.messages.put(message.sid, redacted);
    res.json(presentMessage(context.accountSid, redacted));
  });
  router.delete('/Messages/:sid.json', (req, res) => {
    context.messages.remove(messageOf(context, req).sid);
    res.status(204).end();
  });
  return router;
}

/** Newest first, as the provider lists them. */
export function listMessages(context: TwilioContext): MessageRecord[] {
  return context.messages.list().toReversed();
}

function createMessage(context: TwilioContext, req: Request, res: Response): void {
  const fault = context.faults.take(field(req.body, 'To') ?? undefined);
  if (suffersBefore(fault, res)) return;
  const message = sendMessage(context, readMessage(context, req.body));
  if (suffersAfter(fault, res)) return;
  res.status(201).json(presentMessage(context.accountSid, message));
}

type Draft = Pick<
  MessageRecord,
  'to' | 'from' | 'body' | 'direction' | 'statusCallback' | 'messagingServiceSid'
>;

/** Checks what a caller asks to send, in the provider's order of complaints. */
function readMessage(context: TwilioContext, form: unknown): Draft {
  const typedTo = field(form, 'To');
  if (typedTo === null) throw new TwilioSandboxError(21604);
  const messagingServiceSid = field(form, 'MessagingServiceSid');
  const from = readSender(context, field(form, 'From'), messagingServiceSid);
  const body = field(form, 'Body');
  if (body === null) throw new TwilioSandboxError(21602);
  if (body.length > MAX_BODY_CHARACTERS) throw new TwilioSandboxError(21617);
  const callback = field(form, 'StatusCallback');
  const statusCallback = webhookUrl(callback);
  if (callback !== null && statusCallback === null) throw new TwilioSandboxError(21609, callback);
  const to = normaliseNumber(typedTo);
  if (to === null) throw new TwilioSandboxError(21211, typedTo);
  return { to, from, body, direction: 'outbound-api', statusCallback, messagingServiceSid };
}

function readSender(context: TwilioContext, typed: string | null, service: string | null): string {
  if (typed === null) {
    if (service === null) throw new TwilioSandboxError(21603);
    return context.number;
  }
  const from = normaliseNumber(typed);
  if (from === null || from === '+15005550001') throw new TwilioSandboxError(21212, typed);
  if (from === '+15005550008') throw new TwilioSandboxError(21611, typed);
  if (from !== context.number && from !== '+15005550006') {
    throw new TwilioSandboxError(21606, typed);
  }
  return from;
}

/**
 * Accepts a text and sets it on its way.
 * @throws TwilioSandboxError when the recipient has unsubscribed or can't be texted.
 */
export function sendMessage(context: TwilioContext, draft: Draft): MessageRecord {
  if (context.optOuts.get(draft.to) !== undefined) throw new TwilioSandboxError(21610);
  const fate = fateOf(draft.to).sms;
  if ('refusal' in fate) throw new TwilioSandboxError(fate.refusal, draft.to);
  const now = context.clock();
  const message: MessageRecord = {
    ...draft,
    sid: newSid('SM'),
    status: 'queued',
    errorCode: null,
    createdAt: now,
    updatedAt: now,
    sentAt: null,
  };
  context.messages.put(message.sid, message);
  context.later(0, () => {
    notify(context, message);
    carryOn(context, message);
  });
  return message;
}

/** Takes up again every text that was under way when the stand-in stopped. */
export function resumeMessages(context: TwilioContext): void {
  for (const message of context.messages.list()) carryOn(context, message);
}

function carryOn(context: TwilioContext, message: MessageRecord): void {
  const next = nextStep(message);
  if (next === null) return;
  context.later(context.stepDelayMs, () => {
    const current = context.messages.get(message.sid);
    if (current === undefined) return;
    const now = context.clock();
    const sentAt = current.sentAt ?? now;
    const changed: MessageRecord = { ...current, ...next, sentAt, updatedAt: now };
    context.messages.put(message.sid, changed);
    notify(context, changed);
    carryOn(context, changed);
  });
}

function nextStep(message: MessageRecord): Pick<MessageRecord, 'status' | 'errorCode'> | null {
  const fate = fateOf(message.to).sms;
  if (message.direction === 'inbound' || 'refusal' in fate) return null;
  const errorCode = 'errorCode' in fate ? fate.errorCode : null;
  if (message.status === 'queued') {
    return fate.final === 'failed'
      ? { status: 'failed', errorCode }
      : { status: 'sent', errorCode: null };
  }
  if (message.status !== 'sent' || fate.final === 'sent') return null;
  return { status: fate.final, errorCode };
}

function notify(context: TwilioContext, message: MessageRecord): void {
  if (message.statusCallback === null) return;
  const params: Record<string, string> = {
    AccountSid: context.accountSid,
    ApiVersion: API_VERSION,
    From: message.from,
    MessageSid: message.sid,
    MessageStatus: message.status,
    SmsSid: message.sid,
    SmsStatus: message.status,
    To: message.to,
  };
  if (message.errorCode !== null) params['ErrorCode'] = String(message.errorCode);
  if (message.messagingServiceSid !== null) {
    params['MessagingServiceSid'] = message.messagingServiceSid;
  }
  context.webhooks.notify(message.sid, { url: message.statusCallback, method: 'POST', params });
}

function messageOf(context: TwilioContext, req: Request): MessageRecord {
  const message = context.messages.get(pathParam(req, 'sid'));
  if (message === undefined) throw new TwilioSandboxError(20404, req.originalUrl);
  return message;
}

function matches(req: Request, message: MessageRecord): boolean {
  const to = field(req.query, 'To');
  const from = field(req.query, 'From');
  return (
    (to === null || message.to === normaliseNumber(to)) &&
    (from === null || message.from === normaliseNumber(from)) &&
    matchesDateFilter(req.query, 'DateSent', message.sentAt ?? message.createdAt)
  );
}
