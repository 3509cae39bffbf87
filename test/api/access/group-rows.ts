import { give } from './row.ts';
import type { Row } from './row.ts';

const EVERYBODY: Row = { rest: 'allowed' };
const OWN_CLINIC_STAFF = give('allowed', 'staff', 'admin');
const STAFF = give('allowed', 'staff', 'admin', 'foreignStaff', 'foreignAdmin');
const FOREIGNERS = give(
  'hidden',
  'foreignClient',
  'foreignTherapist',
  'foreignStaff',
  'foreignAdmin',
);
const LATER = new Date(Date.now() + 5 * 86_400_000).toISOString();
const COUNSELORS = give(
  'allowed',
  'therapist',
  'otherTherapist',
  'unverifiedCounselor',
  'foreignTherapist',
);

/** A group is hidden from other therapists, and not for those who lead none. */
function group(body?: unknown): Row {
  return {
    request: async (world) => ({ id: await world.group(), body }),
    rest: 'forbidden',
    outcomes: {
      ...give('allowed', 'therapist'),
      ...OWN_CLINIC_STAFF,
      ...give('hidden', 'otherTherapist', 'unverifiedCounselor'),
      ...give('hidden', 'foreignTherapist', 'foreignStaff', 'foreignAdmin'),
    },
  };
}

/** Who may do what with groups. */
export const GROUP_ROWS = {
  listTherapyGroups: EVERYBODY,
  joinTherapyGroup: {
    request: async (world) => ({
      id: await world.group(),
      body: { consent: { group_guidelines: true, confidentiality_agreement: true } },
    }),
    rest: 'forbidden',
    outcomes: { ...give('allowed', 'client', 'otherClient'), ...FOREIGNERS },
  },
  // Allowed, and then told that there is no seat of theirs, as one would be of another's.
  leaveTherapyGroup: {
    request: async (world) => ({ id: await world.group() }),
    rest: 'forbidden',
    outcomes: { ...give('hidden', 'client', 'otherClient'), ...FOREIGNERS },
  },
  listGroups: { rest: 'forbidden', outcomes: { ...STAFF, ...COUNSELORS } },
  createGroup: {
    request: ({ people }) => ({
      body: { theme: 'Sleep', capacity: 8, therapistId: people.therapist.id },
    }),
    rest: 'forbidden',
    outcomes: {
      ...give('allowed', 'therapist', 'staff', 'admin'),
      ...give('refused', 'foreignStaff', 'foreignAdmin'),
    },
  },
  getGroup: group(),
  putGroup: group({ theme: 'Sleep' }),
  createGroupSession: group({ startsAt: LATER }),
} satisfies Readonly<Record<string, Row>>;
