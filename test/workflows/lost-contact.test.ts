import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { LostNews } from '../../activities/crisis/contract.ts';
import {
  alertStateQuery,
  contactUpdate,
  raiseUpdate,
  resolveUpdate,
  signSignal,
} from '../../workflows/messages/crisis-alert.ts';
import { contactLostSignal } from '../../workflows/messages/lost-contact.ts';
import { CrisisWorld, withCrisisWorker } from '../support/alert-workflow.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';
import { until } from '../support/until.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
}, 120_000);
afterAll(() => environment.teardown());

async function end(handle: WorkflowHandle, personId: string): Promise<void> {
  const request = { personId, via: 'api', outcome: 'safe' } as const;
  await handle.executeUpdate(resolveUpdate, { args: [request] });
  await handle.result();
}

interface Told {
  readonly news: LostNews[];
  readonly world: CrisisWorld;
}

/** A world whose person is there at the beginning, and is away from then on for so many looks. */
function worldThat(isBackAfter: number, isThereFirst = true): Told {
  const news: LostNews[] = [];
  let looks = 0;
  const world = new CrisisWorld(() => ({
    tellOfLoss: async (input) => void news.push(input),
    isPersonGone: async () => !isThereFirst,
    isPersonBack: async () => {
      looks += 1;
      return looks > isBackAfter;
    },
  }));
  return { news, world };
}

test('somebody who drops out in the middle is looked for, step by step, until others are paged', async () => {
  const { news, world } = worldThat(Infinity);
  const [holderId] = world.team as [string];
  await withCrisisWorker(environment, world, async (start) => {
    const { handle } = await start();
    const by = { personId: holderId, via: 'api' } as const;
    await until(() => world.pages.length >= 4);
    await handle.executeUpdate(contactUpdate, { args: [by] });
    const pages = world.pages.length;
    await handle.signal(contactLostSignal, { because: 'sockets_gone' });
    // The same loss is noticed in more than one way.
    await handle.signal(contactLostSignal, 'anything');
    await environment.sleep('4 minutes');
    expect(news.map(({ step }) => step)).toEqual(['call_back', 'emergency_contact']);
    expect(news.map((each) => each.holderId)).toEqual([holderId, holderId]);
    expect(world.pages).toHaveLength(pages);
    await environment.sleep('2 minutes');
    expect(news.map(({ step }) => step)).toEqual(['call_back', 'emergency_contact', 'on_call']);
    expect(await handle.query(alertStateQuery)).toMatchObject({
      kind: 'paging',
      lastHolderId: null,
    });
    expect(world.pages.length).toBeGreaterThan(pages);
    // Whoever writes to somebody who is gone has not found them.
    await handle.signal(signSignal, { personId: holderId });
    expect(await handle.query(alertStateQuery)).toMatchObject({ kind: 'paging' });
    await end(handle, holderId);
    const notes = world.records.flatMap((record) => record.news.map(({ kind }) => kind));
    expect(notes.filter((kind) => kind === 'person_lost')).toHaveLength(1);
    expect(notes.filter((kind) => kind === 'person_lost_step')).toHaveLength(3);
  });
}, 120_000);

test('nobody looks on once a look finds them', async () => {
  const { news, world } = worldThat(1);
  const [holderId] = world.team as [string];
  await withCrisisWorker(environment, world, async (start) => {
    const { handle } = await start();
    const by = { personId: holderId, via: 'api' } as const;
    await until(() => world.pages.length >= 4);
    await handle.executeUpdate(contactUpdate, { args: [by] });
    await handle.signal(contactLostSignal, { because: 'session_abandoned' });
    await environment.sleep('12 minutes');
    expect(news.map(({ step }) => step)).toEqual(['call_back']);
    expect(await handle.query(alertStateQuery)).toMatchObject({ kind: 'in_contact', holderId });
    await end(handle, holderId);
  });
}, 120_000);

test('who was at no high risk may leave', async () => {
  const { news, world } = worldThat(Infinity);
  await withCrisisWorker(environment, world, async (start) => {
    const mild = { triggerId: 't', severity: 'medium', sessionId: null, unrecorded: null } as const;
    const { handle } = await start({ first: mild });
    await until(() => world.pages.length >= 4);
    await handle.executeUpdate(contactUpdate, { args: [{ personId: world.team[0]!, via: 'api' }] });
    await handle.signal(contactLostSignal);
    await environment.sleep('30 minutes');
    expect(news).toEqual([]);
    await end(handle, world.team[0]!);
  });
}, 120_000);

const causesIn = (world: CrisisWorld): unknown[] =>
  world.records
    .flatMap(({ news }) => news.filter(({ kind }) => kind === 'person_lost'))
    .map(({ data }) => data['because']);

test('who has left before anybody called for help is looked for all the same', async () => {
  const { news, world } = worldThat(Infinity, false);
  await withCrisisWorker(environment, world, async (start) => {
    const { handle } = await start();
    await until(() => world.pages.length >= 4);
    await environment.sleep('2 minutes');
    expect(news.map(({ step }) => step)).toEqual(['call_back']);
    expect(causesIn(world)).toEqual(['not_there']);
    await end(handle, world.team[0]!);
  });
}, 120_000);

test('who has left is looked for once they are known to be at high risk', async () => {
  const { news, world } = worldThat(Infinity, false);
  await withCrisisWorker(environment, world, async (start) => {
    const mild = { triggerId: randomUUID(), severity: 'medium' } as const;
    const first = { ...mild, sessionId: null, unrecorded: null };
    const { handle } = await start({ first });
    await until(() => world.pages.length >= 4);
    await handle.executeUpdate(contactUpdate, { args: [{ personId: world.team[0]!, via: 'api' }] });
    await environment.sleep('5 minutes');
    expect(world.calls).not.toContain('isPersonGone');
    const graver = { ...first, triggerId: randomUUID(), severity: 'critical' } as const;
    await handle.executeUpdate(raiseUpdate, { args: [graver] });
    await environment.sleep('2 minutes');
    expect(news.map(({ step }) => step)).toEqual(['call_back']);
    await end(handle, world.team[0]!);
  });
}, 120_000);

test('nobody is looked for in a drill', async () => {
  const { news, world } = worldThat(Infinity, false);
  await withCrisisWorker(environment, world, async (start) => {
    const { handle } = await start({ isDrill: true });
    await until(() => world.pages.length >= 4);
    await environment.sleep('2 minutes');
    expect(news).toEqual([]);
    await end(handle, world.team[0]!);
  });
}, 120_000);
