import { startAuditor } from '../../activities/auditor/auditor.ts';
import { sendAuditRound } from '../../activities/crisis/audit-round.ts';
import { openKnowledge } from '../../activities/crisis/knowledge.ts';
import type { ApiDeps } from '../context.ts';
import { safely } from '../http/error-handler.ts';

/**
 * The auditor of an API process: it pages for alerts when every crisis worker is dead, and it has
 * nothing to do while one of them leads.
 */
export function startApiAuditor(deps: ApiDeps, databaseUrl: string): { close(): Promise<void> } {
  const { crisisKnex: knex, temporal, keyRing, sms, log } = deps;
  const onFault = (error: unknown): void =>
    log.warn({ error: safely(error) }, 'the auditor failed');
  const knowledge = openKnowledge(knex, { onFault });
  const { publicUrl } = deps.http;
  const sending = { knex, keyRing, sms, publicUrl, knowledge, log };
  const auditor = startAuditor(
    { knex, temporal, page: (round) => sendAuditRound(sending, round), onFault },
    { databaseUrl, host: 'api' },
  );
  return {
    close: async () => {
      await auditor.close();
      await knowledge.close();
    },
  };
}
