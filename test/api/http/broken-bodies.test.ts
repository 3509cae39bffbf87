import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { triggerTextRef } from '../../../db/crisis-carrying.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { until } from '../../support/until.ts';

const CRY = 'I want to kill myself tonight';
const CALM = 'It rains and I had soup';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ http: { bodyTimeoutMs: 1_500 } });
}, 120_000);
afterAll(() => api.close());

/** A request whose body is announced longer than what comes of it. */
function begin({ token }: TestPerson, path: string, body: string): Socket {
  const { port, hostname } = new URL(api.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(
    [
      `POST ${path} HTTP/1.1`,
      'host: x',
      'content-type: application/json',
      `authorization: Bearer ${token}`,
      `content-length: ${body.length + 5_000}`,
      '',
      body,
    ].join('\r\n'),
  );
  return socket;
}

interface AlertRow {
  readonly id: string;
  readonly severity: string;
}

function alertsOf({ id }: TestPerson): Promise<AlertRow[]> {
  return api.knex('crisis_alerts').where({ person_id: id });
}

async function reportOn({ id: alertId }: AlertRow): Promise<string> {
  const [trigger] = await api.knex('crisis_triggers').where({ alert_id: alertId });
  return api.deps.cipher.openField(
    api.knex,
    triggerTextRef({ alertId, triggerId: trigger.id }),
    trigger.details,
  );
}

function chat({ token }: TestPerson, body: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  return fetch(`${api.url}/api/ai/chat`, { method: 'POST', body, headers });
}

describe('words of crisis in a message', () => {
  test.each([1_100, 3_000])('that is too large call for help: %d kB', async (kilobytes) => {
    const person = await api.person();
    const reply = await chat(person, `{"message":"${CRY}","x":"${'x'.repeat(kilobytes * 1024)}"}`);
    const alerts = await alertsOf(person);
    expect(alerts).toMatchObject([{ severity: 'critical' }]);
    expect(reply.status).toBe(413);
    expect(await reply.json()).toMatchObject({
      alertCreated: alerts[0]!.id,
      emergencyContacts: { crisis: '988' },
    });
  });

  test('that breaks off call for help', async () => {
    const person = await api.person();
    const socket = begin(person, '/api/ai/chat', `{"message":"It is late.\\n${CRY}`);
    socket.end();
    await until(async () => (await alertsOf(person)).length > 0);
    expect(await alertsOf(person)).toMatchObject([{ severity: 'critical' }]);
    socket.destroy();
  });

  test('that does not come to its end call for help', async () => {
    const person = await api.person();
    const socket = begin(person, '/api/ai/chat', `{"message":"${CRY}`);
    await new Promise((resolve) => socket.once('close', resolve).resume());
    expect(await alertsOf(person)).toMatchObject([{ severity: 'critical' }]);
  });

  test.each(['x'.repeat(1_100 * 1024), `${CALM}. `.repeat(100_000)])(
    'are not in what is merely too large',
    async (text) => {
      const person = await api.person();
      const reply = await chat(person, JSON.stringify({ message: CALM, text }));
      expect(reply.status).toBe(413);
      expect(await alertsOf(person)).toEqual([]);
    },
  );
});

describe('a report of a crisis', () => {
  test('that is too large is taken with its beginning', async () => {
    const { token, ...person } = await api.person();
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const body = `{"severity":"low","description":"${CRY}","x":"${'x'.repeat(2 * 1024 * 1024)}"}`;
    const reply = await fetch(`${api.url}/api/crisis`, { method: 'POST', body, headers });
    const [alert] = await alertsOf({ token, ...person });
    expect(reply.status).toBe(201);
    expect(alert).toMatchObject({ severity: 'critical' });
    expect(await reportOn(alert!)).toContain(CRY);
  });

  test('that breaks off is taken with what came of it', async () => {
    const person = await api.person();
    const socket = begin(person, '/api/crisis', `{"description":"${CRY}`);
    socket.end();
    await until(async () => (await alertsOf(person)).length > 0);
    const [alert] = await alertsOf(person);
    expect(alert).toMatchObject({ severity: 'critical' });
    expect(await reportOn(alert!)).toContain(CRY);
    socket.destroy();
  });
});
