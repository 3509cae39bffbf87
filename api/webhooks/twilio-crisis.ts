import { urlencoded } from 'express';
import type { Request, RequestHandler } from 'express';
import twilio from 'twilio';
import { WorkflowNotFoundError } from '@temporalio/client';
import { deliveryState } from '../../activities/gateways/twilio.ts';
import { type PageName, codeDigests, parsePageKey } from '../../activities/crisis/page-codes.ts';
import { findCodedPages, isPagedPhone, findPagedAlert, settlePage } from '../../db/crisis-pages.ts';
import type { PageState } from '../../db/crisis-pages.ts';
import { markAnswered } from '../../db/crisis-verbs.ts';
import type { PageChannel } from '../../domain/escalation-policy.ts';
import { workflowId } from '../../domain/ids.ts';
import { type AlertAnswer, pageResultSignal } from '../../workflows/messages/crisis-alert.ts';
import type { ApiDeps } from '../context.ts';
import { decideWord } from '../crisis/decide.ts';
import { safely } from '../http/error-handler.ts';
import { fieldsOf, signed } from './twilio.ts';
import type { Fields } from './twilio.ts';

export type CrisisWebhookDeps = Pick<
  ApiDeps,
  'crisisKnex' | 'temporal' | 'keyRing' | 'sms' | 'http' | 'log'
>;

const BODY_LIMIT = '64kb';
const SIGNAL_WITHIN_MS = 3_000;
const KEY_SECONDS = 6;
const TIMES_ASKED = 3;

/** `POST /webhooks/twilio/crisis-text?page=`: what became of a page by text. */
export function crisisTextWebhook(deps: CrisisWebhookDeps): RequestHandler[] {
  return signed({ ...deps, twilio: deps.sms }, async (fields, req) => {
    const page = parsePageKey(req.query['page']);
    const state = deliveryState(fields['MessageStatus'] ?? '');
    if (page === null || state === 'pending') return;
    await settle(deps, page, 'sms', state, fields['ErrorCode'] ?? null);
    if (state === 'failed') await tellWorkflow(deps, page, 'sms', 'failed');
  });
}

/** `POST /webhooks/twilio/crisis-call/status?page=`: a call that has ended. */
export function crisisCallStatusWebhook(deps: CrisisWebhookDeps): RequestHandler[] {
  return signed({ ...deps, twilio: deps.sms }, async (fields, req) => {
    const page = parsePageKey(req.query['page']);
    const result = CALL_ENDS[fields['CallStatus'] ?? ''];
    if (page === null || result === undefined) return;
    await settle(deps, page, 'voice', result, fields['CallStatus'] ?? null);
    // Whoever has pressed a key has the alert by now, so that this changes nothing for them.
    await tellWorkflow(deps, page, 'voice', result);
  });
}

const CALL_ENDS: Readonly<Record<string, 'failed' | 'unanswered'>> = {
  completed: 'unanswered',
  busy: 'unanswered',
  'no-answer': 'unanswered',
  canceled: 'unanswered',
  failed: 'failed',
};

/** `POST /webhooks/twilio/crisis-call?page=`: what a call says when it is picked up. */
export function crisisCallWebhook(deps: CrisisWebhookDeps): RequestHandler[] {
  return spoken(deps, async (page, fields, req) => {
    if (fields['AnsweredBy']?.startsWith('machine') === true) return hangUp();
    const alert = await findPagedAlert(deps.crisisKnex, page.alertId).catch(() => null);
    if (alert !== null && alert.status !== 'paging') return say(taken(alert.holderId, page));
    return ask(alert?.number ?? null, answerUrl(req), alert?.isDrill);
  });
}

/** `POST /webhooks/twilio/crisis-call/answer?page=`: the key that was pressed. */
export function crisisAnswerWebhook(deps: CrisisWebhookDeps): RequestHandler[] {
  return spoken(deps, async (page, fields, req) => {
    if (fields['Digits'] !== '1') return ask(null, answerUrl(req));
    const answer = await take(deps, page, 'voice', fields['CallSid'] ?? '');
    if (answer === null) return say(NOT_YOURS);
    return say(answer.kind === 'done' ? TAKEN : taken(answer.holderId, page));
  });
}

/** A text that holds a page's code takes its alert, from the verified phone that was paged alone. */
export async function takeByText(deps: CrisisWebhookDeps, fields: Fields): Promise<void> {
  const { From: from, Body: body = '', MessageSid: sid = '' } = fields;
  const code = /(?<!\d)\d{6}(?!\d)/.exec(body)?.[0];
  if (from === undefined || code === undefined) return;
  const text = await takeWithCode(deps, { from, code, sid }).catch((error: unknown) => {
    deps.log.error({ error: safely(error) }, 'a text could not take its alert');
    return SORRY;
  });
  if (text === null) return;
  // It carries no page: what becomes of it concerns nobody.
  const statusCallback = `${deps.http.publicUrl}/webhooks/twilio/crisis-text`;
  await deps.sms.sendSms({ to: from, body: `Holdfast: ${text}`, statusCallback });
}

/** What the sender is told; null for a stranger's code, which is nobody's. */
async function takeWithCode(
  deps: CrisisWebhookDeps,
  { from, code, sid }: { readonly from: string; readonly code: string; readonly sid: string },
): Promise<string | null> {
  const [page] = await findCodedPages(deps.crisisKnex, from, (personId) =>
    codeDigests(deps.keyRing, personId, code),
  );
  if (page === undefined) return (await isPagedPhone(deps.crisisKnex, from)) ? UNKNOWN : null;
  const answer = await take(deps, page, 'sms', sid);
  if (answer === null) return NOT_YOURS;
  return answer.holderId === page.personId ? TAKEN : taken(answer.holderId, page);
}

/** Whoever believes to have an alert that they don't have is the worst outcome. */
const SORRY = 'it could NOT be taken. Please answer the next call, or open Holdfast.';

const UNKNOWN = 'this code takes NOTHING. Please answer the next call, or open Holdfast.';

const NOT_YOURS = 'you can NOT take it, as you are not on call here any more. Others are paged.';

const TAKEN = 'you have taken it. Please open Holdfast now.';

function taken(holderId: string | null, { personId }: PageTaker): string {
  if (holderId === personId) return 'you have it already.';
  return holderId === null ? 'it is over.' : 'somebody has taken it. Thank you.';
}

type PageTaker = Omit<PageName, 'channel'>;

/**
 * The page counts as answered first, so that its own call isn't hung up with the others. Null for who
 * is suspended or has left meanwhile; while the database is silent, whoever was paged is believed.
 */
async function take(
  deps: CrisisWebhookDeps,
  page: PageTaker,
  channel: 'sms' | 'voice',
  providerId: string,
): Promise<AlertAnswer | null> {
  const { alertId, personId } = page;
  const mayTake = await markAnswered(deps.crisisKnex, { ...page, channel }).catch(
    (error: unknown) => {
      deps.log.warn({ error: safely(error) }, 'an answer was not noted');
      return true;
    },
  );
  if (!mayTake) return null;
  const callId = channel === 'voice' ? providerId : null;
  const word = { alertId, personId, verb: 'acknowledge', outcome: null } as const;
  return decideWord(deps, { ...word, via: channel, callId, wordId: providerId });
}

async function settle(
  deps: CrisisWebhookDeps,
  page: PageName,
  channel: PageChannel,
  state: PageState,
  code: string | null,
): Promise<void> {
  await settlePage(deps.crisisKnex, { ...page, channel }, state, code).catch((error: unknown) =>
    deps.log.warn({ error: safely(error) }, 'a page was not settled'),
  );
}

/** The auditor's pages have no workflow that waits for them. */
async function tellWorkflow(
  { temporal }: CrisisWebhookDeps,
  { alertId, sentBy, batch, personId }: PageName,
  channel: PageChannel,
  result: 'failed' | 'unanswered',
): Promise<void> {
  if (sentBy !== 'workflow') return;
  const handle = temporal.workflow.getHandle(workflowId('alert', alertId));
  try {
    await temporal.withDeadline(Date.now() + SIGNAL_WITHIN_MS, () =>
      handle.signal(pageResultSignal, { batch, page: { personId, channel }, result }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

type Speak = (page: PageName, fields: Fields, req: Request) => Promise<string>;

/** Answers a call that the provider has signed; 403 for any other request, which changes nothing. */
function spoken(deps: CrisisWebhookDeps, speak: Speak): RequestHandler[] {
  const answer: RequestHandler = async (req, res) => {
    const params = fieldsOf(req.body);
    const signature = req.get('x-twilio-signature');
    if (!deps.sms.verifySignature({ path: req.originalUrl, params, signature })) {
      deps.log.warn({ path: req.path }, 'a webhook was refused');
      res.status(403).json({ error: 'invalid_signature' });
      return;
    }
    const page = parsePageKey(req.query['page']);
    const said = page === null ? hangUp() : await speak(page, params, req).catch(() => sorry(deps));
    res.type('text/xml').send(said);
  };
  return [urlencoded({ extended: false, limit: BODY_LIMIT }), answer];
}

function answerUrl(req: Request): string {
  const key = String(req.query['page']);
  return `/webhooks/twilio/crisis-call/answer?page=${key}`;
}

function ask(number: string | null, action: string, isDrill = false): string {
  const response = new twilio.twiml.VoiceResponse();
  const which = number === null ? 'An alert' : `Alert ${number.slice(-4).split('').join(' ')}`;
  const opening = isDrill ? 'This is a drill. ' : '';
  for (let asked = 0; asked < TIMES_ASKED; asked += 1) {
    const gather = response.gather({ numDigits: 1, timeout: KEY_SECONDS, action, method: 'POST' });
    gather.say(`This is Holdfast. ${opening}${which} needs you. Press 1 to take it.`);
  }
  response.hangup();
  return response.toString();
}

function say(text: string): string {
  const response = new twilio.twiml.VoiceResponse();
  response.say(`This is Holdfast: ${text}`);
  response.hangup();
  return response.toString();
}

function hangUp(): string {
  const response = new twilio.twiml.VoiceResponse();
  response.hangup();
  return response.toString();
}

function sorry({ log }: CrisisWebhookDeps): string {
  log.error('a call could not take its alert');
  return say(SORRY);
}
