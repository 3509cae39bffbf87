import type { Knex } from 'knex';
import type { FieldRef } from '../crypto/field-cipher.ts';
import type { RoomCommand } from '../domain/room-state.ts';
import type { Sealing } from './sealing.ts';

/** Whoever hosts rooms listens here: a notice is a session's id, and what is asked is in the table. */
export const ROOM_CHANNEL = 'holdfast_room';

/** Taken for one session's words; any constant number that nothing else uses. */
const WORDS_LOCK = 9_300_120;

/** So many are opened at a time. */
const WORDS_AT_ONCE = 100;

/** A word for a room; beside commands, somebody who leaves it with all of their tabs. */
export type RoomWord = RoomCommand | { readonly type: 'leave_room'; readonly by: string };

function commandRef(sessionId: string): FieldRef {
  return { purpose: 'room', objectId: sessionId, column: 'command' };
}

/**
 * Leaves word for a session's room, from somebody who may be outside of it. Whoever hosts the room
 * reads it by the notice; without a host it is history.
 */
export async function askRoom(
  { knex, cipher }: Sealing,
  sessionId: string,
  command: RoomWord,
): Promise<void> {
  const sealed = await cipher.sealField(knex, commandRef(sessionId), JSON.stringify(command));
  await knex.transaction(async (trx) => {
    // Whoever has heard a word has heard all that have a lower id: they are given one at a time.
    await trx.raw('SELECT pg_advisory_xact_lock(?, hashtext(?))', [WORDS_LOCK, sessionId]);
    const row = { session_id: sessionId, kind: command.type, command: sealed };
    await trx('room_commands').insert({ ...row, asked_by: command.by });
    await stirRoom(trx, sessionId);
  });
}

/** Whoever hosts the session's room looks at its record again, once the transaction has committed. */
export async function stirRoom(db: Knex, sessionId: string): Promise<void> {
  await db.raw(`SELECT pg_notify('${ROOM_CHANNEL}', ?)`, [sessionId]);
}

/** The same for every open room of somebody's sessions. */
export async function stirRoomsOf(db: Knex, personId: string): Promise<void> {
  await db.raw(
    `SELECT pg_notify('${ROOM_CHANNEL}', room.session_id::text)
     FROM rooms AS room JOIN sessions ON sessions.id = room.session_id
     WHERE room.state = 'open' AND (:personId IN (sessions.therapist_id, sessions.client_id)
       OR EXISTS (SELECT FROM enrolments
         WHERE session_id = room.session_id AND person_id = :personId))`,
    { personId },
  );
}

export interface AskedCommand {
  readonly id: string;
  readonly command: RoomWord;
  readonly askedAt: Date;
}

/** The words for a room after one of them, in their order: all that there are. */
export async function roomCommandsAfter(
  sealing: Sealing,
  sessionId: string,
  afterId: string,
): Promise<AskedCommand[]> {
  const words: AskedCommand[] = [];
  for (;;) {
    const more = await nextCommands(sealing, sessionId, words.at(-1)?.id ?? afterId);
    words.push(...more);
    if (more.length < WORDS_AT_ONCE) return words;
  }
}

async function nextCommands(
  { knex, cipher }: Sealing,
  sessionId: string,
  afterId: string,
): Promise<AskedCommand[]> {
  const rows = await knex('room_commands')
    .where({ session_id: sessionId })
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(WORDS_AT_ONCE)
    .select('id', 'command', 'asked_at');
  const opened = await cipher.openFields(
    knex,
    rows.map(({ command }) => ({ ref: commandRef(sessionId), sealed: command })),
  );
  return rows.map(({ id, asked_at: askedAt }, index) => ({
    id,
    askedAt,
    command: JSON.parse(opened[index]!) as RoomWord,
  }));
}

/** The last word for a room, after which a room that opens now begins to listen; 0 for none. */
export async function lastRoomCommand(knex: Knex, sessionId: string): Promise<string> {
  const row = await knex('room_commands').where({ session_id: sessionId }).max('id as id').first();
  return row?.id ?? '0';
}
