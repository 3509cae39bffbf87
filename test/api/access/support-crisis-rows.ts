import type { Row } from './row.ts';

const EVERYBODY: Row = { rest: 'allowed' };

export const SUPPORT_CRISIS_ROWS = {
  getCrisisResources: EVERYBODY,
  getEmergencyContacts: EVERYBODY,
} satisfies Record<string, Row>;
