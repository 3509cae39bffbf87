import { give } from './row.ts';
import type { Row } from './row.ts';

const EVERYBODY: Row = { rest: 'allowed' };
const REPORT: Row = { ...EVERYBODY, request: () => ({ body: { severity: 'low' } }) };
const OTHERS = ['client', 'otherClient', 'unverifiedCounselor', 'peer', 'foreignClient'] as const;

export const SUPPORT_CRISIS_ROWS = {
  createCrisisAlert: REPORT,
  createCrisisAlertAsInB: REPORT,
  requestCrisisIntervention: REPORT,
  requestTherapyCrisis: REPORT,
  updateCrisisAlert: {
    request: async (world) => ({ id: await world.alert(), body: { notes: 'x' } }),
    rest: 'hidden',
    outcomes: {
      ...give('forbidden', 'client'),
      ...give('allowed', 'therapist', 'otherTherapist', 'staff', 'admin'),
    },
  },
  listCrisisAlerts: { rest: 'allowed', outcomes: give('forbidden', ...OTHERS) },
  getCrisisStats: { rest: 'forbidden', outcomes: give('allowed', 'admin', 'foreignAdmin') },
  getCrisisResources: EVERYBODY,
  getEmergencyContacts: EVERYBODY,
} satisfies Record<string, Row>;
