import { followChatRoom } from '../../db/chat-rooms.ts';
import { askRoom } from '../../db/room-commands.ts';
import { liftForSeat } from '../../db/room-removals.ts';
import { wasRoomPlaced } from '../../db/rooms.ts';
import { inTransaction } from '../../db/transaction.ts';
import { isUuid } from '../../domain/ids.ts';
import type { OutboxConsumer, OutboxDeps } from '../outbox/contract.ts';

/**
 * A session's room and chat room follow its seats: whoever was removed and has booked a seat again may
 * come again, as if for the first time; whoever has given theirs up reads on no more.
 */
export const roomSeats: OutboxConsumer = {
  name: 'room-seats',
  topics: { 'enrolment.changed': 'all' },
  handle: async (deps, { payload, clinicId }) => {
    const { sessionId, enrolmentId, event } = payload;
    if (typeof sessionId !== 'string' || !isUuid(sessionId)) return;
    if (event === 'joined' && typeof enrolmentId === 'string' && isUuid(enrolmentId)) {
      await letBackIn(deps, sessionId, enrolmentId);
    }
    const actor = { id: null, role: 'system', clinicId };
    await inTransaction(deps.knex, { actor, requestId: null }, (trx, audit) =>
      followChatRoom(trx, audit, sessionId),
    );
  },
};

async function letBackIn(
  { knex, cipher }: OutboxDeps,
  sessionId: string,
  enrolmentId: string,
): Promise<void> {
  if (!(await wasRoomPlaced(knex, sessionId))) return;
  const seat = await knex.transaction((trx) => liftForSeat(trx, enrolmentId));
  if (seat === null) return;
  const { personId, therapistId: by } = seat;
  await askRoom({ knex, cipher }, sessionId, { type: 'readmit', by, personId });
}
