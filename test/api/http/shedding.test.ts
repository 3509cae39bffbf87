import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { loadDocument, operationsOf } from '../../../api/http/document.ts';
import { OPEN, nextAdmission } from '../../../api/http/admission.ts';
import type { Admission } from '../../../api/http/admission.ts';
import { NEVER_BUSY, watchLoad } from '../../../api/http/load-monitor.ts';
import { CALM, isShed, nextLoad, shedRefusal } from '../../../api/http/shedding.ts';
import type {
  LoadLevel,
  LoadReading,
  LoadState,
  ShedOperation,
} from '../../../api/http/shedding.ts';
import { openDatabase } from '../../../db/knex.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { until } from '../../support/until.ts';
import { startNode } from '../realtime/nodes.ts';
import { startScreening } from '../support/answering.ts';

const LIMITS = { loopDelayMs: 100, poolWaiters: 20, inFlight: 50 };
const QUIET: LoadReading = { loopDelayMs: 0, poolWaiters: 0, inFlight: 0 };

let level: LoadLevel = 'calm';
let calls = 0;
let api: TestApi;
let client: TestPerson;
beforeAll(async () => {
  const admit = async (operation: ShedOperation): Promise<void> => {
    if (isShed(level, operation)) throw shedRefusal(level);
  };
  const helpIsCalled = (): void => {
    calls += 1;
  };
  const load = { ...NEVER_BUSY, level: () => level, admit, helpIsCalled };
  api = await startTestApi({ deps: { load } });
  client = await api.person();
}, 120_000);
afterAll(() => api.close());

const after = (state: LoadState, reading: Partial<LoadReading>, nowMs: number): LoadState =>
  nextLoad(LIMITS, state, { ...QUIET, ...reading }, nowMs);

test.each([
  [{ loopDelayMs: 99, poolWaiters: 19, inFlight: 49 }, 'calm'],
  [{ loopDelayMs: 100 }, 'high'],
  [{ poolWaiters: 20 }, 'high'],
  [{ inFlight: 50 }, 'high'],
  [{ inFlight: 150 }, 'extreme'],
] as const)('%j is %s', (reading, expected) => {
  expect(after(CALM, reading, 0).level).toBe(expected);
});

test('a level ends after a second well below where it began, one level at a time', () => {
  const extreme = after(CALM, { inFlight: 150 }, 0);
  const waiting = after(extreme, {}, 1_000);
  expect(waiting).toEqual({ level: 'extreme', calmSinceMs: 1_000 });
  expect(after(waiting, {}, 1_999).level).toBe('extreme');
  const high = after(waiting, {}, 2_000);
  expect(high.level).toBe('high');
  const still = after(after(high, {}, 2_000), { inFlight: 30 }, 2_900);
  expect(still).toEqual({ level: 'high', calmSinceMs: null });
  expect(after(after(still, {}, 3_000), {}, 4_000).level).toBe('calm');
});

test('while readings go to and fro around a limit, the level does not', () => {
  const near = fc.array(fc.integer({ min: 31, max: 149 }), { minLength: 1 });
  fc.assert(
    fc.property(near, (inFlights) => {
      let state = after(CALM, { inFlight: 50 }, 0);
      inFlights.forEach((inFlight, at) => (state = after(state, { inFlight }, at * 2_000)));
      expect(state.level).toBe('high');
    }),
  );
});

/** A machine on which each booking a second takes a hundredth of it. */
function settle(
  demandPerSecond: number,
  from: Admission,
  steps: number,
  isHelpAtHand = false,
): Admission {
  let state = from;
  for (let step = 0; step < steps; step += 1) {
    const admitted = Math.min(demandPerSecond, state.ratePerSecond ?? Infinity);
    const busyShare = Math.min(1, admitted / 100);
    const came = { asked: demandPerSecond, admitted, spanMs: 1_000 };
    state = nextAdmission(0.9, state, { busyShare, ...came, isHelpAtHand });
  }
  return state;
}

test('everybody is let in until the machine has been busy for a while', () => {
  expect(settle(80, OPEN, 50)).toEqual(OPEN);
  expect(settle(500, OPEN, 4).ratePerSecond).toBeNull();
  expect(settle(500, OPEN, 5).ratePerSecond).toBeLessThan(500);
});

test('a machine that is busy with other things turns nobody away before they have come', () => {
  for (const isHelpAtHand of [false, true]) {
    const quiet = { busyShare: 1, asked: 5, admitted: 5, spanMs: 1_000, isHelpAtHand };
    let state = OPEN;
    for (let step = 0; step < 50; step += 1) state = nextAdmission(0.9, state, quiet);
    expect(state.ratePerSecond).toBeNull();
    const flood = { ...quiet, asked: 50, admitted: 50 };
    let flooded = state;
    for (let step = 0; step < (isHelpAtHand ? 1 : 5); step += 1) {
      expect(flooded.ratePerSecond).toBeNull();
      flooded = nextAdmission(0.9, flooded, flood);
    }
    expect(flooded.ratePerSecond).toBe(10);
    for (let step = 0; step < 100; step += 1) flooded = nextAdmission(0.9, flooded, quiet);
    expect(flooded.ratePerSecond).toBeNull();
  }
});

test('under a lasting flood as many are let in as there is room for, and never nobody', () => {
  const flooded = settle(500, OPEN, 20);
  expect(flooded.ratePerSecond).toBeGreaterThan(30);
  expect(flooded.ratePerSecond).toBeLessThan(90);
  const isHelpAtHand = false;
  const busyWithOtherThings = { busyShare: 1, asked: 50, admitted: 0, spanMs: 1_000, isHelpAtHand };
  let state = flooded;
  for (let step = 0; step < 50; step += 1) state = nextAdmission(0.9, state, busyWithOtherThings);
  expect(state.ratePerSecond).toBe(2);
});

test('while help is at hand bookings leave more room, at once, and none is refused that finds room', () => {
  expect(settle(50, OPEN, 50, true)).toEqual(OPEN);
  expect(settle(70, OPEN, 1, true).ratePerSecond).toBeLessThan(60);
  const flooded = settle(500, OPEN, 40, true);
  expect(flooded.ratePerSecond).toBeGreaterThan(20);
  expect(flooded.ratePerSecond).toBeLessThan(60);
  expect(settle(500, flooded, 40).ratePerSecond).toBeGreaterThan(60);
});

test('when the flood is over, everybody is let in again', () => {
  expect(settle(1, settle(500, OPEN, 20), 60).ratePerSecond).toBeNull();
});

const OPERATIONS = operationsOf(loadDocument());
const shedAt = (at: LoadLevel): string[] =>
  OPERATIONS.filter((operation) => isShed(at, operation)).map(({ id }) => id);

test('bookings go first, then their doors; crisis, support and what has no limit never', () => {
  expect(shedAt('calm')).toEqual([]);
  expect(shedAt('high')).toEqual(expect.arrayContaining(['bookTherapySession', 'bookMeeting']));
  const spared = OPERATIONS.filter(
    ({ door, limit, path }) => door === 'support' || limit === 'none' || /crisis|urgent/.test(path),
  );
  const isSpared = (id: string): boolean => spared.some((operation) => operation.id === id);
  expect(shedAt('high').filter(isSpared)).toEqual([]);
  expect(shedAt('extreme').filter(isSpared)).toEqual([]);
  expect(shedAt('extreme')).toEqual(expect.arrayContaining(shedAt('high')));
});

test('a booking is answered 503 with the time to come back, everybody else as ever', async () => {
  const { token } = client;
  level = 'high';
  const search = await api.call('GET', '/api/therapy/therapists/search', undefined, { token });
  expect([search.status, search.headers.get('retry-after')]).toEqual([503, '3']);
  const me = await api.call('GET', '/api/auth/me', undefined, { token });
  expect(me.status).toBe(200);
  const sessions = await api.call('GET', '/api/therapy/sessions', undefined, { token });
  expect(sessions.status).toBe(200);
  level = 'extreme';
  const later = await api.call('GET', '/api/therapy/sessions', undefined, { token });
  expect([later.status, later.headers.get('retry-after')]).toEqual([503, '10']);
  const health = await api.call('GET', '/health');
  expect(health).toMatchObject({ status: 200, body: { status: 'ok', load: 'extreme' } });
  level = 'calm';
});

test('an answer to a questionnaire is no call for help, and words of crisis in one are', async () => {
  const sessionId = await startScreening(api, client, 'GAD-7');
  const answer = (words: object) => {
    const body = { sessionId, questionNumber: 1, selectedValue: 1, ...words };
    return api.call('POST', '/api/responses/submit-answer', body, { token: client.token });
  };
  calls = 0;
  expect((await answer({})).status).toBe(200);
  expect(calls).toBe(0);
  const node = await startNode(api);
  level = 'extreme';
  // Until the process that is told of all alerts has begun to hear of them.
  await until(async () => {
    const cry = await answer({ selectedText: 'I am going to kill myself tonight' });
    expect(cry).toMatchObject({ status: 200, body: { alertCreated: expect.any(String) } });
    return calls > 0;
  });
  level = 'calm';
  await node.close();
});

test('a report of a crisis is a call for help, and a booking is none', async () => {
  const { token } = client;
  calls = 0;
  await api.call('POST', '/api/therapy/sessions/book', {}, { token });
  expect(calls).toBe(0);
  const report = { severity: 'critical', description: 'I want to end it all tonight' };
  expect((await api.call('POST', '/api/crisis', report, { token })).status).toBe(201);
  expect(calls).toBeGreaterThan(0);
});

test('the process itself is measured: requests, waiting for connections, a blocked loop', async () => {
  const knex = openDatabase(api.databaseUrl, { maxConnections: 1, acquireTimeoutMs: 30_000 });
  const load = watchLoad(knex, {
    loopDelayMs: 30,
    poolWaiters: 2,
    inFlight: 2,
    busyShare: null,
  });
  expect(load.level()).toBe('calm');
  const leave = load.enter();
  load.enter();
  expect(load.level()).toBe('high');
  leave();
  leave();
  await until(() => load.level() === 'calm');

  const taken = await knex.transaction();
  const waiting = Promise.all([knex.raw('SELECT 1'), knex.raw('SELECT 1')]);
  await until(() => load.level() === 'high');
  await taken.rollback();
  await waiting;
  await until(() => load.level() === 'calm');

  await until(() => {
    const end = performance.now() + 50;
    while (performance.now() < end);
    return load.level() !== 'calm';
  });
  load.close();
  await knex.destroy();
});
