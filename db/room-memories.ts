import type { FieldRef } from '../crypto/field-cipher.ts';
import type { RoomMemory } from '../domain/room-memory.ts';
import type { RecordingMemory } from '../domain/room-recording.ts';
import type { RoomEpoch } from './rooms.ts';
import type { Sealing } from './sealing.ts';

/** What a room knows, what is recorded of it, and the last word from outside that it has heard. */
export interface KeptMemory {
  readonly memory: RoomMemory;
  /** None in what older hosts have kept, and of a room that has ended. */
  readonly recording?: RecordingMemory | null;
  readonly heardUpTo: string;
}

function memoryRef(sessionId: string): FieldRef {
  return { purpose: 'room', objectId: sessionId, column: 'memory' };
}

/** Keeps what a room knows. False: a later placement has it, and this one has nothing more to say. */
export async function keepRoomMemory(
  { knex, cipher }: Sealing,
  { sessionId, epoch }: RoomEpoch,
  kept: KeptMemory,
): Promise<boolean> {
  const sealed = await cipher.sealField(knex, memoryRef(sessionId), JSON.stringify(kept));
  const { rows } = await knex.raw<{ rows: unknown[] }>(
    `INSERT INTO room_memories AS known (session_id, epoch, memory) VALUES (?, ?, ?)
     ON CONFLICT (session_id) DO UPDATE SET epoch = excluded.epoch, memory = excluded.memory,
       written_at = clock_timestamp()
     WHERE known.epoch <= excluded.epoch
     RETURNING 1`,
    [sessionId, epoch, sealed],
  );
  return rows.length > 0;
}

/**
 * What the room knew in its earlier placement; null where there was none. From here on that one can
 * not change it any more, however late its host is.
 */
export async function takeRoomMemory(
  { knex, cipher }: Sealing,
  { sessionId, epoch }: RoomEpoch,
): Promise<KeptMemory | null> {
  const { rows } = await knex.raw<{ rows: { memory: Buffer }[] }>(
    `UPDATE room_memories SET epoch = :epoch WHERE session_id = :sessionId AND epoch <= :epoch
     RETURNING memory`,
    { sessionId, epoch },
  );
  const sealed = rows[0]?.memory;
  if (sealed === undefined) return null;
  return JSON.parse(await cipher.openField(knex, memoryRef(sessionId), sealed)) as KeptMemory;
}
