import type { TwilioContext } from './context.ts';
import { sendMessage } from './messages.ts';
import type { MessageRecord } from './records.ts';
import { API_VERSION, newSid, segmentCount } from './records.ts';
import { readTwiml } from './twiml.ts';

const STOP_WORDS = new Set([
  'STOP',
  'STOPALL',
  'UNSUBSCRIBE',
  'CANCEL',
  'END',
  'QUIT',
  'REVOKE',
  'OPTOUT',
]);
const START_WORDS = new Set(['START', 'YES', 'UNSTOP']);
const HELP_WORDS = new Set(['HELP', 'INFO']);

const REPLIES = {
  stop: 'You have been unsubscribed and will get no more messages from this number. Reply START to subscribe again.',
  start:
    'You have been subscribed again to messages from this number. Reply HELP for help. Reply STOP to unsubscribe.',
  help: 'Reply STOP to unsubscribe. Msg&Data Rates May Apply.',
} as const;

/** Texts are replies to a keyword only when they are nothing but that one word. */
function keywordOf(body: string): keyof typeof REPLIES | null {
  const word = body.trim().toUpperCase();
  if (STOP_WORDS.has(word)) return 'stop';
  if (START_WORDS.has(word)) return 'start';
  return HELP_WORDS.has(word) ? 'help' : null;
}

export interface InboundResult {
  readonly message: MessageRecord;
  /** The HTTP status of the configured webhook; null without one or without an answer. */
  readonly webhookStatus: number | null;
  readonly subscribed: boolean;
}

/**
 * A person texts the account's number. STOP and its kin unsubscribe the sender (texts to them
 * are refused with 21610 until START), with the provider's own reply; the text then goes to
 * the inbound webhook in any case, and a TwiML answer is texted back.
 */
export async function receiveText(
  context: TwilioContext,
  from: string,
  body: string,
): Promise<InboundResult> {
  const message = storeInbound(context, from, body);
  const keyword = keywordOf(body);
  if (keyword === 'stop') {
    reply(context, from, REPLIES.stop);
    context.optOuts.put(from, { at: context.clock() });
  } else if (keyword === 'start') {
    context.optOuts.remove(from);
  }
  if (keyword === 'start' || keyword === 'help') reply(context, from, REPLIES[keyword]);
  const webhookStatus = await postInbound(context, message);
  return { message, webhookStatus, subscribed: context.optOuts.get(from) === undefined };
}

function storeInbound(context: TwilioContext, from: string, body: string): MessageRecord {
  const now = context.clock();
  const message: MessageRecord = {
    sid: newSid('SM'),
    to: context.number,
    from,
    body,
    direction: 'inbound',
    status: 'received',
    errorCode: null,
    createdAt: now,
    updatedAt: now,
    sentAt: now,
    statusCallback: null,
    messagingServiceSid: null,
  };
  context.messages.put(message.sid, message);
  return message;
}

/** A reply that the provider refuses, as to a number that has unsubscribed, is dropped. */
function reply(context: TwilioContext, to: string, body: string): void {
  try {
    sendMessage(context, {
      to,
      from: context.number,
      body,
      direction: 'outbound-reply',
      statusCallback: null,
      messagingServiceSid: null,
    });
  } catch {
    return;
  }
}

async function postInbound(context: TwilioContext, message: MessageRecord): Promise<number | null> {
  const url = context.inboundSmsUrl();
  if (url === null) return null;
  const answer = await context.webhooks.ask({
    url,
    method: 'POST',
    params: inboundParams(context.accountSid, message),
  });
  if (answer !== null && answer.status < 300) {
    for (const text of repliesIn(answer.body)) reply(context, message.from, text);
  }
  return answer?.status ?? null;
}

function inboundParams(accountSid: string, message: MessageRecord): Record<string, string> {
  return {
    AccountSid: accountSid,
    ApiVersion: API_VERSION,
    Body: message.body,
    From: message.from,
    FromCity: '',
    FromCountry: 'US',
    FromState: '',
    FromZip: '',
    MessageSid: message.sid,
    NumMedia: '0',
    NumSegments: String(segmentCount(message.body)),
    SmsMessageSid: message.sid,
    SmsSid: message.sid,
    SmsStatus: 'received',
    To: message.to,
    ToCity: '',
    ToCountry: 'US',
    ToState: '',
    ToZip: '',
  };
}

/** The texts of a TwiML answer's `<Message>` verbs; an answer that isn't TwiML has none. */
function repliesIn(body: string): string[] {
  if (body.trim() === '') return [];
  try {
    return readTwiml(body)
      .children.filter((verb) => verb.name === 'Message' || verb.name === 'Sms')
      .map((verb) => verb.children.find((child) => child.name === 'Body')?.text ?? verb.text)
      .map((text) => text.trim())
      .filter((text) => text !== '');
  } catch {
    return [];
  }
}
