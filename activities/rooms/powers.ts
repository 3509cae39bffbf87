import type { Knex } from 'knex';
import type { AuditEntry } from '../../db/audit/entry.ts';
import { followChatRoom } from '../../db/chat-rooms.ts';
import { giveRole } from '../../db/hosted-sessions.ts';
import { liftRemovals, noteRemoval } from '../../db/room-removals.ts';
import { inTransaction } from '../../db/transaction.ts';
import { assertNever } from '../../domain/assert-never.ts';
import type { RoomCommand } from '../../domain/room-state.ts';
import { actingAs } from './acting-as.ts';

export interface UsedPower {
  readonly sessionId: string;
  readonly command: RoomCommand;
  /** Whoever passed the word on to the room has written it down. */
  readonly isOnRecord: boolean;
}

/**
 * Puts on record what a host has done in a room, and what of it outlives the room. The room decides in
 * which order roles were given, also where they were given from outside.
 */
export async function recordPower(knex: Knex, power: UsedPower): Promise<void> {
  const { sessionId, command, isOnRecord } = power;
  const entry = isOnRecord ? null : entryOf(command);
  if (entry === null && command.type !== 'promote' && command.type !== 'readmit') return;
  await inTransaction(knex, await actingAs(knex, command.by), async (trx, audit) => {
    const isKnown = await trx('sessions').where({ id: sessionId }).first('id');
    if (command.type === 'promote' && isKnown !== undefined) {
      const { personId, role, by: givenBy } = command;
      await giveRole(trx, { sessionId, personId, role, givenBy });
    }
    if (command.type === 'remove' && isKnown !== undefined) {
      const { personId, by } = command;
      await noteRemoval(trx, { sessionId, personId, by });
      await followChatRoom(trx, audit, sessionId);
    }
    // After every removal before it, which may have come to the record later than the lifting.
    if (command.type === 'readmit') await liftRemovals(trx, sessionId, [command.personId]);
    if (entry !== null) audit({ ...entry, objectType: 'session', objectId: sessionId });
  });
}

type Deed = Pick<AuditEntry, 'action' | 'subjectId' | 'changes'>;

/** What was done, and to whom; not what was said. Null for what is put on record elsewhere. */
function entryOf(command: RoomCommand): Deed | null {
  switch (command.type) {
    case 'admit':
    case 'deny':
    case 'remove':
    case 'readmit':
      return { action: `room.${command.type}`, subjectId: command.personId };
    case 'ask_mute': {
      const { personId: subjectId, kind } = command;
      return { action: 'room.ask_mute', subjectId, changes: { kind } };
    }
    case 'lock':
      return { action: command.isLocked ? 'room.lock' : 'room.unlock' };
    case 'promote': {
      const { personId: subjectId, role } = command;
      return { action: 'session.role', subjectId, changes: { role } };
    }
    case 'create_breakouts':
      return { action: 'session.breakouts', changes: { action: 'create' } };
    case 'assign_breakout': {
      const { personId: subjectId, breakoutId } = command;
      return { action: 'session.breakouts', subjectId, changes: { action: 'assign', breakoutId } };
    }
    case 'broadcast':
      return { action: 'session.breakouts', changes: { action: 'broadcast' } };
    case 'close_breakouts':
      return { action: 'session.breakouts', changes: { action: 'close' } };
    case 'end':
      return { action: 'room.end' };
    case 'panic':
      return null;
    default:
      return assertNever(command);
  }
}
