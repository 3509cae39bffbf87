import { passCardOn } from '../series/cards.ts';
import type { OutboxConsumer } from './contract.ts';

const PAID: readonly unknown[] = ['card_saved', 'payment_captured'];

/** The card of one occurrence pays for those of its series that wait for a payment already. */
export const seriesCards: OutboxConsumer = {
  name: 'series-cards',
  topics: ['session.changed'],
  handle: async (deps, { payload }) => {
    const { sessionId, event } = payload as { sessionId?: unknown; event?: unknown };
    if (typeof sessionId !== 'string' || !PAID.includes(event)) return;
    await passCardOn(deps, sessionId);
  },
};
