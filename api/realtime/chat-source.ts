import { lastMessageNumbers, participantsOf } from '../../db/live-messages.ts';
import type { ApiDeps } from '../context.ts';
import { readLiveMessages } from '../support/messages/live-messages.ts';
import type { LiveView } from '../support/messages/live-messages.ts';
import type { MessageView } from '../support/messages/message-view.ts';
import { newMessageEvent } from '../support/messages/present-message.ts';
import type { ChatSource, LiveMessage } from './chat-room.ts';

/** Far more than comes in a moment; the rest is read in the next. */
const MOST_MESSAGES = 500;

/** Reads what rooms send. */
export function createChatSource(deps: Pick<ApiDeps, 'knex' | 'cipher'>): ChatSource {
  const { knex } = deps;
  return {
    readNews: async (ranges) => {
      const sessionIds = ranges.map(({ sessionId }) => sessionId);
      const [views, participants] = await Promise.all([
        readLiveMessages(deps, ranges, MOST_MESSAGES),
        participantsOf(knex, sessionIds),
      ]);
      return { messages: views.map(shownTo), participants };
    },
    readPage: async (range, limit) => (await readLiveMessages(deps, [range], limit)).map(shownTo),
    lastNumbers: (sessionIds) => lastMessageNumbers(knex, sessionIds),
  };
}

function shownTo({ sessionId, number, message }: LiveView): LiveMessage {
  return message === null ? { sessionId, number, shown: null } : liveMessage(message);
}

export function liveMessage(message: MessageView): LiveMessage {
  const { sessionId, number } = message;
  const { hiddenPersonId } = message;
  const toOthers = newMessageEvent(message, null);
  const toPatient = hiddenPersonId === null ? toOthers : newMessageEvent(message, hiddenPersonId);
  return { sessionId, number, shown: { toPatient, toOthers } };
}
