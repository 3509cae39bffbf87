import { give } from './row.ts';
import type { Row } from './row.ts';

/** What a clinic's record tells, and what becomes of it. */
export const RECORD_ROWS = {
  exportPerson: {
    request: ({ people }) => ({ id: people.client.id }),
    rest: 'forbidden',
    outcomes: { ...give('allowed', 'client', 'admin'), foreignAdmin: 'hidden' },
  },
  erasePerson: {
    request: async (world) => ({ id: await world.helper(), body: { reason: 'person_asked' } }),
    rest: 'forbidden',
    outcomes: { admin: 'allowed', foreignAdmin: 'hidden' },
  },
  listAudit: { rest: 'forbidden', outcomes: give('allowed', 'admin', 'foreignAdmin') },
} satisfies Record<string, Row>;
