import { workflowId } from '../../domain/ids.ts';
import { signSignal } from '../../workflows/messages/crisis-alert.ts';
import { BoundedCache } from '../auth/bounded-cache.ts';
import type { ApiDeps } from '../context.ts';
import { safely } from '../http/error-handler.ts';

/** A lease lasts minutes: signs that come thicker than this say nothing new, ms. */
const SIGN_EVERY_MS = 20_000;
const MOST_HOLDERS = 1_000;

const signed = new BoundedCache<true>(MOST_HOLDERS, SIGN_EVERY_MS);

/**
 * Tells an alert that its holder is there: a message, a call or a room join of theirs extends their
 * lease. Nobody waits for it; a sign that is lost lets the alert page again all the sooner.
 */
export function signOfContact(
  { temporal, log }: Pick<ApiDeps, 'temporal' | 'log'>,
  alertId: string,
  personId: string,
): void {
  const key = `${alertId} ${personId}`;
  if (signed.get(key) !== undefined) return;
  signed.set(key, true);
  temporal.workflow
    .getHandle(workflowId('alert', alertId))
    .signal(signSignal, { personId })
    .catch((error: unknown) => {
      signed.delete(key);
      log.warn({ alertId, error: safely(error) }, 'a sign of contact did not arrive');
    });
}
