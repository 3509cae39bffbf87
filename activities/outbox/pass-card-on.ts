import { passCardOn } from '../series/cards.ts';
import type { OutboxConsumer } from './contract.ts';

/** The card of one occurrence pays for those of its series that wait for a payment already. */
export const seriesCards: OutboxConsumer = {
  name: 'series-cards',
  topics: { 'session.changed': ['card_saved', 'payment_captured'] },
  handle: async (deps, { payload }) => {
    const { sessionId } = payload;
    if (typeof sessionId === 'string') await passCardOn(deps, sessionId);
  },
};
