import { stirRoom } from '../../db/room-commands.ts';
import { isUuid } from '../../domain/ids.ts';
import { ENDED_STATUSES } from '../../domain/session.ts';
import type { OutboxConsumer } from '../outbox/contract.ts';

/** A session that has moved or ended, or that somebody has left, while people are in its room. */
export const roomStandings: OutboxConsumer = {
  name: 'room-standings',
  topics: {
    'session.changed': ENDED_STATUSES,
    'enrolment.changed': ENDED_STATUSES,
    'session.moved': 'all',
  },
  handle: async ({ knex }, { payload: { sessionId } }) => {
    if (typeof sessionId === 'string' && isUuid(sessionId)) await stirRoom(knex, sessionId);
  },
};
