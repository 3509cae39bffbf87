import type { Line } from './call-line.ts';
import { callParams } from './call-line.ts';
import type { TwilioContext } from './context.ts';
import { createKeypad } from './keypad.ts';
import { fateOf } from './numbers.ts';
import { readTwiml, type TwimlElement } from './twiml.ts';

/** Where a call's instructions come from: their own text, or a URL to ask. */
export interface CallDocument {
  readonly url: string | null;
  readonly method: 'GET' | 'POST';
  readonly twiml: string | null;
}

interface Next {
  readonly document: CallDocument;
  readonly digits: string | null;
}

/** A call that asks for document after document is looping. */
const MAX_DOCUMENTS = 50;

/** Does what the call's documents say, and hangs up when there is nothing more to do. */
export async function perform(
  context: TwilioContext,
  line: Line,
  first: CallDocument,
): Promise<void> {
  let next: Next | null = { document: first, digits: null };
  for (let count = 0; next !== null && count < MAX_DOCUMENTS; count++) {
    const response = await fetchDocument(context, line, next);
    if (response === null) {
      line.note('an application error has occurred');
      break;
    }
    next = await performVerbs(context, line, response, next.document.url);
  }
  line.hangUp('completed');
}

async function fetchDocument(
  context: TwilioContext,
  line: Line,
  { document, digits }: Next,
): Promise<TwimlElement | null> {
  const { url, method, twiml } = document;
  try {
    if (twiml !== null) return readTwiml(twiml);
    if (url === null) return null;
    const params = {
      ...callParams(context, line.call()),
      ...(digits === null ? {} : { Digits: digits }),
    };
    const answer = await context.webhooks.ask({ url, method, params });
    return answer !== null && answer.status < 300 ? readTwiml(answer.body) : null;
  } catch {
    return null;
  }
}

/** The document to go on with, or null at the end of the call. */
async function performVerbs(
  context: TwilioContext,
  line: Line,
  response: TwimlElement,
  base: string | null,
): Promise<Next | null> {
  for (const verb of response.children) {
    if (verb.name === 'Hangup' || verb.name === 'Reject') return null;
    if (verb.name === 'Redirect') {
      return { document: documentAt(verb.text, verb, base), digits: null };
    }
    if (verb.name === 'Gather') {
      const digits = await gather(context, line, verb);
      if (digits === '' && verb.attributes['actionOnEmptyResult'] !== 'true') continue;
      return { document: documentAt(verb.attributes['action'] ?? '', verb, base), digits };
    }
    await utter(context, line, verb);
  }
  return null;
}

function documentAt(target: string, verb: TwimlElement, base: string | null): CallDocument {
  const method = verb.attributes['method']?.toUpperCase() === 'GET' ? 'GET' : 'POST';
  return { url: URL.parse(target.trim(), base ?? undefined)?.href ?? base, method, twiml: null };
}

/** Speech takes no time here; pauses do. */
async function utter(context: TwilioContext, line: Line, verb: TwimlElement): Promise<void> {
  if (verb.name === 'Say') line.note(`said: ${verb.text.trim()}`);
  else if (verb.name === 'Play') line.note(`played: ${verb.text.trim()}`);
  else if (verb.name === 'Pause') {
    await line.rest(Number(verb.attributes['length'] ?? 1) * context.secondMs);
  } else line.note(`skipped: ${verb.name}`);
}

async function gather(context: TwilioContext, line: Line, verb: TwimlElement): Promise<string> {
  for (const prompt of verb.children) await utter(context, line, prompt);
  const { numDigits, finishOnKey = '#', timeout = '5' } = verb.attributes;
  const keypad = createKeypad({
    digitCount: numDigits === undefined ? null : Number(numDigits),
    finishOnKey,
    waitMs: Number(timeout) * context.secondMs,
    signal: line.ended,
  });
  line.keypad = keypad;
  pressUnasked(line, keypad.press);
  try {
    return await keypad.digits;
  } finally {
    line.keypad = null;
  }
}

function pressUnasked(line: Line, press: (keys: string) => boolean): void {
  const fate = fateOf(line.call().to).call;
  if (!('presses' in fate) || fate.presses === undefined) return;
  line.note(`pressed: ${fate.presses}`);
  press(fate.presses);
}
