import type { Knex } from 'knex';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { forgetChat } from '../../db/session-chat.ts';
import { inTransaction } from '../../db/transaction.ts';

/**
 * Lets go of what was written in sessions, with its keys, where the last word is `livesMs` old at
 * `now`. Resolves to how many sessions there were.
 */
export async function expireTranscripts(knex: Knex, livesMs: number, now: Date): Promise<number> {
  const context = { actor: SYSTEM_ACTOR, requestId: null };
  return inTransaction(knex, context, async (trx, audit) => {
    const expired = await forgetChat(trx, new Date(now.getTime() - livesMs));
    for (const { clinicId, sessionId } of expired) {
      const what = { objectType: 'session', objectId: sessionId, clinicId };
      audit({ action: 'transcript.expire', ...what });
    }
    return expired.length;
  });
}
