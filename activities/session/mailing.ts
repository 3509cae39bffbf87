import type { Knex } from 'knex';
import type { Recipient } from '../../db/recipients.ts';
import { giveSendBack, markSend, openSend, takeOverSend } from '../../db/sends.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { MailGateway } from '../gateways/mail.ts';
import type { SendState } from './contract.ts';

export interface KeyedMail {
  /** Names this mail among all: the same key is one mail. */
  readonly key: string;
  readonly kind: string;
  readonly sessionId: string | null;
  readonly scheduleVersion: number | null;
  readonly dueAtMs: number | null;
  readonly recipient: Recipient;
  readonly subject: string;
  readonly text: string;
  readonly ics?: string;
}

/** No attempt at a mail takes longer: one that is older has died on the way. */
const LONGEST_ATTEMPT_MS = 20_000;

/**
 * Sends a mail under its key. An attempt that died on the way is made again with the same
 * Message-ID, by which mail programs know the copy: a mail is never lost that way. While an
 * attempt may still be under way, there is no second one.
 */
export async function sendMailOnce(
  { knex, mail }: { knex: Knex; mail: MailGateway },
  message: KeyedMail,
): Promise<SendState> {
  const { key, kind, sessionId, scheduleVersion, dueAtMs, recipient } = message;
  if (recipient.email === null) return 'skipped';
  const { isMine, row } = await openSend(knex, {
    key,
    sessionId,
    recipientId: recipient.personId,
    kind,
    channel: 'email',
    scheduleVersion,
    dueAtMs,
  });
  if (row.state !== 'sending') return row.state;
  if (!isMine && !(await takeOverSend(knex, key, LONGEST_ATTEMPT_MS))) {
    throw new HoldfastError('dependency_unavailable', 'The mail may still be under way.');
  }
  const delivery = await mail.sendMail({
    to: recipient.email,
    subject: message.subject,
    text: message.text,
    messageId: `<${key.replaceAll(':', '.')}@holdfast>`,
    ...(message.ics === undefined
      ? {}
      : { ics: { filename: 'appointment.ics', content: message.ics } }),
  });
  if (delivery.kind === 'accepted') {
    await markSend(knex, key, 'sent');
    return 'sent';
  }
  if (delivery.kind === 'refused') {
    await markSend(knex, key, 'failed', { reason: delivery.reason });
    return 'failed';
  }
  if (delivery.kind === 'unavailable') await giveSendBack(knex, key);
  throw new HoldfastError('dependency_unavailable', 'The mail server does not answer.');
}
