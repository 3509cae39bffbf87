import { give } from './row.ts';
import type { Row } from './row.ts';

const START = Date.now() + 6 * 86_400_000;
const STAFF = give('allowed', 'staff', 'admin');

/** What is the host's alone: others in the session are told so, whoever is outside knows nothing. */
function hosted(body?: unknown): Row {
  return {
    request: async (world) => ({ id: await world.session(), body }),
    rest: 'hidden',
    outcomes: { ...give('allowed', 'therapist'), ...give('forbidden', 'client', 'staff', 'admin') },
  };
}

/** Whose own the session is, and the clinic where it says so. */
function ownSession(body?: unknown, clinic: 'allowed' | 'forbidden' = 'allowed'): Row {
  return {
    request: async (world) => ({ id: await world.session(), body }),
    rest: 'hidden',
    outcomes: { ...give('allowed', 'client', 'therapist'), ...give(clinic, 'staff', 'admin') },
  };
}

/** The teletherapy door. */
export const TELETHERAPY_ROWS = {
  createTeletherapySession: {
    request: ({ people }) => ({
      body: {
        title: 'Matrix',
        type: 'individual',
        mode: 'video',
        startTime: new Date(START).toISOString(),
        endTime: new Date(START + 3_000_000).toISOString(),
        participantIds: [people.client.id],
      },
    }),
    rest: 'forbidden',
    outcomes: { ...give('allowed', 'therapist', 'otherTherapist'), foreignTherapist: 'hidden' },
  },
  listUpcomingSessions: { rest: 'allowed' },
  checkRelationship: {
    request: ({ people }) => ({
      query: `?therapistId=${people.therapist.id}&clientId=${people.client.id}`,
    }),
    rest: 'forbidden',
    outcomes: {
      ...give('allowed', 'client', 'therapist'),
      ...STAFF,
      // Told that there is none: another clinic's people are nobody there.
      ...give('allowed', 'foreignStaff', 'foreignAdmin'),
    },
  },
  getTeletherapySession: ownSession(),
  updateSessionStatus: hosted({ status: 'waiting' }),
  listSessionNotes: hosted(),
  updateSessionNotes: hosted({ notes: 'Slept better' }),
  cancelTeletherapySession: ownSession({}),
  addParticipants: {
    request: async (world) => ({
      id: await world.session(),
      body: { participantIds: [world.people.client.id] },
    }),
    rest: 'hidden',
    outcomes: { ...give('allowed', 'therapist'), ...give('forbidden', 'client', 'staff', 'admin') },
  },
  removeParticipants: {
    request: async (world) => ({
      id: await world.session(),
      body: { participantIds: [world.people.client.id] },
    }),
    rest: 'hidden',
    outcomes: { ...give('allowed', 'therapist'), ...give('forbidden', 'client', 'staff', 'admin') },
  },
  updateParticipantRole: {
    request: async (world) => ({
      id: await world.session(),
      body: { participantId: world.people.client.id, role: 'co_host' },
    }),
    rest: 'hidden',
    outcomes: { ...give('allowed', 'therapist'), ...give('forbidden', 'client', 'staff', 'admin') },
  },
  manageBreakoutRooms: hosted({ action: 'close' }),
  joinTeletherapySession: ownSession({}, 'forbidden'),
  // Without the code there is no such session, whoever asks.
  redeemAccessCode: {
    request: async (world) => ({ id: await world.session(), body: { accessCode: 'WRONG' } }),
    rest: 'hidden',
    outcomes: give('hidden', 'anonymous'),
  },
  leaveTeletherapySession: ownSession({}, 'forbidden'),
  listRecordings: ownSession(undefined, 'forbidden'),
  updateRecordingConsent: ownSession({ consent: true }, 'forbidden'),
  // A file that is none; who plays one that is: test/api/teletherapy/recordings.test.ts.
  downloadRecording: {
    request: async (world) => ({ id: await world.session() }),
    rest: 'hidden',
    outcomes: give('forbidden', 'staff', 'admin'),
  },
  getTranscript: ownSession(undefined, 'forbidden'),
  createChatRoom: hosted({}),
  // The act is allowed and finds nothing that failed.
  retryTranscript: {
    request: async (world) => ({ id: await world.session() }),
    rest: 'hidden',
    outcomes: { ...give('allowed', 'therapist'), ...STAFF, client: 'forbidden' },
  },
} satisfies Record<string, Row>;
