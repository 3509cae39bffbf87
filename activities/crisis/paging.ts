import { Context } from '@temporalio/activity';
import { broadcastAll } from '../../db/broadcasts.ts';
import { markSent, openPage, settlePage, stopOpenPages } from '../../db/crisis-pages.ts';
import type { OpenedPage } from '../../db/crisis-pages.ts';
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

type PageDeps = Pick<CrisisDeps, 'knex' | 'keyRing' | 'sms' | 'publicUrl' | 'knowledge'>;

const RING_SECONDS = 30;
const NOT_ONLINE = 'not_online';

/**
 * Sends one page, at least once: what an earlier attempt has sent for certain is not sent again.
 * It goes out without PostgreSQL as well. Throws when the provider does not answer or may not have
 * understood, to be tried again.
 */
export async function sendPage(deps: PageDeps, page: OutgoingPage): Promise<PageSent> {
  const ref = refOf(page);
  const code = page.channel === 'sms' ? await codeOf(deps.keyRing, ref) : null;
  const codeHash = code === null ? null : await codeDigest(deps.keyRing, page.personId, code);
  const { tier } = page;
  const opened = await deps.knowledge.ask(() => openPage(deps.knex, { ...ref, tier, codeHash }));
  if (opened !== null && opened.state !== 'sending') return already(opened);
  const sent = await deliver(deps, page, opened, code);
  const isRecorded = opened !== null && (await recordSent(deps, ref, sent));
  if (sent.kind === 'unheard') return { kind: 'failed', code: NOT_ONLINE };
  return sent.kind === 'sent' ? { ...sent, isRecorded } : sent;
}

function refOf({ alertId, sentBy, batch, personId, channel }: OutgoingPage): PageIdentity {
  return { alertId, sentBy, batch, personId, channel };
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
  page: OutgoingPage,
  opened: OpenedPage | null,
  code: string | null,
): Promise<Sent> {
  const { channel, personId } = page;
  if (channel === 'socket') return throughSockets(deps, page);
  const phone = opened === null ? deps.knowledge.phoneOf(personId) : opened.phone;
  if (phone === null) return { kind: 'failed', code: 'no_verified_phone' };
  return settled(await throughProvider(deps, page, { phone, code }));
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

const ATTEMPTS = 3;

function settled(delivery: Delivery<RefusalReason>): Sent {
  switch (delivery.kind) {
    case 'accepted':
      return { kind: 'sent', providerId: delivery.id };
    case 'refused':
      return { kind: 'failed', code: delivery.code };
    case 'unavailable':
    case 'ambiguous':
      if (attempt() < ATTEMPTS) throw new Error('The provider did not answer');
      return delivery.kind === 'ambiguous'
        ? { kind: 'sent', providerId: null }
        : { kind: 'failed', code: delivery.code };
    default:
      return assertNever(delivery);
  }
}

/** The auditor, which is no activity, has but one. */
function attempt(): number {
  try {
    return Context.current().info.attempt;
  } catch {
    return ATTEMPTS;
  }
}

async function recordSent(deps: PageDeps, page: PageIdentity, sent: Sent): Promise<boolean> {
  const written = await deps.knowledge.ask(async () => {
    if (sent.kind === 'failed') await settlePage(deps.knex, page, 'failed', sent.code);
    else await markSent(deps.knex, page, sent.kind === 'sent' ? sent.providerId : null);
    if (sent.kind === 'unheard') await settlePage(deps.knex, page, 'unanswered', NOT_ONLINE);
    return true;
  });
  return written !== null;
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
