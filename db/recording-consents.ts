import type { Knex } from 'knex';

export interface RecordingConsent {
  readonly personId: string;
  readonly isGiven: boolean;
  readonly saidAt: Date;
}

/** Whether somebody may be recorded, as they say it now. */
export async function sayConsent(
  trx: Knex.Transaction,
  said: { readonly sessionId: string; readonly personId: string; readonly isGiven: boolean },
): Promise<void> {
  await trx.raw(
    `INSERT INTO recording_consents (session_id, person_id, is_given)
     VALUES (:sessionId, :personId, :isGiven)
     ON CONFLICT (session_id, person_id)
       DO UPDATE SET is_given = :isGiven, said_at = clock_timestamp()`,
    { ...said },
  );
}

export async function consentsIn(db: Knex, sessionId: string): Promise<RecordingConsent[]> {
  return db('recording_consents')
    .where({ session_id: sessionId })
    .orderBy('person_id')
    .select('person_id as personId', 'is_given as isGiven', 'said_at as saidAt');
}
