import type { Knex } from 'knex';
import { sessionOfRoom } from '../../../db/room-sessions.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { roomPolicyOf, roomless } from '../../../domain/room-terms.ts';
import type { RoomPolicy } from '../../../domain/room.ts';

/** The rules of a session's room as it stands now. Throws where it has none. */
export async function policyOfSession(knex: Knex, sessionId: string): Promise<RoomPolicy> {
  const session = await sessionOfRoom(knex, sessionId);
  if (session === null) throw new HoldfastError('not_found', 'There is no such session');
  const reason = roomless(session.terms);
  if (reason !== null) throw new HoldfastError('wrong_state', reason);
  if (session.status !== 'confirmed' && session.status !== 'in_progress') {
    throw new HoldfastError('wrong_state', 'The session does not take place now');
  }
  return roomPolicyOf(session.terms);
}
