import { uploadForm } from '../support/messages/support-world.ts';
import { COMPANION_ROWS } from './companion-rows.ts';
import { give } from './row.ts';
import type { Row } from './row.ts';

/** Those who take part in the session; its clinic's admins know of it without reading along. */
const THOSE_IN_IT = { ...give('allowed', 'client', 'therapist'), admin: 'forbidden' } as const;

/** What is said to people of a session, and to the companion. */
export const MESSAGE_ROWS = {
  ...COMPANION_ROWS,
  postMessage: {
    request: async (world) => ({
      body: { sessionId: await world.supportSession(), message: 'Hello' },
    }),
    rest: 'hidden',
    outcomes: THOSE_IN_IT,
  },
  listMessages: {
    request: async (world) => ({ id: await world.supportSession() }),
    rest: 'hidden',
    outcomes: THOSE_IN_IT,
  },
  putMessage: {
    request: async (world) => ({ id: await world.message(), body: { message: 'Other' } }),
    rest: 'hidden',
    outcomes: { client: 'allowed', ...give('forbidden', 'therapist', 'admin') },
  },
  removeMessage: {
    request: async (world) => ({ id: await world.message() }),
    rest: 'hidden',
    outcomes: { ...give('allowed', 'client', 'admin'), therapist: 'forbidden' },
  },
  toggleMessageReaction: {
    request: async (world) => ({ id: await world.message(), body: { reaction: 'supportive' } }),
    rest: 'hidden',
    outcomes: THOSE_IN_IT,
  },
  uploadAttachment: {
    request: async (world) => ({ body: uploadForm(await world.supportSession()) }),
    rest: 'hidden',
    outcomes: THOSE_IN_IT,
  },
  downloadAttachment: {
    request: async (world) => ({ id: await world.attachment() }),
    rest: 'hidden',
    outcomes: THOSE_IN_IT,
  },
} satisfies Record<string, Row>;
