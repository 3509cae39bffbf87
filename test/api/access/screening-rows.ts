import { give } from './row.ts';
import type { Row } from './row.ts';

const EVERYBODY: Row = { rest: 'allowed' };

/** Answers are the person's own; their counselor and admins see what they come to. */
const OWN: Row = {
  request: async (world) => {
    const sessionId = await world.screening();
    return { body: { sessionId, questionNumber: 1, selectedValue: 1 } };
  },
  rest: 'hidden',
  outcomes: { client: 'allowed' },
};
const RESULTS: Row = {
  request: (world) => ({ id: world.people.client.id }),
  rest: 'hidden',
  outcomes: give('allowed', 'client', 'therapist', 'admin'),
};

const ADMINS: Row = { rest: 'forbidden', outcomes: give('allowed', 'admin', 'foreignAdmin') };

const CARERS: Row = {
  rest: 'forbidden',
  outcomes: give(
    'allowed',
    ...(['therapist', 'otherTherapist', 'staff', 'admin'] as const),
    ...(['foreignTherapist', 'foreignStaff', 'foreignAdmin'] as const),
  ),
};

/** Around a session, for its two people. */
function preparation(kind: 'questionnaire' | 'material'): Row {
  return {
    request: async (world) => ({ id: await world.preparation(kind) }),
    rest: 'hidden',
    outcomes: { ...give('allowed', 'client', 'therapist'), ...give('forbidden', 'staff', 'admin') },
  };
}

export const SCREENING_ROWS = {
  createQuestionnaire: {
    request: () => ({
      body: {
        type: 'MOOD',
        title: 'Mood',
        options: [
          { value: 0, text: 'Good' },
          { value: 1, text: 'Bad' },
        ],
        items: [{ number: 1, id: 'mood', text: 'How are you?', kind: 'choice' }],
        bands: [{ min: 0, max: 1, label: 'any' }],
      },
    }),
    rest: 'forbidden',
    outcomes: give('allowed', 'admin', 'foreignAdmin'),
  },
  getQuestionnaire: { ...EVERYBODY, request: () => ({ id: 'PHQ-9' }) },
  startResponseSession: { ...EVERYBODY, request: () => ({ body: { questionnaireType: 'GHQ' } }) },
  submitResponseAnswer: OWN,
  completeResponseSession: OWN,
  getLatestResult: RESULTS,
  listUserResults: RESULTS,
  getScreeningAggregate: ADMINS,
  reviewResult: {
    request: async (world) => ({
      id: await world.flaggedResult(),
      body: { decision: 'no_action', notes: 'n' },
    }),
    rest: 'forbidden',
    outcomes: { admin: 'allowed', foreignAdmin: 'hidden' },
  },
  listScreeningReviews: { ...ADMINS, request: () => ({ query: '?limit=5' }) },
  getAssessment: preparation('questionnaire'),
  getMaterial: preparation('material'),
  listMaterials: { ...CARERS, request: () => ({ query: '?limit=5' }) },
  createMaterial: {
    ...CARERS,
    request: () => ({ body: { type: 'article', title: 't', content: 'c' } }),
  },
  getScreeningPolicy: ADMINS,
  putScreeningPolicy: {
    ...ADMINS,
    request: () => ({ body: { alerts: { 'GAD-7': { severe_total: 'low' } }, responseHours: 48 } }),
  },
} satisfies Record<string, Row>;
