import { give } from './row.ts';
import type { Row } from './row.ts';

/** The clinic's crisis team acts on its alerts; whom one is about hears that it isn't theirs to. */
const ALERT: Row = {
  request: async (world) => ({ id: await world.alert(), body: { outcome: 'safe' } }),
  rest: 'hidden',
  outcomes: {
    ...give('forbidden', 'client'),
    ...give('allowed', 'therapist', 'otherTherapist', 'staff', 'admin'),
  },
};

export const ALERT_ROWS = {
  acknowledgeAlert: ALERT,
  contactAlert: ALERT,
  releaseAlert: ALERT,
  resolveAlert: ALERT,
} satisfies Record<string, Row>;
