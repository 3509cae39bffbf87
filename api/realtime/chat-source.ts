import { lastMessageNumbers, participantsOf } from '../../db/live-messages.ts';
import type { ApiDeps } from '../context.ts';
import type { ChatSource } from './chat-rooms.ts';

/** Reads what rooms send. */
export function createChatSource({ knex }: Pick<ApiDeps, 'knex'>): ChatSource {
  return {
    readNews: async (ranges) => {
      const participants = await participantsOf(
        knex,
        ranges.map(({ sessionId }) => sessionId),
      );
      return { messages: [], participants };
    },
    readPage: async () => [],
    lastNumbers: (sessionIds) => lastMessageNumbers(knex, sessionIds),
  };
}
