import type { Knex } from 'knex';
import type { Recipient } from '../../db/recipients.ts';
import {
  type SendRow,
  findSend,
  giveSendBack,
  markSend,
  openSend,
  takeOverSend,
} from '../../db/sends.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { TwilioGateway } from '../gateways/twilio.ts';
import type { SendState } from './contract.ts';

export interface TextingDeps {
  readonly knex: Knex;
  readonly sms: TwilioGateway;
  readonly publicUrl: string;
}

export interface KeyedText {
  /** Names this text among all: the same key is one text. */
  readonly key: string;
  readonly kind: string;
  readonly sessionId: string | null;
  readonly scheduleVersion: number | null;
  readonly dueAtMs: number | null;
  readonly recipient: Recipient;
  readonly body: string;
}

/** The provider's list is complete by then: a text that it does not name was never sent. */
const LIST_IS_CURRENT_AFTER_MS = 20_000;

/** Sends a text under its key, at most once: of an attempt that died, the provider is asked. */
export async function sendTextOnce(deps: TextingDeps, text: KeyedText): Promise<SendState> {
  const { key, kind, sessionId, scheduleVersion, dueAtMs, recipient, body } = text;
  const { isMine, row } = await openSend(deps.knex, {
    key,
    sessionId,
    recipientId: recipient.personId,
    kind,
    channel: 'sms',
    scheduleVersion,
    dueAtMs,
  });
  if (!isMine && row.state !== 'sending') return row.state;
  if (!isMine && !(await wasNeverSent(deps, row, recipient, body))) {
    return (await findSend(deps.knex, key))?.state ?? 'skipped';
  }
  return submitText(deps, key, recipient, body);
}

/** An earlier attempt died on the way: the provider's list says whether its text went out. */
async function wasNeverSent(
  deps: TextingDeps,
  row: SendRow,
  recipient: Recipient,
  body: string,
): Promise<boolean> {
  const found = await lookUp(deps, row, recipient, body);
  if (found !== 'absent') return false;
  if (await takeOverSend(deps.knex, row.key, LIST_IS_CURRENT_AFTER_MS)) return true;
  throw new HoldfastError('dependency_unavailable', 'The provider’s list is not complete yet.');
}

/** Asks the provider what became of a text and writes it down; `absent` when it has none. */
async function lookUp(
  deps: TextingDeps,
  row: SendRow,
  recipient: Recipient,
  body: string,
): Promise<SendState | 'absent'> {
  const found = await askForText(deps, row, recipient, body);
  if (found !== 'unavailable') return found;
  throw new HoldfastError('dependency_unavailable', 'The text provider does not answer.');
}

/** What the provider says of a text, written down; `absent` when it knows of none. */
export async function askForText(
  deps: TextingDeps,
  row: SendRow,
  recipient: Recipient,
  body: string,
): Promise<SendState | 'absent' | 'unavailable'> {
  if (recipient.phone === null) return 'absent';
  const search = {
    to: recipient.phone,
    bodyMarker: body,
    sentAfterMs: row.created_at.getTime(),
  };
  const result = await deps.sms.findMessage(search);
  if (result.kind !== 'found') return result.kind;
  const { message } = result;
  const state = message.state === 'pending' ? 'sent' : message.state;
  await markSend(deps.knex, row.key, state, {
    providerRef: message.id,
    ...(message.code === null ? {} : { reason: message.code }),
  });
  return state;
}

async function submitText(
  deps: TextingDeps,
  key: string,
  recipient: Recipient,
  body: string,
): Promise<SendState> {
  const delivery = await deps.sms.sendSms({
    to: recipient.phone!,
    body,
    statusCallback: `${deps.publicUrl}/webhooks/twilio/status?key=${encodeURIComponent(key)}`,
  });
  switch (delivery.kind) {
    case 'accepted':
      await markSend(deps.knex, key, 'sent', { providerRef: delivery.id });
      return 'sent';
    case 'refused':
      await markSend(deps.knex, key, 'failed', { reason: delivery.reason });
      return 'failed';
    case 'ambiguous':
      await markSend(deps.knex, key, 'ambiguous', { reason: delivery.code });
      return 'ambiguous';
    case 'unavailable':
      // Nothing went out: the right to send is given back, and the activity is tried again.
      await giveSendBack(deps.knex, key);
      throw new HoldfastError('dependency_unavailable', 'The text provider does not answer.');
  }
}
