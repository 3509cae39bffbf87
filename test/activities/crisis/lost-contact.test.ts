import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { v7 as newId } from 'uuid';
import { CRISIS_CONSUMERS } from '../../../activities/crisis/consumers.ts';
import { isBack, isGone } from '../../../activities/crisis/lost-contact.ts';
import { startRelay } from '../../../activities/outbox/relay.ts';
import { sweepPresence } from '../../../db/presence.ts';
import { endSupport } from '../../../db/support-transitions.ts';
import { workflowId } from '../../../domain/ids.ts';
import { insertSupport } from '../../api/realtime/people.ts';
import { type TestApi, type TestPerson, startTestApi } from '../../support/api.ts';
import { newSession, tryBooking } from '../session/bench.ts';
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

test('who was there and has left is gone; who never was, came back or is in a room is not', async () => {
  const { knex } = api.deps;
  const gone = async (person: TestPerson): Promise<boolean[]> => {
    const lost = { alertId: newId(), personId: person.id };
    return [await isGone({ knex }, lost), await isBack({ knex }, lost)];
  };
  const left = async (person: TestPerson, minutesAgo: number): Promise<void> => {
    const changed_at = new Date(Date.now() - minutesAgo * 60_000);
    await knex('presence').insert({ person_id: person.id, is_online: false, changed_at });
  };
  const [never, lately, longAgo] = [await api.person(), await api.person(), await api.person()];
  await left(lately, 2);
  await left(longAgo, 60);
  expect(await gone(never)).toEqual([false, false]);
  expect(await gone(lately)).toEqual([true, false]);
  expect(await gone(longAgo)).toEqual([false, false]);

  const therapist = await api.person({ isTherapist: true });
  const wish = { therapistId: therapist.id, clientId: lately.id };
  const session = newSession(api.clinicId, { ...wish, startsAt: Date.now() - 60_000 });
  expect(await tryBooking(knex, session)).toBe('booked');
  const seen = { session_id: session.id, person_id: lately.id, role: 'participant', epoch: 1 };
  const at = new Date();
  await knex('room_presence').insert({ ...seen, sequence: 1, kind: 'joined', at });
  expect(await gone(lately)).toEqual([false, true]);
  await knex('room_presence').insert({ ...seen, sequence: 2, kind: 'left', at });
  expect(await gone(lately)).toEqual([true, false]);
});
