import type { ProviderErrorCode } from './errors.ts';

/** What becomes of a text: refused at once, or accepted and then ending in `final`. */
export type SmsFate =
  | { readonly refusal: ProviderErrorCode }
  | { readonly final: 'delivered' | 'sent' }
  | { readonly final: 'undelivered' | 'failed'; readonly errorCode: number };

/** What becomes of a call. `presses` is what a person keys in when the call asks for digits. */
export type CallFate =
  | { readonly refusal: ProviderErrorCode }
  | { readonly ends: 'no-answer' | 'busy' | 'failed' }
  | { readonly answeredBy: 'human'; readonly presses?: string }
  | { readonly answeredBy: 'machine_start' };

export interface NumberFate {
  readonly sms: SmsFate;
  readonly call: CallFate;
  readonly meaning: string;
}

const DELIVERED: SmsFate = { final: 'delivered' };
const HUMAN: CallFate = { answeredBy: 'human' };

/**
 * Numbers with a fate of their own. Those ending in 0001 to 0009 are the provider's own
 * magic numbers; the others exist only here. Every other plausible number receives texts
 * and is answered by a person, who presses what `/control/twilio` is told to press.
 */
export const TEST_NUMBERS: Readonly<Record<string, NumberFate>> = {
  '+15005550001': { sms: { refusal: 21211 }, call: { refusal: 21211 }, meaning: 'invalid number' },
  '+15005550002': { sms: { refusal: 21612 }, call: { ends: 'failed' }, meaning: 'no route' },
  '+15005550003': { sms: { refusal: 21408 }, call: HUMAN, meaning: 'region not permitted' },
  '+15005550004': { sms: { refusal: 21610 }, call: HUMAN, meaning: 'unsubscribed' },
  '+15005550009': { sms: { refusal: 21614 }, call: HUMAN, meaning: 'landline' },
  '+15005550110': {
    sms: { final: 'undelivered', errorCode: 30003 },
    call: { ends: 'no-answer' },
    meaning: 'phone switched off',
  },
  '+15005550111': {
    sms: { final: 'undelivered', errorCode: 30005 },
    call: { ends: 'failed' },
    meaning: 'number not in service',
  },
  '+15005550112': {
    sms: { final: 'failed', errorCode: 30008 },
    call: { ends: 'failed' },
    meaning: 'carrier fault',
  },
  '+15005550113': {
    sms: { final: 'sent' },
    call: HUMAN,
    meaning: 'no delivery receipt ever comes',
  },
  '+15005550114': {
    sms: { refusal: 20429 },
    call: { refusal: 20429 },
    meaning: 'too many requests',
  },
  '+15005550120': { sms: DELIVERED, call: { ends: 'no-answer' }, meaning: 'rings out' },
  '+15005550121': { sms: DELIVERED, call: { ends: 'busy' }, meaning: 'busy' },
  '+15005550122': { sms: DELIVERED, call: { ends: 'failed' }, meaning: 'call fails' },
  '+15005550123': {
    sms: DELIVERED,
    call: { answeredBy: 'machine_start' },
    meaning: 'answering machine',
  },
  '+15005550124': {
    sms: DELIVERED,
    call: { answeredBy: 'human', presses: '1' },
    meaning: 'a person who presses 1',
  },
};

const ORDINARY: NumberFate = { sms: DELIVERED, call: HUMAN, meaning: 'ordinary' };

export function fateOf(number: string): NumberFate {
  return TEST_NUMBERS[number] ?? ORDINARY;
}

/** The number in E.164 as the provider would store it, or null when it can't be one. */
export function normaliseNumber(typed: string): string | null {
  const compact = typed.replaceAll(/[\s().-]/g, '');
  return /^\+[1-9]\d{6,14}$/.test(compact) ? compact : null;
}
