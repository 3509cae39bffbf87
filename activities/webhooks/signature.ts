import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A new secret as receivers' libraries take it: `whsec_` and 32 random bytes in Base64. */
export function newWebhookSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

export interface SignedMessage {
  /** Unique for each event and address; the same at each attempt. */
  readonly id: string;
  /** When it is sent, whole seconds since 1970. */
  readonly timestampSeconds: number;
  readonly body: string;
}

/**
 * Headers as the Standard Webhooks specification has them: HMAC-SHA256 over id, time and raw body.
 * Each secret gives one signature, so that a receiver may change its own at leisure.
 */
export function webhookHeaders(
  { id, timestampSeconds, body }: SignedMessage,
  secrets: readonly string[],
): Record<string, string> {
  const signed = `${id}.${timestampSeconds}.${body}`;
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signatures.join(' '),
  };
}
