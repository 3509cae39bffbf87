import { ApplicationFailure } from '@temporalio/common';
import type { Knex } from 'knex';
import { broadcastAll } from '../../db/broadcasts.ts';
import {
  markSent,
  markUnheard,
  openPage,
  settlePage,
  stopOpenPages,
} from '../../db/crisis-pages.ts';
import type { OpenedPage, PageState } from '../../db/crisis-pages.ts';
import { isOnline } from '../../db/presence.ts';
import { assertNever } from '../../domain/assert-never.ts';
import type { Delivery } from '../gateways/delivery.ts';
import type { RefusalReason } from '../gateways/twilio.ts';
import type { PageJob, PageSent } from './contract.ts';
import type { CrisisDeps } from './deps.ts';
import { type PageIdentity, type PageSender, codeDigest, codeOf, pageKey } from './page-codes.ts';

/** One page by one sender. */
export interface OutgoingPage extends PageJob {
  readonly sentBy: PageSender;
}

export interface PageDeps extends Pick<CrisisDeps, 'knex' | 'keyRing' | 'sms' | 'publicUrl'> {
  readonly knowledge: Pick<CrisisDeps['knowledge'], 'ask' | 'phoneOf'>;
}

const RING_SECONDS = 30;
const NOT_ONLINE = 'not_online';
/** The intake's, which sends only what nobody has begun to send. */
export const BEFORE_ANY_ATTEMPT = 0;
/** After that a provider that does not answer has failed. */
export const LAST_ATTEMPT = 3;
/** Whoever has begun to send a page has so long before another does. */
const IN_HAND = '2 seconds';

/**
 * Sends one page, at least once: what somebody has sent for certain is not sent again. It goes out
 * without PostgreSQL as well. Throws when the provider does not answer or may not have understood,
 * or when another is sending it, to be tried again; `attempt` counts from 1.
 */
export async function sendPage(
  deps: PageDeps,
  page: OutgoingPage,
  attempt: number,
): Promise<PageSent> {
  const ref = refOf(page);
  const code = page.channel === 'sms' ? await codeOf(deps.keyRing, ref) : null;
  const codeHash = code === null ? null : await codeDigest(deps.keyRing, page.personId, code);
  const { tier } = page;
  const opened = await deps.knowledge.ask(() => openPage(deps.knex, { ...ref, tier, codeHash }));
  if (opened !== null && opened.state !== 'sending') return already(opened);
  if (opened?.isNew === false && attempt <= 1) throw inHand();
  const sent = await deliver(deps, { ...page, attempt }, opened, code);
  const isRecorded = opened !== null && (await recordSent(deps, ref, sent));
  if (sent.kind === 'unheard') return { kind: 'failed', code: NOT_ONLINE };
  return sent.kind === 'sent' ? { ...sent, isRecorded } : sent;
}

function refOf({ alertId, sentBy, batch, personId, channel }: OutgoingPage): PageIdentity {
  return { alertId, sentBy, batch, personId, channel };
}

/** Intake and workflow send an alert's first pages at the same time: who writes one down sends it. */
function inHand(): ApplicationFailure {
  const message = 'Another is sending this page';
  return ApplicationFailure.create({ message, type: 'page_in_hand', nextRetryDelay: IN_HAND });
}

function already({ state, providerId }: OpenedPage): PageSent {
  if (state === 'failed' || state === 'unanswered')
    return { kind: 'failed', code: 'failed_before' };
  return { kind: 'sent', providerId, isRecorded: true };
}

type Sent =
  /** A page to somebody who has no screen open: it went out, and nobody waits for its answer. */
  | { readonly kind: 'unheard' }
  | { readonly kind: 'sent'; readonly providerId: string | null }
  | { readonly kind: 'failed'; readonly code: string };

async function deliver(
  deps: PageDeps,
  page: OutgoingPage & { readonly attempt: number },
  opened: OpenedPage | null,
  code: string | null,
): Promise<Sent> {
  const { channel, personId, attempt } = page;
  if (channel === 'socket') return throughSockets(deps, page);
  const phone = opened === null ? deps.knowledge.phoneOf(personId) : opened.phone;
  if (phone === null) return { kind: 'failed', code: 'no_verified_phone' };
  return settled(await throughProvider(deps, page, { phone, code }), attempt);
}

async function throughSockets(deps: PageDeps, page: OutgoingPage): Promise<Sent> {
  const { alertId, personId, batch, tier } = page;
  const told = await deps.knowledge.ask(async () => {
    const ids = { alertId, batch, tier };
    await broadcastAll(deps.knex, [{ room: `person:${personId}`, event: 'crisis-page', ids }]);
    return { isHeard: await isOnline(deps.knex, personId) };
  });
  if (told === null) return { kind: 'failed', code: 'no_broadcast' };
  return told.isHeard ? { kind: 'sent', providerId: null } : { kind: 'unheard' };
}

function throughProvider(
  { sms, publicUrl }: PageDeps,
  page: OutgoingPage,
  { phone: to, code }: { phone: string; code: string | null },
): Promise<Delivery<RefusalReason>> {
  const key = `?page=${pageKey(page)}`;
  const hooks = `${publicUrl}/webhooks/twilio`;
  if (page.channel === 'sms') {
    const body = textOf(page, code!);
    return sms.sendSms({ to, body, statusCallback: `${hooks}/crisis-text${key}` });
  }
  return sms.call({
    to,
    url: `${hooks}/crisis-call${key}`,
    statusCallback: `${hooks}/crisis-call/status${key}`,
    ringTimeoutSeconds: RING_SECONDS,
  });
}

/** Nothing about anybody's health: a case number and a code. */
function textOf({ number, isDrill }: PageJob, code: string): string {
  const which = number === null ? 'an alert' : `alert ${number}`;
  const what = isDrill ? `This is a drill: ${which} needs you` : `${which} needs you`;
  return `Holdfast: ${what}. Reply ${code} to take it.`;
}

function settled(delivery: Delivery<RefusalReason>, attempt: number): Sent {
  switch (delivery.kind) {
    case 'accepted':
      return { kind: 'sent', providerId: delivery.id };
    case 'refused':
      return { kind: 'failed', code: delivery.code };
    case 'unavailable':
    case 'ambiguous':
      if (attempt < LAST_ATTEMPT) throw new Error('The provider did not answer');
      return delivery.kind === 'ambiguous'
        ? { kind: 'sent', providerId: null }
        : { kind: 'failed', code: delivery.code };
    default:
      return assertNever(delivery);
  }
}

async function recordSent(deps: PageDeps, page: PageIdentity, sent: Sent): Promise<boolean> {
  const state = await deps.knowledge.ask(() => writeSent(deps.knex, page, sent));
  if (state === 'stopped') await endCall(deps, page, sent);
  return state !== null;
}

async function writeSent(db: Knex, page: PageIdentity, sent: Sent): Promise<PageState> {
  switch (sent.kind) {
    case 'sent':
      return markSent(db, page, sent.providerId);
    case 'unheard':
      await markUnheard(db, page, NOT_ONLINE);
      return 'unanswered';
    case 'failed':
      await settlePage(db, page, 'failed', sent.code);
      return 'failed';
    default:
      return assertNever(sent);
  }
}

/** Somebody has taken the alert while the call was on its way. */
async function endCall({ sms }: PageDeps, { channel }: PageIdentity, sent: Sent): Promise<void> {
  if (channel !== 'voice' || sent.kind !== 'sent' || sent.providerId === null) return;
  await sms.hangUp(sent.providerId);
}

/** Hangs up what still rings; no page of the alert is open after that. */
export async function stopPages(
  deps: CrisisDeps,
  { alertId, calls }: { readonly alertId: string; readonly calls: readonly string[] },
): Promise<void> {
  const known = await deps.knowledge.ask(() => stopOpenPages(deps.knex, alertId));
  const ringing = new Set([...calls, ...(known ?? [])]);
  const ended = await Promise.allSettled([...ringing].map((call) => deps.sms.hangUp(call)));
  const failed = ended.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
