import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { recordTrigger } from '../../../db/crisis-intake.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { startNode } from './nodes.ts';
import type { Node } from './nodes.ts';
import { closeClients, signedIn } from './people.ts';

let api: TestApi;
let node: Node;
let peer: TestPerson;

beforeAll(async () => {
  api = await startTestApi();
  node = await startNode(api);
}, 120_000);
afterEach(closeClients);
afterAll(async () => {
  await node.close();
  await api.close();
});

/** As when nobody was there to hear of it. */
async function pagedUnheard(batch: number, alert?: string): Promise<string> {
  const alertId = alert ?? (await raised());
  await api.knex('crisis_pages').insert({
    id: newId(),
    alert_id: alertId,
    sent_by: 'workflow',
    batch,
    tier: 0,
    person_id: peer.id,
    channel: 'socket',
    state: 'unanswered',
  });
  return alertId;
}

async function raised(): Promise<string> {
  const { id: personId } = await api.person();
  const report = { personId, clinicId: api.clinicId, severity: 'high', source: 'report' } as const;
  const rest = { sessionId: null, messageId: null, reportedBy: null, details: null };
  const { alertId } = await api.knex.transaction((trx) =>
    recordTrigger(trx, { ...report, ...rest, type: 'user-report' }),
  );
  return alertId;
}

test('whoever comes hears of the pages that are out to them, of each alert the newest', async () => {
  peer = await api.person({ role: 'peer' });
  const alertId = await pagedUnheard(1);
  await pagedUnheard(2, alertId);
  const holder = await api.person({ role: 'peer' });
  const taken = await pagedUnheard(1);
  const held = { status: 'held', holder_id: holder.id };
  await api.knex('crisis_alerts').where({ id: taken }).update(held);
  const [other, paged] = await Promise.all([signedIn(node, holder), signedIn(node, peer)]);
  expect(await paged.next('crisis-page')).toEqual({ alertId, batch: 2, tier: 0 });
  await pagedUnheard(3, alertId);
  await cutListeners();
  await paged.next('crisis-page', ({ batch }) => batch === 3);
  expect(paged.of('crisis-page').map((page) => page['alertId'])).not.toContain(taken);
  expect(other.of('crisis-page')).toEqual([]);
});

/** What is broadcast until the process listens again is lost. */
async function cutListeners(): Promise<void> {
  await api.knex.raw(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'holdfast-broadcast' AND datname = current_database()`,
  );
}
