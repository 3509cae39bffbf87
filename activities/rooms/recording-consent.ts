import type { Knex } from 'knex';
import type { AuditContext } from '../../db/audit/entry.ts';
import { sayConsent } from '../../db/recording-consents.ts';
import { inTransaction } from '../../db/transaction.ts';
import { actingAs } from './acting-as.ts';

export interface SaidConsent {
  readonly sessionId: string;
  readonly personId: string;
  readonly isGiven: boolean;
}

/** Puts on record whether somebody may be recorded. */
export async function recordConsent(
  knex: Knex,
  context: AuditContext,
  said: SaidConsent,
): Promise<void> {
  const { sessionId, personId, isGiven } = said;
  await inTransaction(knex, context, async (trx, audit) => {
    await sayConsent(trx, said);
    audit({
      action: 'recording.consent',
      objectType: 'session',
      objectId: sessionId,
      subjectId: personId,
      changes: { isGiven },
    });
  });
}

/** The same, by somebody in a room. */
export async function recordConsentInRoom(knex: Knex, said: SaidConsent): Promise<void> {
  await recordConsent(knex, await actingAs(knex, said.personId), said);
}
