import type { Knex } from 'knex';
import { ROOM_CHANNEL } from './room-commands.ts';

export interface RecordingConsent {
  readonly personId: string;
  readonly isGiven: boolean;
  readonly saidAt: Date;
}

/** Whether somebody may be recorded, as they say it now. Whoever hosts the session's room hears of it. */
export async function sayConsent(
  trx: Knex.Transaction,
  said: { readonly sessionId: string; readonly personId: string; readonly isGiven: boolean },
): Promise<void> {
  await trx.raw(
    `WITH said AS (
       INSERT INTO recording_consents (session_id, person_id, is_given)
       VALUES (:sessionId, :personId, :isGiven)
       ON CONFLICT (session_id, person_id)
         DO UPDATE SET is_given = :isGiven, said_at = clock_timestamp()
       RETURNING session_id, person_id, is_given, said_at),
     kept AS (
       INSERT INTO recording_consent_changes (session_id, person_id, is_given, said_at)
       SELECT * FROM said RETURNING session_id)
     SELECT pg_notify('${ROOM_CHANNEL}', session_id::text) FROM kept`,
    { ...said },
  );
}

export async function consentsIn(db: Knex, sessionId: string): Promise<RecordingConsent[]> {
  return db('recording_consents')
    .where({ session_id: sessionId })
    .orderBy('person_id')
    .select('person_id as personId', 'is_given as isGiven', 'said_at as saidAt');
}

/** Whether a session may be recorded at all, and who has agreed to it. */
export async function recordingTermsOf(
  db: Knex,
  sessionId: string,
): Promise<{ readonly isEnabled: boolean; readonly consents: Readonly<Record<string, boolean>> }> {
  const [hosted, said] = await Promise.all([
    db('hosted_sessions').where({ session_id: sessionId }).first('is_recorded'),
    consentsIn(db, sessionId),
  ]);
  return {
    isEnabled: hosted?.is_recorded === true,
    consents: Object.fromEntries(said.map(({ personId, isGiven }) => [personId, isGiven])),
  };
}
