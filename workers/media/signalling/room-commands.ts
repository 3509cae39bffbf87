import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { FieldCipher } from '../../../crypto/field-cipher.ts';
import { openListener } from '../../../db/listener.ts';
import { ROOM_CHANNEL, roomCommandsAfter } from '../../../db/room-commands.ts';
import { recordingTermsOf } from '../../../db/recording-consents.ts';
import { isUuid } from '../../../domain/ids.ts';
import { settleRoom } from '../../../domain/room-standing.ts';
import type { LiveRooms } from './live-rooms.ts';
import { standingOfSession } from './policy.ts';

interface CommandDeps {
  readonly knex: Knex;
  readonly cipher: FieldCipher;
  readonly rooms: LiveRooms;
  readonly databaseUrl: string;
  readonly log: Pick<Logger, 'warn'>;
}

/**
 * Carries out the words that are left for this host's rooms from outside, and keeps each room in line
 * with its session's record.
 */
export function hearCommands(deps: CommandDeps): { close(): Promise<void> } {
  const { databaseUrl, rooms, log } = deps;
  const turns = new Map<string, Promise<void>>();
  const look = (sessionId: string): void => {
    const before = turns.get(sessionId) ?? Promise.resolve();
    const turn = before
      .then(() => carryOut(deps, sessionId))
      .catch(() => log.warn({ sessionId }, 'a word for a room could not be read'))
      .finally(() => {
        if (turns.get(sessionId) === turn) turns.delete(sessionId);
      });
    turns.set(sessionId, turn);
  };
  return openListener({
    databaseUrl,
    applicationName: 'holdfast-rooms',
    channel: ROOM_CHANNEL,
    onNotice: (payload) => {
      if (isUuid(payload) && rooms.has(payload)) look(payload);
    },
    onGap: () => rooms.sessionIds.forEach(look),
    onLoss: () => undefined,
  });
}

async function carryOut(deps: CommandDeps, sessionId: string): Promise<void> {
  const room = await deps.rooms.find(sessionId);
  if (room === null) return;
  const heard = room.recording.listen();
  heard(await recordingTermsOf(deps.knex, sessionId));
  for (const { id, command } of await roomCommandsAfter(deps, sessionId, room.heardUpTo)) {
    room.heardUpTo = id;
    if (command.type === 'leave_room') {
      room.dismiss(command.by);
      continue;
    }
    room.hear(command);
  }
  const standing = await standingOfSession(deps.knex, sessionId);
  const { state, effects } = settleRoom(room.state, standing);
  room.adopt(state, effects);
}
