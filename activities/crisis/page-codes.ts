import { type KeyObject, createHmac } from 'node:crypto';
import type { KeyRing } from '../../crypto/key-ring.ts';
import type { PageChannel } from '../../domain/escalation-policy.ts';
import { isUuid } from '../../domain/ids.ts';

/** Who sends a page: an alert's workflow, or the auditor where that does not. */
export type PageSender = 'workflow' | 'auditor';

/** What names one page, in the addresses that a provider calls back. */
export interface PageName {
  readonly alertId: string;
  readonly sentBy: PageSender;
  readonly batch: number;
  readonly personId: string;
}

/** Without a character that an address would have to escape. */
export function pageKey({ alertId, sentBy, batch, personId }: PageName): string {
  return [alertId, sentBy, String(batch), personId].join('.');
}

/** The inverse of {@link pageKey}; null for anything that it never builds. */
export function parsePageKey(key: unknown): PageName | null {
  if (typeof key !== 'string' || key.length > 120) return null;
  const [alertId = '', sentBy, batch = '', personId = '', ...rest] = key.split('.');
  const isNamed = rest.length === 0 && isUuid(alertId) && isUuid(personId);
  if (!isNamed || (sentBy !== 'workflow' && sentBy !== 'auditor')) return null;
  return /^\d{1,9}$/.test(batch) ? { alertId, sentBy, batch: Number(batch), personId } : null;
}

export const CODE_DIGITS = 6;

/**
 * What a text's reader sends back. It follows from the page, so that a page that is sent twice has
 * one code, and only who has the installation's keys can tell it.
 */
export async function codeOf(keyRing: KeyRing, page: PageName): Promise<string> {
  const digest = await keyed(keyRing, ['page-code', pageKey(page)]);
  const number = digest.readUIntBE(0, 6) % 10 ** CODE_DIGITS;
  return String(number).padStart(CODE_DIGITS, '0');
}

/** What is kept of a code. */
export function codeDigest(keyRing: KeyRing, personId: string, code: string): Promise<Buffer> {
  return keyed(keyRing, digestParts(personId, code));
}

/** All that may have been kept of a code: pages outlive the key that was current when they went out. */
export function codeDigests(keyRing: KeyRing, personId: string, code: string): Promise<Buffer[]> {
  const parts = digestParts(personId, code);
  const ids = keyRing.ids('payloads');
  return Promise.all(ids.map(async (id) => hmac(await keyRing.get('payloads', id), parts)));
}

function digestParts(personId: string, code: string): readonly string[] {
  return ['page-code-digest', personId, code];
}

async function keyed(keyRing: KeyRing, parts: readonly string[]): Promise<Buffer> {
  const { key } = await keyRing.current('payloads');
  return hmac(key, parts);
}

function hmac(key: KeyObject, parts: readonly string[]): Buffer {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest();
}

/** A page as the record knows it. */
export interface PageIdentity extends PageName {
  readonly channel: PageChannel;
}
