import { settleAttendance } from '../../db/session-attendance.ts';
import { isUuid } from '../../domain/ids.ts';
import type { OutboxConsumer } from '../outbox/contract.ts';

/** A session may be over while people are still in its room: what is billed waits for the last of them. */
export const roomAttendance: OutboxConsumer = {
  name: 'room-attendance',
  topics: { 'room.presence': 'all' },
  handle: async ({ knex }, { payload: { sessionId } }) => {
    if (typeof sessionId === 'string' && isUuid(sessionId)) await settleAttendance(knex, sessionId);
  },
};
