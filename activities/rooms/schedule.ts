import type { Knex } from 'knex';
import { type RoomSession, roomSession } from '../../db/room-sessions.ts';
import { closeRoom, findLiveRoom, placeRoom } from '../../db/rooms.ts';
import { errorCodeOf } from '../../domain/errors.ts';
import type { RoomActivities, RoomTimes } from './contract.ts';

/** Everything that a room's workflow asks of the world outside, but of a host. */
export function createRoomActivities({ knex }: { readonly knex: Knex }): RoomActivities {
  return {
    readRoomTimes: async ({ sessionId }) => roomTimesOf(await roomSession(knex, sessionId)),
    placeRoomAhead: async ({ sessionId }) => {
      try {
        const { hostId, epoch } = await placeRoom(knex, sessionId);
        return { hostId, epoch };
      } catch (error) {
        // Whoever joins later finds a host, or is told that there is none.
        if (errorCodeOf(error) === 'media_unavailable') return null;
        throw error;
      }
    },
    findRoom: async ({ sessionId }) => {
      const found = await findLiveRoom(knex, sessionId);
      return found === null ? null : { hostId: found.hostId, epoch: found.epoch };
    },
    forgetRoom: ({ sessionId, epoch }) => closeRoom(knex, { sessionId, epoch }),
  };
}

/** With its session, however that ends, a room is over. */
const OPEN = new Set(['confirmed', 'in_progress']);

/** When a session's room is open by its plan. */
export function roomTimesOf(session: RoomSession | null): RoomTimes {
  if (session === null || session.opensBeforeStartMs === null) return { kind: 'over' };
  const { status, format, startsAt, endsAt, opensBeforeStartMs, closesAfterEndMs } = session;
  if (format === 'in_person' || !OPEN.has(status)) return { kind: 'over' };
  return {
    kind: 'due',
    opensAt: startsAt.getTime() - opensBeforeStartMs,
    closesAt: endsAt.getTime() + (closesAfterEndMs ?? 0),
  };
}
