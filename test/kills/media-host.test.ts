import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { attendanceOf } from '../../db/session-attendance.ts';
import { findLiveRoom } from '../../db/rooms.ts';
import { workflowId } from '../../domain/ids.ts';
import type { TestPerson } from '../support/api.ts';
import { type TestBrowser, describeBrowser, startBrowser } from '../support/browser.ts';
import { workerBin } from '../support/media.ts';
import { RoomGuest, seeAndHear } from '../support/room-people.ts';
import { inFuture } from '../support/stack-acts.ts';
import { QUICK_PLAN, addClient, addTherapist } from '../support/stack-people.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const SECOND_MS = 1_000;
/** Whoever is missing shortly after the start has not come. */
const PLAN = {
  ...QUICK_PLAN,
  room: { opensBeforeStartMs: 60 * SECOND_MS, closesAfterEndMs: 600 * SECOND_MS },
  noShowGraceMs: 5 * SECOND_MS,
};

describeBrowser('a session whose media host is killed', () => {
  const folder = tempFolder();
  let server: TestWorkflowEnvironment;
  let stack: Stack;
  let browser: TestBrowser;
  let therapist: TestPerson;
  let client: TestPerson;

  beforeAll(async () => {
    [server, browser] = await Promise.all([devServer(), startBrowser(folder)]);
    stack = await startStack(server, { plan: PLAN });
    await stack.startWorker();
    [therapist, client] = [await addTherapist(stack.api), await addClient(stack.api)];
  }, 150_000);
  afterAll(async () => {
    await browser.close();
    await stack.close();
    await server.teardown();
  });

  async function ask<T>(by: TestPerson, path: string, body: object): Promise<T> {
    const url = `/api/teletherapy/sessions${path}`;
    const reply = await stack.api.call<T>('POST', url, body, { token: by.token });
    if (reply.status < 300) return reply.body;
    throw new Error(`${url} answered ${reply.status}: ${JSON.stringify(reply.body)}`);
  }

  async function tab(person: TestPerson, id: string, role: 'host' | 'participant') {
    const page = await browser.open(() => ask(person, `/${id}/join`, {}));
    return new RoomGuest({ personId: person.id, displayName: role, role }, page);
  }

  const statusOf = async (id: string): Promise<string> =>
    (await stack.api.knex('sessions').where({ id }).first('status')).status;

  test('goes on in another room, and is complete when both have left', async () => {
    const first = await stack.startMediaHost(workerBin!);
    const [startsAt, endsAt] = [inFuture(30 * SECOND_MS), inFuture(45 * SECOND_MS)];
    const { id } = await ask<{ id: string }>(therapist, '', {
      title: 'Thursday',
      type: 'individual',
      mode: 'video',
      startTime: new Date(startsAt).toISOString(),
      endTime: new Date(endsAt).toISOString(),
      participantIds: [client.id],
    });
    const [ann, ben] = [await tab(therapist, id, 'host'), await tab(client, id, 'participant')];
    await Promise.all([ann.start(), ben.start()]);
    await ann.reached(({ waiting }) => waiting.includes(client.id));
    await ann.ask('admit', { personId: client.id });
    await seeAndHear([ann, ben]);
    await until(async () => (await statusOf(id)) === 'in_progress');
    const before = await findLiveRoom(stack.api.knex, id);

    await stack.startMediaHost(workerBin!);
    await first.kill();
    for (const each of [ann, ben]) {
      await each.reached(({ phase, connections }) => phase === 'inside' && connections > 1);
    }
    await seeAndHear([ann, ben]);
    const after = await findLiveRoom(stack.api.knex, id);
    expect(after).toMatchObject({ epoch: before!.epoch + 1 });
    expect(after!.hostId).not.toBe(before!.hostId);
    expect(await statusOf(id)).toBe('in_progress');
    const workflow = stack.temporal.workflow.getHandle(workflowId('session', id));
    expect((await workflow.describe()).status.name).toBe('RUNNING');
    const here = await attendanceOf(stack.api.knex, id);
    expect(here.map(({ leftAt }) => leftAt)).toEqual([null, null]);

    // Nobody was away for long, and the session ends as any other.
    await until(() => Date.now() > endsAt);
    expect(await statusOf(id)).toBe('in_progress');
    await Promise.all([ann.leave(), ben.leave()]);
    await until(async () => (await statusOf(id)) === 'completed');
    expect(await attendanceOf(stack.api.knex, id)).toHaveLength(2);
  }, 150_000);
});
