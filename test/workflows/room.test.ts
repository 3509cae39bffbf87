import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type {
  MediaHostActivities,
  RoomActivities,
  RoomPlace,
  RoomTimes,
} from '../../activities/rooms/contract.ts';
import {
  ROOM_WORKFLOW,
  type RoomResult,
  roomChangedSignal,
} from '../../workflows/messages/room.ts';
import { mediaTaskQueue } from '../../workflows/messages/task-queues.ts';
import { withOfferWorker } from '../support/offer-workflows.ts';
import { timeSkippingEnvironment } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const MINUTE_MS = 60_000;

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkippingEnvironment();
}, 120_000);
afterAll(() => environment.teardown());

/** One session's room, with what was done to it and when. */
class World {
  readonly sessionId = randomUUID();
  readonly hostId = randomUUID();
  readonly done: (readonly [what: string, atMs: number])[] = [];
  reads = 0;
  place: RoomPlace = null;
  hasHost = true;
  times: RoomTimes;

  constructor(times: RoomTimes) {
    this.times = times;
  }

  readonly activities: RoomActivities & Record<string, unknown> = {
    readRoomTimes: async () => {
      this.reads += 1;
      return this.times;
    },
    placeRoomAhead: async () => {
      await this.#note('placed');
      this.place = this.hasHost ? { hostId: this.hostId, epoch: 1 } : null;
      return this.place;
    },
    findRoom: async () => this.place,
    forgetRoom: ({ epoch }) => this.#note(`forgotten ${epoch}`),
  };

  readonly host: MediaHostActivities & Record<string, unknown> = {
    prepareRoom: ({ epoch }) => this.#note(`prepared ${epoch}`),
    endRoom: () => this.#note('ended'),
  };

  /** Runs `story` beside the host, where there is one that answers. */
  async beside<T>(story: () => Promise<T>): Promise<T> {
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue: mediaTaskQueue(this.hostId),
      activities: this.host,
    });
    return worker.runUntil(story);
  }

  async #note(what: string): Promise<void> {
    this.done.push([what, await environment.currentTimeMs()]);
  }
}

async function inMinutes(opens: number, closes: number): Promise<RoomTimes> {
  const now = await environment.currentTimeMs();
  const [opensAt, closesAt] = [now + opens * MINUTE_MS, now + closes * MINUTE_MS];
  return { kind: 'due', opensAt, closesAt };
}

const namesOf = ({ done }: World): string[] => done.map(([what]) => what);

test('A room is opened on its host at its time, and closed there at its time', async () => {
  const times = await inMinutes(50, 120);
  const world = new World(times);
  await withOfferWorker(environment, world.activities, async (start) => {
    const { sessionId } = world;
    const result = await world.beside(async () => {
      const handle = await start(ROOM_WORKFLOW, { sessionId });
      return handle.result() as Promise<RoomResult>;
    });
    expect(result).toEqual({ kind: 'closed' });
  });
  expect(namesOf(world)).toEqual(['placed', 'prepared 1', 'ended', 'forgotten 1']);
  if (times.kind !== 'due') throw new Error('unreachable');
  expect(world.done[0]?.[1]).toBeGreaterThanOrEqual(times.opensAt);
  expect(world.done[1]?.[1]).toBeLessThan(times.opensAt + MINUTE_MS);
  expect(world.done[2]?.[1]).toBeGreaterThanOrEqual(times.closesAt);
});

test('The room of a session in a crisis is opened at once', async () => {
  const world = new World(await inMinutes(0, 60));
  await withOfferWorker(environment, world.activities, async (start) => {
    await world.beside(async () => {
      const began = await environment.currentTimeMs();
      const handle = await start(ROOM_WORKFLOW, { sessionId: world.sessionId });
      await handle.result();
      expect(world.done[1]?.[0]).toBe('prepared 1');
      expect((world.done[1]?.[1] ?? Infinity) - began).toBeLessThan(MINUTE_MS);
    });
  });
});

test('A session that moves takes its room along, and one that is called off closes it at once', async () => {
  const world = new World(await inMinutes(24 * 60, 25 * 60));
  await withOfferWorker(environment, world.activities, async (start) => {
    await world.beside(async () => {
      const handle = await start(ROOM_WORKFLOW, { sessionId: world.sessionId });
      await until(() => world.reads === 1);
      world.times = await inMinutes(0, 60);
      await handle.signal(roomChangedSignal);
      await until(() => namesOf(world).includes('prepared 1'));
      world.times = { kind: 'over' };
      await handle.signal(roomChangedSignal);
      expect(await handle.result()).toEqual({ kind: 'over' });
    });
  });
  expect(namesOf(world)).toEqual(['placed', 'prepared 1', 'ended', 'forgotten 1']);
});

test('A host that never answers holds nothing up, and its room is not left placed', async () => {
  const world = new World(await inMinutes(0, 30));
  await withOfferWorker(environment, world.activities, async (start) => {
    const handle = await start(ROOM_WORKFLOW, { sessionId: world.sessionId });
    expect(await handle.result()).toEqual({ kind: 'closed' });
  });
  expect(namesOf(world)).toEqual(['placed', 'forgotten 1']);
});

test('Without any host the session goes its way', async () => {
  const world = new World(await inMinutes(0, 30));
  world.hasHost = false;
  await withOfferWorker(environment, world.activities, async (start) => {
    const handle = await start(ROOM_WORKFLOW, { sessionId: world.sessionId });
    expect(await handle.result()).toEqual({ kind: 'closed' });
  });
  expect(namesOf(world)).toEqual(['placed']);
});
