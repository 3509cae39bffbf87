import { findSeat } from '../../db/seats.ts';
import { prepareSession } from '../../db/session-preparations.ts';
import { findSession } from '../../db/sessions.ts';
import type { OutboxConsumer } from './contract.ts';
import { asChange, asSeatChange } from './payloads.ts';

/** Once an appointment stands its client is asked for what its plan wants done before it. */
export const preparations: OutboxConsumer = {
  name: 'preparations',
  topics: { 'session.changed': ['confirmed'], 'enrolment.changed': ['confirmed'] },
  handle: async ({ knex }, row) => {
    const seat = asSeatChange(row);
    const change = asChange(row);
    const session =
      seat !== null
        ? await findSeat(knex, seat.enrolmentId)
        : change === null
          ? null
          : await findSession(knex, change.sessionId);
    if (session !== null) await prepareSession(knex, session, 'preparation');
  },
};
