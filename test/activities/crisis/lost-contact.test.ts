import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { v7 as newId } from 'uuid';
import { CRISIS_CONSUMERS } from '../../../activities/crisis/consumers.ts';
import { startRelay } from '../../../activities/outbox/relay.ts';
import { sweepPresence } from '../../../db/presence.ts';
import { endSupport } from '../../../db/support-transitions.ts';
import { workflowId } from '../../../domain/ids.ts';
import { insertSupport } from '../../api/realtime/people.ts';
import { type TestApi, type TestPerson, startTestApi } from '../../support/api.ts';
import { until } from '../../support/until.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

let numbers = 200_000;
async function alertOf({ id: personId }: TestPerson): Promise<string> {
  const id = newId();
  numbers += 1;
  await api.knex('crisis_alerts').insert({
    id,
    number: `CA-2031-${String(numbers)}`,
    clinic_id: api.clinicId,
    person_id: personId,
    severity: 'high',
    type: 'suicide_risk',
  });
  return id;
}

/** A Temporal that fails once, then takes down who was told what. */
function scribe(told: unknown[]): Client {
  let isDown = true;
  const signal = (id: string) => async (_signal: unknown, news: unknown) => {
    if (isDown) {
      isDown = false;
      throw new Error('away');
    }
    told.push([id, news]);
  };
  const workflow = { getHandle: (id: string) => ({ signal: signal(id) }) };
  return { workflow } as unknown as Client;
}

test('the lane of crises tells an alert of a person who has gone, in whatever way', async () => {
  const [vanished, idle, content] = [await api.person(), await api.person(), await api.person()];
  const alerts = [await alertOf(vanished), await alertOf(idle), await alertOf(content)];
  await api.knex('presence').insert({
    person_id: vanished.id,
    is_online: true,
    absent_since: new Date(Date.now() - 60_000),
  });
  await sweepPresence(api.knex, 1_000);
  const sessions = [await insertSupport(api, idle, null), await insertSupport(api, content, null)];
  await api.knex.transaction(async (trx) => {
    await endSupport(trx, sessions[0]!, 'cancelled', 'patient_gone');
    await endSupport(trx, sessions[1]!, 'cancelled', 'cancelled_by_patient');
  });
  const told: unknown[] = [];
  const { knex, cipher } = api.deps;
  const deps = { knex, cipher, temporal: scribe(told) };
  const relay = startRelay(deps, CRISIS_CONSUMERS, { lane: 'crisis', pollMs: 5, maxPauseMs: 20 });
  await until(async () => {
    const left = await api.knex('outbox_deliveries').count({ n: '*' }).first();
    return told.length >= 2 && Number(left?.['n']) === 0;
  });
  await relay.close();
  expect(new Map(told as [string, unknown][])).toEqual(
    new Map([
      [workflowId('alert', alerts[0]!), { because: 'sockets_gone' }],
      [workflowId('alert', alerts[1]!), { because: 'session_abandoned' }],
    ]),
  );
});
