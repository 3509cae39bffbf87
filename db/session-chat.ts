import type { Knex } from 'knex';
import type { FieldRef } from '../crypto/field-cipher.ts';
import type { ChatEntry } from '../domain/room-chat.ts';
import { isErased } from './database-errors.ts';
import type { Sealing } from './sealing.ts';

interface Words {
  readonly text: string;
  readonly name: string;
}

/** Something that was written, without its words. */
export type ChatMark = Omit<ChatEntry, 'text' | 'name'>;

const MARK = {
  id: 'id',
  epoch: 'epoch',
  sequence: 'sequence',
  senderId: 'sender_id',
  breakoutId: 'breakout_id',
  audience: 'audience',
  elsewhere: 'elsewhere',
} as const;

function wordsRef(sessionId: string, id: string): FieldRef {
  return { purpose: 'session_chat', objectId: sessionId, column: 'words', rowId: id };
}

/** Keeps what was written; saying it twice does no harm. What an erased person wrote is not kept. */
export async function keepChat(
  { knex, cipher }: Sealing,
  sessionId: string,
  { text, name, ...entry }: ChatEntry,
): Promise<void> {
  const words: Words = { text, name };
  try {
    await knex.transaction(async (trx) => {
      const sealed = await cipher.sealField(
        trx,
        wordsRef(sessionId, entry.id),
        JSON.stringify(words),
      );
      await trx.raw(
        `INSERT INTO session_chat (id, clinic_id, session_id, epoch, sequence, breakout_id,
           sender_id, words, audience, elsewhere, at)
         SELECT :id, clinic_id, :sessionId, :epoch, :sequence, :breakoutId, id, :sealed,
           :audience, :elsewhere, :at FROM people WHERE id = :senderId
         ON CONFLICT (id) DO NOTHING`,
        { ...entry, sessionId, sealed, at: new Date(entry.at) },
      );
    });
  } catch (error) {
    if (!isErased(error)) throw error;
  }
}

/** What was written in a session, in its order, without the words; `last` only so many of the end. */
export async function chatMarks(
  db: Knex,
  sessionId: string,
  last: number | null = null,
): Promise<ChatMark[]> {
  const rows: (Omit<ChatMark, 'at'> & { at: Date })[] = await db('session_chat')
    .where({ session_id: sessionId })
    .orderBy([
      { column: 'epoch', order: 'desc' },
      { column: 'sequence', order: 'desc' },
    ])
    .modify((query) => void (last === null ? query : query.limit(last)))
    .select({ ...MARK, at: 'at' });
  return rows.toReversed().map((row) => ({ ...row, at: row.at.getTime() }));
}

/** The same with the words. */
export async function openChat(
  { knex, cipher }: Sealing,
  sessionId: string,
  marks: readonly ChatMark[],
): Promise<ChatEntry[]> {
  const ids = marks.map(({ id }) => id);
  const rows = await knex('session_chat').whereIn('id', ids).select('id', 'words');
  const opened = await cipher.openFields(
    knex,
    rows.map(({ id, words }) => ({ ref: wordsRef(sessionId, id), sealed: words })),
  );
  const known = new Map(rows.map(({ id }, at) => [id, JSON.parse(opened[at]!) as Words]));
  return marks.flatMap((mark) => {
    const words = known.get(mark.id);
    return words === undefined ? [] : [{ ...mark, ...words }];
  });
}

/**
 * Forgets what was written in sessions where the last word was kept no later than `until`, with the
 * keys; some hundreds at once.
 */
export async function forgetChat(
  trx: Knex.Transaction,
  until: Date,
): Promise<{ readonly sessionId: string; readonly clinicId: string }[]> {
  const { rows } = await trx.raw<{ rows: { sessionId: string; clinicId: string }[] }>(
    `WITH over AS (
       SELECT DISTINCT session_id FROM session_chat AS chat
       WHERE recorded_at <= :until AND NOT EXISTS (
         SELECT FROM session_chat AS later
         WHERE later.session_id = chat.session_id AND later.recorded_at > :until)
       LIMIT 500),
     keys AS (
       DELETE FROM data_keys
       WHERE purpose = 'session_chat' AND object_id IN (SELECT session_id FROM over)),
     gone AS (
       DELETE FROM session_chat WHERE session_id IN (SELECT session_id FROM over)
       RETURNING session_id, clinic_id)
     SELECT DISTINCT session_id AS "sessionId", clinic_id AS "clinicId" FROM gone`,
    { until },
  );
  return rows;
}
