import { openChatRoom } from '../../db/chat-rooms.ts';
import { hasSeats } from '../../db/seats.ts';
import { findSession } from '../../db/sessions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { isUuid } from '../../domain/ids.ts';
import type { OutboxConsumer } from '../outbox/contract.ts';

/** Whoever has met as a group at the teletherapy door can write to each other afterwards. */
export const chatRooms: OutboxConsumer = {
  name: 'chat-rooms',
  topics: { 'session.changed': ['completed'] },
  handle: async ({ knex, cipher }, { payload }) => {
    const { sessionId, status } = payload;
    if (status !== 'completed' || typeof sessionId !== 'string' || !isUuid(sessionId)) return;
    const session = await findSession(knex, sessionId);
    if (session?.door !== 'teletherapy' || !hasSeats(session)) return;
    if (session.plan.followUp === null) return;
    const actor = { id: null, role: 'system', clinicId: session.clinic_id };
    await inTransaction(knex, { actor, requestId: null }, (trx, audit) =>
      openChatRoom(trx, { cipher, audit }, session),
    );
  },
};
