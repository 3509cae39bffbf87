import { findOffer } from '../../db/offers.ts';
import { type Recipient, findRecipient } from '../../db/recipients.ts';
import { type OfferText, offerText } from '../../domain/offer-texts.ts';
import { quietStretchAt } from '../../domain/quiet-hours.ts';
import { sendMailOnce } from '../session/mailing.ts';
import type { MessagingDeps } from '../session/reminders.ts';
import { sendTextOnce } from '../session/texting.ts';
import type { TellInput } from './contract.ts';

/**
 * Tells a client of an offer on every channel that reaches them, each once. Nobody is texted in
 * their quiet hours: the e-mail waits for them.
 */
export async function tellOffer(deps: MessagingDeps, input: TellInput): Promise<void> {
  const offer = await findOffer(deps.knex, input.offerId);
  if (offer === null || offer.clientId === null) return;
  const isOffer = input.notice === 'offered';
  const isTrue = isOffer ? offer.state === 'open' : offer.reason === 'time_off_ended';
  if (!isTrue || offer.dueAt === null) return;
  const recipient = await findRecipient(deps.knex, offer.clientId);
  if (recipient === null) return;
  const text = offerText({
    notice: isOffer ? `${offer.kind}_offered` : 'stands_again',
    startsAt: offer.sessionStartsAt.getTime(),
    dueAt: isOffer ? offer.dueAt.getTime() : null,
    zone: recipient.zone,
    locale: recipient.language,
    link: `${deps.publicUrl}/offers/${offer.id}`,
  });
  await send(deps, input, recipient, text);
}

async function send(
  deps: MessagingDeps,
  { offerId, notice }: TellInput,
  recipient: Recipient,
  text: OfferText,
): Promise<void> {
  const { channels, quietHours, zone } = recipient;
  const message = {
    kind: `offer_${notice}`,
    sessionId: null,
    scheduleVersion: null,
    dueAtMs: null,
    recipient,
  };
  const key = `offer:${offerId}:${notice}:${recipient.personId}`;
  const isQuiet = quietHours !== null && quietStretchAt(quietHours, zone, Date.now()) !== null;
  const sending: Promise<unknown>[] = [];
  if (channels.includes('email')) {
    const { subject, email } = text;
    sending.push(sendMailOnce(deps, { ...message, key: `${key}:email`, subject, text: email }));
  }
  if (channels.includes('sms') && (!isQuiet || !channels.includes('email'))) {
    sending.push(sendTextOnce(deps, { ...message, key: `${key}:sms`, body: text.sms }));
  }
  const sent = await Promise.allSettled(sending);
  const failed = sent.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
