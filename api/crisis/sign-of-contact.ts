import { findHeldAlerts } from '../../db/crisis-verbs.ts';
import { workflowId } from '../../domain/ids.ts';
import { signSignal } from '../../workflows/messages/crisis-alert.ts';
import type { Principal } from '../access/principal.ts';
import { BoundedCache } from '../auth/bounded-cache.ts';
import { afterAnswering } from '../background.ts';
import { type DecideDeps, decideByRecord } from './decide.ts';

/** A lease lasts minutes: signs that come thicker than this say nothing new, ms. */
const SIGN_EVERY_MS = 20_000;
/** A workflow that hasn't been told by then is told by the record, ms. */
const TOLD_WITHIN_MS = 3_000;
const MOST_HOLDERS = 1_000;

const signed = new BoundedCache<true>(MOST_HOLDERS, SIGN_EVERY_MS);

/**
 * Tells an alert that its holder is there: a message, a call or a room join of theirs extends their
 * lease. Nobody waits for it; a sign that is lost lets the alert page again all the sooner.
 */
export function signOfContact(deps: DecideDeps, alertId: string, personId: string): void {
  const key = `${alertId} ${personId}`;
  if (signed.get(key) !== undefined) return;
  signed.set(key, true);
  afterAnswering(deps.log, 'a sign of contact', async () => {
    try {
      await sign(deps, alertId, personId);
    } catch (error) {
      signed.delete(key);
      throw error;
    }
  });
}

/** While Temporal is away the alert's row hears it, and the workflow goes on from there. */
async function sign(deps: DecideDeps, alertId: string, personId: string): Promise<void> {
  const { temporal } = deps;
  try {
    await temporal.withDeadline(Date.now() + TOLD_WITHIN_MS, () =>
      temporal.workflow.getHandle(workflowId('alert', alertId)).signal(signSignal, { personId }),
    );
  } catch {
    await decideByRecord(deps, alertId, { kind: 'sign', by: personId }, 'api');
  }
}

/** One look for each helper and session in so long, ms. */
const LOOK_EVERY_MS = 10_000;
const MOST_LOOKS = 5_000;

const looked = new BoundedCache<true>(MOST_LOOKS, LOOK_EVERY_MS);

/** The same by somebody of whom no alert is known: whichever of the session's they have. */
export function signOfContactIn(deps: DecideDeps, sessionId: string, principal: Principal): void {
  const { personId, role } = principal;
  const key = `${sessionId} ${personId}`;
  if (role === 'patient' || looked.get(key) !== undefined) return;
  looked.set(key, true);
  afterAnswering(deps.log, 'a sign of contact', async () => {
    const held = await findHeldAlerts(deps.crisisKnex, sessionId, personId);
    for (const alertId of held) signOfContact(deps, alertId, personId);
  });
}
