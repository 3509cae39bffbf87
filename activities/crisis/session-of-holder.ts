import { findAlert } from '../../db/crisis-alerts.ts';
import { isUuid } from '../../domain/ids.ts';
import type { OutboxConsumer } from '../outbox/contract.ts';
import { openForHolder } from './crisis-session.ts';

/** Whoever takes an alert becomes the therapist of the session that its person waits for. */
export const sessionOfHolder: OutboxConsumer = {
  name: 'session-of-holder',
  topics: { 'crisis.held': 'all' },
  handle: async (deps, { payload }) => {
    const { alertId } = payload;
    if (typeof alertId !== 'string' || !isUuid(alertId)) return;
    // Whoever holds it by now, for the event may be old.
    const alert = await findAlert(deps.knex, alertId);
    if (alert === null || alert.holderId === null || alert.status === 'resolved') return;
    await openForHolder(deps, { alertId, holderId: alert.holderId }, Date.now());
  },
};
