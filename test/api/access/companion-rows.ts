import type { Row } from './row.ts';

const EVERYBODY: Row = { rest: 'allowed' };

/** A conversation is there for its owner alone. */
const OWN: Row = {
  request: async (world) => ({ id: await world.companionConversation() }),
  rest: 'hidden',
  outcomes: { client: 'allowed' },
};

export const COMPANION_ROWS = {
  chatWithCompanion: { ...EVERYBODY, request: () => ({ body: { message: 'Hello there' } }) },
  createChatbotSession: { ...EVERYBODY, request: () => ({ body: {} }) },
  continueWithCompanion: {
    ...OWN,
    request: async (world) => ({
      body: { conversationId: await world.companionConversation(), message: 'Hello again' },
    }),
  },
  getCompanionConversation: OWN,
  getChatbotHistory: OWN,
  endCompanionConversation: OWN,
} satisfies Record<string, Row>;
