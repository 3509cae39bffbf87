import { createHash, timingSafeEqual } from 'node:crypto';
import { StripeProblem } from './errors.ts';

const NO_KEY =
  "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.";

/** Throws Stripe's 401 unless the header carries the secret key, as a bearer or as a user name. */
export function authenticate(header: string | undefined, secretKey: string): void {
  const key = keyIn(header);
  if (key === null || key === '') throw unauthorised(NO_KEY);
  if (!same(key, secretKey)) throw unauthorised(`Invalid API Key provided: ${masked(key)}`);
}

function keyIn(header: string | undefined): string | null {
  const [scheme = '', value = ''] = (header ?? '').split(' ');
  if (/^bearer$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return null;
  return Buffer.from(value, 'base64').toString('utf8').split(':')[0] ?? null;
}

function same(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

function masked(key: string): string {
  return key.length < 12 ? '*'.repeat(key.length) : `${key.slice(0, 8)}****${key.slice(-4)}`;
}

function unauthorised(message: string): StripeProblem {
  return new StripeProblem(401, { type: 'invalid_request_error', message }, 'refused');
}
