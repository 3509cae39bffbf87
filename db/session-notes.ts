import type { Knex } from 'knex';
import { SessionNote } from './models/session-note.ts';

/** The versions of a session's notes, the first first. */
export async function listNotes(knex: Knex, sessionId: string): Promise<SessionNote[]> {
  return SessionNote.query(knex).where({ session_id: sessionId }).orderBy('version');
}

export async function latestNote(knex: Knex, sessionId: string): Promise<SessionNote | null> {
  const note = await SessionNote.query(knex)
    .where({ session_id: sessionId })
    .orderBy('version', 'desc')
    .first();
  return note ?? null;
}

/** The number of the next version, which is the caller's until the transaction ends. */
export async function nextNoteVersion(trx: Knex.Transaction, sessionId: string): Promise<number> {
  await trx('sessions').where({ id: sessionId }).forNoKeyUpdate().first('id');
  return ((await latestNote(trx, sessionId))?.version ?? 0) + 1;
}

export async function insertNote(
  trx: Knex.Transaction,
  note: Pick<SessionNote, 'sessionId' | 'version' | 'authorId' | 'body' | 'signedAt'>,
): Promise<void> {
  await SessionNote.query(trx).insert(note);
}

export type SignedNote = Pick<SessionNote, 'sessionId' | 'version' | 'body' | 'signedAt'>;

/** Signs the latest version off; null where there is none, unchanged where it is signed already. */
export async function signLatest(
  trx: Knex.Transaction,
  sessionId: string,
  at: Date,
): Promise<SignedNote | null> {
  await trx('sessions').where({ id: sessionId }).forNoKeyUpdate().first('id');
  const latest = await latestNote(trx, sessionId);
  if (latest === null || latest.signedAt !== null) return latest;
  await SessionNote.query(trx)
    .where({ session_id: sessionId, version: latest.version })
    .patch({ signedAt: at });
  const { version, body } = latest;
  return { sessionId, version, body, signedAt: at };
}
