import { settleAttendance } from '../../db/session-attendance.ts';
import { isUuid } from '../../domain/ids.ts';
import type { OutboxConsumer } from '../outbox/contract.ts';

/**
 * What a session's last step has told: who was there is put down. It may be over while people are still
 * in its room; it is put down again when the last of them has left.
 */
export const roomAttendance: OutboxConsumer = {
  name: 'room-attendance',
  topics: { 'session.changed': ['completed', 'no_show'], 'room.presence': 'all' },
  handle: async ({ knex }, { payload: { sessionId } }) => {
    if (typeof sessionId === 'string' && isUuid(sessionId)) await settleAttendance(knex, sessionId);
  },
};
