import type { Knex } from 'knex';
import { type SessionOfRoom, sessionOfRoom } from '../../../db/room-sessions.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import type { RoomStanding } from '../../../domain/room-standing.ts';
import { roomPolicyOf, roomless } from '../../../domain/room-terms.ts';
import type { RoomPolicy } from '../../../domain/room.ts';

/** The rules of a session's room as it stands now. Throws where it has none. */
export async function policyOfSession(knex: Knex, sessionId: string): Promise<RoomPolicy> {
  const session = await sessionOfRoom(knex, sessionId);
  if (session === null) throw new HoldfastError('not_found', 'There is no such session');
  const reason = roomless(session.terms);
  if (reason !== null) throw new HoldfastError('wrong_state', reason);
  if (!takesPlace(session)) {
    throw new HoldfastError('wrong_state', 'The session does not take place now');
  }
  return roomPolicyOf(session.terms);
}

/** How the session of an open room stands now; null where it does not take place any more. */
export async function standingOfSession(
  knex: Knex,
  sessionId: string,
): Promise<RoomStanding | null> {
  const session = await sessionOfRoom(knex, sessionId);
  if (session === null || roomless(session.terms) !== null || !takesPlace(session)) return null;
  return { policy: roomPolicyOf(session.terms), personIds: session.personIds };
}

function takesPlace({ status }: SessionOfRoom): boolean {
  return status === 'confirmed' || status === 'in_progress';
}
