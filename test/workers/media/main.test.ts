import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Socket } from 'socket.io-client';
import { v7 } from 'uuid';
import { type KeyRing, createKeyRing } from '../../../crypto/key-ring.ts';
import { findLiveRoom, mediaAvailable, placeRoom } from '../../../db/rooms.ts';
import { type SessionBench, startSessionBench } from '../../activities/session/bench.ts';
import { freePort } from '../../support/free-port.ts';
import { describeMedia, workerBin } from '../../support/media.ts';
import { joinRoom } from '../../support/room-host.ts';
import { type Line, connectLine } from '../../support/room-line.ts';
import { type StackProcess, startProcess } from '../../support/stack-process.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { until } from '../../support/until.ts';

/** What the process does not run without, and needs for nothing here. */
const UNUSED = {
  STRIPE_SECRET_KEY: 'sk_test_1',
  STRIPE_WEBHOOK_SECRET: 'whsec_1',
  TWILIO_ACCOUNT_SID: 'AC1',
  TWILIO_AUTH_TOKEN: 'token',
  TWILIO_FROM: '+15550100',
  SMTP_URL: 'smtp://127.0.0.1:1',
  MAIL_FROM: 'clinic@example.com',
};

describeMedia('the process of a media host, while Temporal is away', () => {
  const keysFile = join(tempFolder(), 'keys.json');
  const running: StackProcess[] = [];
  const open: Socket[] = [];
  let bench: SessionBench;
  let keyRing: KeyRing;

  beforeAll(async () => {
    [bench, keyRing] = await Promise.all([startSessionBench(), createKeyRing(keysFile)]);
  }, 120_000);
  afterAll(async () => {
    for (const socket of open) socket.close();
    await Promise.all(running.map((each) => each.kill()));
    await bench.close();
  });

  async function start(): Promise<{ process: StackProcess; hostId: string }> {
    const [port, mediaPort] = [await freePort(), await freePort()];
    const known = await bench.knex('sfu_hosts').pluck('id');
    const env = {
      ...UNUSED,
      DATABASE_URL: bench.databaseUrl,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      HOLDFAST_KEYS_FILE: keysFile,
      HOST: '127.0.0.1',
      MEDIA_PORT: String(port),
      MEDIA_URL: `http://127.0.0.1:${port}`,
      MEDIA_DRAIN: '1s',
      MEDIASOUP_WORKER_BIN: workerBin ?? '',
      MEDIASOUP_WORKERS: '1',
      MEDIASOUP_MIN_PORT: String(mediaPort),
      MEDIASOUP_MAX_PORT: String(mediaPort + 10),
    };
    const started = await startProcess('workers/media/main.ts', [], env, 'the media host runs');
    running.push(started);
    const [hostId] = await bench.knex('sfu_hosts').whereNotIn('id', known).pluck<string[]>('id');
    return { process: started, hostId: hostId! };
  }

  async function sessionNow(): Promise<{ id: string; therapistId: string }> {
    const session = await bench.book();
    const times = { starts_at: new Date(), ends_at: new Date(Date.now() + 3_000_000) };
    await bench
      .knex('sessions')
      .where({ id: session.id })
      .update({ status: 'confirmed', ...times });
    return { id: session.id, therapistId: session.therapist_id };
  }

  test('runs without ffmpeg, says so, and refuses to record', async () => {
    const { id, therapistId } = await sessionNow();
    await bench.knex('hosted_sessions').insert({ session_id: id, is_recorded: true });
    const { process: host } = await start();
    expect(host.output()).toContain('there is no ffmpeg: nothing is recorded');
    expect(await mediaAvailable(bench.knex)).toEqual({
      rooms: true,
      recording: false,
      transcripts: false,
    });
    const guest = { personId: therapistId, role: 'host', displayName: 'Ann' } as const;
    const { token, signalingUrl } = await joinRoom(bench.knex, keyRing, id, guest);
    const line = await connectLine(signalingUrl, token);
    open.push(line.socket);
    expect(await line.ask('consent-to-recording', { consents: true })).toMatchObject({
      room: { recording: { isEnabled: true, isAvailable: false, state: 'off' } },
    });
    expect(await line.ask('start-recording')).toMatchObject({
      success: false,
      error: 'RECORDING_UNAVAILABLE',
    });
    expect(await bench.knex('recordings').where({ session_id: id })).toEqual([]);
    await host.kill();
    await until(async () => !(await mediaAvailable(bench.knex)).rooms);
  }, 120_000);

  test('tells its rooms to move when it is to stop, and frees them when it is killed', async () => {
    const session = await sessionNow();
    const guest = { personId: session.therapistId, role: 'host', displayName: 'Ann' } as const;
    const come = async (): Promise<Line> => {
      const { token, signalingUrl } = await joinRoom(bench.knex, keyRing, session.id, guest);
      const line = await connectLine(signalingUrl, token);
      open.push(line.socket);
      return line;
    };
    const stopped = await start();
    const before = await come();
    expect(before.told.map(([event]) => event)).toContain('admitted');
    const next = await start();

    const ended = stopped.process.stop();
    const isDraining = async (): Promise<boolean> => {
      const row = await bench.knex('sfu_hosts').where({ id: stopped.hostId }).first('state');
      return row.state === 'draining';
    };
    await until(isDraining);
    expect(await placeRoom(bench.knex, v7())).toMatchObject({ hostId: next.hostId });
    await until(() => !before.socket.connected);
    expect(before.told.at(-1)).toEqual(['room-closed', { reason: 'moved', rejoin: true }]);
    const after = await come();
    expect(after.told[0]).toMatchObject(['welcome', { place: 'inside' }]);
    expect(await findLiveRoom(bench.knex, session.id)).toMatchObject({ hostId: next.hostId });
    expect(await ended).toEqual({ code: 0, signal: null });

    await next.process.kill();
    await until(async () => (await findLiveRoom(bench.knex, session.id)) === null);
    const room = await bench.knex('rooms').where({ session_id: session.id }).first();
    expect(room).toMatchObject({ state: 'closed', epoch: 2 });
    expect(room.closed_at.getTime()).toBeLessThan(room.lease_until.getTime());
  }, 120_000);
});
