import type { Knex } from 'knex';
import { SessionRevisionModel } from './models/session-revision.ts';

export type Revision = Pick<
  SessionRevisionModel,
  'id' | 'sessionId' | 'askedBy' | 'details' | 'reason' | 'format' | 'therapistId' | 'buffers'
>;

/** As much of a revision as a step has to know. */
export type RevisionInForce = Pick<Revision, 'id' | 'therapistId' | 'buffers'>;

/** Puts a revision on record before anybody is asked. The same id again changes nothing. */
export async function keepRevision(db: Knex, revision: Revision): Promise<void> {
  await SessionRevisionModel.query(db).insert(revision).onConflict('id').ignore();
}

export async function findRevision(
  db: Knex,
  id: string,
): Promise<(Revision & { readonly appliedAt: Date | null }) | null> {
  return (await SessionRevisionModel.query(db).findById(id)) ?? null;
}

/** Forgets a revision that was refused. */
export async function dropRevision(db: Knex, id: string): Promise<void> {
  await SessionRevisionModel.query(db).deleteById(id).whereNull('applied_at');
}

/**
 * Brings a revision into force, once. The therapist of a step is changed by the step itself, and
 * its reason takes the place of an earlier step's, also where there is none.
 */
export async function applyRevision(
  trx: Knex.Transaction,
  id: string,
  { isStep }: { readonly isStep: boolean },
): Promise<void> {
  await trx.raw(
    `WITH revision AS (
       UPDATE session_revisions SET applied_at = now() WHERE id = ? AND applied_at IS NULL
       RETURNING *)
     UPDATE sessions SET updated_at = now(),
       details = coalesce(revision.details, sessions.details),
       last_reason = CASE WHEN ? THEN revision.reason ELSE sessions.last_reason END,
       format = coalesce(revision.format, sessions.format),
       plan = CASE WHEN revision.buffers IS NULL THEN sessions.plan
         ELSE jsonb_set(sessions.plan, '{buffers}', revision.buffers) END
     FROM revision WHERE sessions.id = revision.session_id`,
    [id, isStep],
  );
}

/** Who had a session before its therapist; null where nobody had. */
export async function formerTherapist(db: Knex, sessionId: string): Promise<string | null> {
  const { rows } = await db.raw<{ rows: { former: string }[] }>(
    `SELECT data->>'fromTherapistId' AS former FROM session_events
     WHERE session_id = ? AND data->>'fromTherapistId' IS NOT NULL ORDER BY id DESC LIMIT 1`,
    [sessionId],
  );
  return rows[0]?.former ?? null;
}
