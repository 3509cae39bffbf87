import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { TestPerson } from '../support/api.ts';
import { describeMedia, workerBin } from '../support/media.ts';
import { type Line, connectLine } from '../support/room-line.ts';
import { inFuture } from '../support/stack-acts.ts';
import { QUICK_PLAN, addClient, addTherapist } from '../support/stack-people.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const SECOND_MS = 1_000;
const PLAN = {
  ...QUICK_PLAN,
  room: { opensBeforeStartMs: 60 * SECOND_MS, closesAfterEndMs: 600 * SECOND_MS },
};

describeMedia('what a room saw decides what a session came to', () => {
  let server: TestWorkflowEnvironment;
  let stack: Stack;
  let therapist: TestPerson;
  const lines: Line[] = [];

  beforeAll(async () => {
    server = await devServer();
    stack = await startStack(server, { plan: PLAN });
    await stack.startWorker();
    await stack.startMediaHost(workerBin!);
    therapist = await addTherapist(stack.api);
  }, 150_000);
  afterAll(async () => {
    for (const { socket } of lines) socket.close();
    await stack.close();
    await server.teardown();
  });

  async function ask<T>({ token }: TestPerson, path: string, body: object): Promise<T> {
    const url = `/api/teletherapy/sessions${path}`;
    const reply = await stack.api.call<T>('POST', url, body, { token });
    if (reply.status < 300) return reply.body;
    throw new Error(`${url} answered ${reply.status}: ${JSON.stringify(reply.body)}`);
  }

  async function session(client: TestPerson, seconds: number): Promise<string> {
    const { id } = await ask<{ id: string }>(therapist, '', {
      title: 'Thursday',
      type: 'individual',
      mode: 'video',
      startTime: new Date(inFuture(2 * SECOND_MS)).toISOString(),
      endTime: new Date(inFuture((2 + seconds) * SECOND_MS)).toISOString(),
      participantIds: [client.id],
    });
    return id;
  }

  async function come(person: TestPerson, id: string): Promise<Line> {
    const pass = await ask<{ token: string; signalingUrl: string }>(person, `/${id}/join`, {});
    const line = await connectLine(pass.signalingUrl, pass.token);
    lines.push(line);
    return line;
  }

  const statusOf = async (id: string): Promise<string> =>
    (await stack.api.knex('sessions').where({ id }).first('status')).status;

  const settled = (id: string): Promise<Record<string, unknown>[]> =>
    stack.api.knex('session_attendance').where({ session_id: id });

  test('two tabs and a drop are one attendance, and it is billed once the last has left', async () => {
    const client = await addClient(stack.api);
    const id = await session(client, 10);
    const host = await come(therapist, id);
    const first = await come(client, id);
    await host.ask('admit', { personId: client.id });
    const second = await come(client, id);
    first.socket.close();
    second.socket.close();
    // Back within the grace, in yet another tab.
    await until(() => host.told.some(([event]) => event === 'peer-away'));
    const back = await come(client, id);
    await until(() => host.told.some(([event]) => event === 'peer-back'));
    await until(async () => (await statusOf(id)) === 'in_progress');
    const ended = new Promise((resolve) => host.socket.once('room-closed', resolve));
    // The therapist ends it with both still there.
    const path = `/api/teletherapy/sessions/${id}/status`;
    const { token } = therapist;
    const reply = await stack.api.call('PATCH', path, { status: 'completed' }, { token });
    expect(reply.status).toBe(200);
    await ended;
    await until(async () => {
      const rows = await settled(id);
      return rows.length === 2 && rows.every(({ left_at: leftAt }) => leftAt !== null);
    });
    back.socket.close();
    const ledger = await stack.api.knex('room_presence').where({ session_id: id });
    const own = ledger.filter(({ person_id: personId }) => personId === client.id);
    expect(own.map(({ kind }) => kind)).toEqual(['waiting', 'joined', 'left']);
    const [joined, left] = [own[1]!.at as Date, own[2]!.at as Date];
    const rows = await settled(id);
    const billed = rows.map(({ billed_ms: ms }) => ms as number);
    // They were both there from when the client was let in, and left together.
    for (const ms of billed)
      expect(Math.abs(ms - (left.getTime() - joined.getTime()))).toBeLessThan(2_000);
    const shown = await stack.api.call('GET', `/api/v1/sessions/${id}/attendance`, undefined, {
      token,
    });
    expect(shown.body).toMatchObject({ status: 'completed', isFinal: true });
  }, 120_000);

  test('nobody but the therapist came: a no-show, with nothing billed', async () => {
    const client = await addClient(stack.api);
    const id = await session(client, 60);
    const host = await come(therapist, id);
    await until(async () => (await statusOf(id)) === 'in_progress');
    const path = `/api/teletherapy/sessions/${id}/status`;
    const { token } = therapist;
    const reply = await stack.api.call('PATCH', path, { status: 'no_show' }, { token });
    expect([reply.status, await statusOf(id)]).toEqual([200, 'no_show']);
    await until(async () => (await settled(id)).some(({ left_at: leftAt }) => leftAt !== null));
    host.socket.close();
    expect(await settled(id)).toMatchObject([{ person_id: therapist.id, billed_ms: 0 }]);
  }, 120_000);
});
