import { give } from './row.ts';
import type { Request, Row } from './row.ts';
import type { World } from './world.ts';

const EVERYBODY: Row = { rest: 'allowed' };
const NOTHING = '00000000-0000-7000-8000-000000000000';
const HELPERS = give(
  'allowed',
  'therapist',
  'otherTherapist',
  'peer',
  'admin',
  'foreignTherapist',
  'foreignAdmin',
);
const FOREIGN_HELPERS = give('hidden', 'foreignTherapist', 'foreignAdmin');

function of(state: 'waiting' | 'active', body?: unknown): NonNullable<Row['request']> {
  return async (world: World): Promise<Request> => ({
    id: await world.supportSession(state),
    body,
  });
}

/** Who may do what with live sessions. The active one is the client's, with the therapist. */
export const SUPPORT_SESSION_ROWS = {
  createSupportSession: { ...EVERYBODY, request: () => ({ body: { title: 'Exams' } }) },
  createSupportSessionB: { ...EVERYBODY, request: () => ({ body: { helperType: 'peer' } }) },
  listOwnSupportSessions: EVERYBODY,
  listOwnSupportSessionsB: EVERYBODY,
  listAvailableSessions: { rest: 'forbidden', outcomes: HELPERS },
  acceptSupportSession: {
    request: of('waiting', {}),
    rest: 'forbidden',
    outcomes: { ...HELPERS, ...FOREIGN_HELPERS },
  },
  declineSupportSession: {
    request: of('waiting', { reason: 'busy' }),
    rest: 'forbidden',
    outcomes: { ...HELPERS, ...FOREIGN_HELPERS },
  },
  // Beside a helper there is room for those who look after lives, and for nobody else.
  joinSupportSession: {
    request: of('active', {}),
    rest: 'forbidden',
    outcomes: {
      ...give('allowed', 'therapist', 'admin'),
      ...give('hidden', 'otherTherapist', 'peer', 'foreignTherapist', 'foreignAdmin'),
    },
  },
  getSupportSession: {
    request: of('active'),
    rest: 'hidden',
    outcomes: give('allowed', 'client', 'therapist', 'admin'),
  },
  updateSupportSession: {
    request: of('active', { rating: 5, tags: ['helpful'] }),
    rest: 'hidden',
    outcomes: give('allowed', 'client', 'therapist', 'admin'),
  },
  endSupportSession: {
    request: of('active', { rating: 5 }),
    rest: 'hidden',
    outcomes: give('allowed', 'client', 'therapist', 'admin'),
  },
  escalateSession: {
    request: async (world: World) => ({
      body: { sessionId: await world.supportSession('active'), severity: 'high' },
    }),
    rest: 'hidden',
    outcomes: give('allowed', 'client', 'therapist', 'admin'),
  },
  getUrgentQueue: {
    rest: 'forbidden',
    outcomes: { ...HELPERS, peer: 'forbidden' },
  },
  acceptUrgentSession: {
    request: () => ({ id: NOTHING, body: {} }),
    rest: 'forbidden',
    outcomes: give('hidden', 'therapist', 'otherTherapist', 'foreignTherapist'),
  },
} satisfies Record<string, Row>;
