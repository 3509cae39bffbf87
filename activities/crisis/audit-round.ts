import { findAlert } from '../../db/crisis-record.ts';
import type { AuditRound } from '../auditor/contract.ts';
import type { CrisisDeps } from './deps.ts';
import { LAST_ATTEMPT, sendPage } from './paging.ts';

type RoundDeps = Pick<CrisisDeps, 'knex' | 'keyRing' | 'sms' | 'publicUrl' | 'knowledge' | 'log'>;

/** Sends a round of the auditor's pages side by side; how many of them some provider has taken. */
export async function sendAuditRound(deps: RoundDeps, round: AuditRound): Promise<number> {
  const { alertId, clinicId, isDrill, batch, tier } = round;
  const alert = await deps.knowledge.ask(() => findAlert(deps.knex, alertId));
  const job = { alertId, clinicId, isDrill, batch, tier, number: alert?.number ?? null };
  const sent = await Promise.allSettled(
    round.pages.map((order) =>
      sendPage(deps, { ...job, ...order, sentBy: 'auditor' }, LAST_ATTEMPT),
    ),
  );
  return sent.filter((each) => each.status === 'fulfilled' && each.value.kind === 'sent').length;
}
