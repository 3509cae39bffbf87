import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { ApiDeps } from '../context.ts';
import { safely } from '../http/error-handler.ts';

interface AccountMail {
  readonly personId: string;
  readonly to: string;
  /** `verify-email`, `reset-password`: part of the mail's id. */
  readonly kind: string;
  readonly subject: string;
  readonly text: string;
}

/** Sends a mail about an account, once. Failures are logged, without the address. */
export async function sendAccountMail(
  deps: Pick<ApiDeps, 'mail' | 'http'>,
  log: Logger,
  { personId, to, kind, subject, text }: AccountMail,
): Promise<'sent' | 'failed'> {
  const { hostname } = new URL(deps.http.publicUrl);
  try {
    const messageId = `<${kind}-${randomUUID()}@${hostname}>`;
    const delivery = await deps.mail.sendMail({ to, subject, text, messageId });
    if (delivery.kind === 'accepted' || delivery.kind === 'ambiguous') return 'sent';
    log.error({ personId, kind, delivery: delivery.kind }, 'a mail about an account was not sent');
  } catch (error) {
    log.error({ personId, kind, error: safely(error) }, 'a mail about an account was not sent');
  }
  return 'failed';
}
