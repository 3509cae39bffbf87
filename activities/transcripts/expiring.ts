import type { Knex } from 'knex';
import { SYSTEM_ACTOR } from '../../db/audit/entry.ts';
import { forgetChat } from '../../db/session-chat.ts';
import { inTransaction } from '../../db/transaction.ts';
import { forgetSpoken } from '../../db/transcripts.ts';

/**
 * Lets go of what was written in sessions, and of what was said in them, each with its keys, where the
 * last of it is `livesMs` old at `now`. Resolves to how many sessions there were.
 */
export async function expireTranscripts(knex: Knex, livesMs: number, now: Date): Promise<number> {
  const context = { actor: SYSTEM_ACTOR, requestId: null };
  return inTransaction(knex, context, async (trx, audit) => {
    const until = new Date(now.getTime() - livesMs);
    const [written, spoken] = [await forgetChat(trx, until), await forgetSpoken(trx, until)];
    const expired = new Map([...written, ...spoken].map((one) => [one.sessionId, one.clinicId]));
    for (const [sessionId, clinicId] of expired) {
      const what = { objectType: 'session', objectId: sessionId, clinicId };
      audit({ action: 'transcript.expire', ...what });
    }
    return expired.size;
  });
}
