import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { Knex } from 'knex';
import type { RoomTimes } from '../../activities/rooms/contract.ts';
import { createRoomActivities } from '../../activities/rooms/schedule.ts';
import { createClientDataConverter, createDataConverter } from '../../crypto/data-converter.ts';
import { type KeyRing, ephemeralKeyRing } from '../../crypto/key-ring.ts';
import { openDatabase } from '../../db/knex.ts';
import { findLiveRoom } from '../../db/rooms.ts';
import { provideWorkflowBundle } from '../../workers/bundle.ts';
import { type HostWorker, startHostWorker } from '../../workers/media/worker.ts';
import { ROOM_WORKFLOW, roomChangedSignal } from '../../workflows/messages/room.ts';
import { type TestDatabase, createTestDatabase } from '../support/database.ts';
import { type TestHost, describeMedia, startTestHost } from '../support/media.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

let server: TestWorkflowEnvironment;
let database: TestDatabase;
let knex: Knex;
let keyRing: KeyRing;
let on: TestHost;
let hostWorker: HostWorker;
const faults: unknown[] = [];

describeMedia('what Temporal asks of one host', () => {
  beforeAll(async () => {
    [server, database, keyRing] = await Promise.all([
      devServer(),
      createTestDatabase(),
      ephemeralKeyRing(),
    ]);
    knex = openDatabase(database.url, { acquireTimeoutMs: 30_000 });
    on = await startTestHost(knex);
    hostWorker = startHostWorker({
      address: server.address,
      namespace: 'default',
      keyRing,
      host: on.host,
      onFault: (error) => faults.push(error),
    });
  }, 120_000);
  afterAll(async () => {
    await hostWorker.close();
    await on.close();
    await knex.destroy();
    await Promise.all([server.teardown(), database.drop()]);
  });

  test('a room stands open on the host before anybody joins, and is gone with its session', async () => {
    let times: RoomTimes = { kind: 'due', opensAt: 0, closesAt: Date.now() + 3_600_000 };
    const activities = { ...createRoomActivities({ knex }), readRoomTimes: async () => times };
    const taskQueue = randomUUID();
    const worker = await Worker.create({
      connection: server.nativeConnection,
      taskQueue,
      dataConverter: createDataConverter(keyRing),
      workflowBundle: await provideWorkflowBundle(join(tmpdir(), 'holdfast-test-bundles')),
      activities,
    });
    const client = new Client({
      connection: server.connection,
      dataConverter: createClientDataConverter(keyRing),
    });
    const sessionId = randomUUID();
    await worker.runUntil(async () => {
      const handle = await client.workflow.start(ROOM_WORKFLOW, {
        taskQueue,
        workflowId: randomUUID(),
        args: [{ sessionId }],
      });
      await until(() => on.host.rooms.find(sessionId) !== null);
      const ends: string[] = [];
      on.host.rooms.find(sessionId)?.onClose((end) => ends.push(end));
      times = { kind: 'over' };
      await handle.signal(roomChangedSignal);
      expect(await handle.result()).toEqual({ kind: 'over' });
      expect(ends).toEqual(['ended']);
    });
    expect(await findLiveRoom(knex, sessionId)).toBeNull();
    expect(faults).toEqual([]);
  });
});
