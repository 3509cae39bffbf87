import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { Settings } from '../../config/settings.ts';
import { createLocalFileStore } from '../../activities/gateways/file-store.ts';
import { type FieldCipher, createFieldCipher } from '../../crypto/field-cipher.ts';
import { type KeyRing, loadKeyRing } from '../../crypto/key-ring.ts';
import { openDatabase } from '../../db/knex.ts';
import { nameOf, runProcess } from '../process.ts';
import { Guard } from './guard/guard.ts';
import { MediaHost } from './host.ts';
import {
  type FfmpegProgram,
  Recorder,
  type RecorderDeps,
  openFfmpeg,
} from './recording/recorder.ts';
import { Sfu } from './sfu.ts';
import { policyOfSession } from './signalling/policy.ts';
import { hearCommands } from './signalling/room-commands.ts';
import { startSignalling } from './signalling/signalling.ts';
import { startTranscripts } from './transcripts/open.ts';
import { startHostWorker } from './worker.ts';

const POOL_SIZE = 5;
/** A beat that the database does not answer by then is given up before the lease ends, ms. */
const ACQUIRE_TIMEOUT_MS = 1_500;
const QUERY_TIMEOUT_MS = 2_000;

function openSfu({ media }: Settings, log: Logger): Promise<Sfu> {
  const { workers, workerBin, ...rest } = media;
  return Sfu.open({
    ...rest,
    ...(workerBin === null ? {} : { workerBin }),
    cores: workers,
    onDeath: () => log.error('a media worker has died; its rooms are placed anew'),
  });
}

async function start(settings: Settings, log: Logger): Promise<() => Promise<void>> {
  const { database, media } = settings;
  const keyRing = await loadKeyRing(settings.keysFile);
  const knex = openDatabase(database.url, {
    maxConnections: POOL_SIZE,
    applicationName: 'holdfast-media',
    acquireTimeoutMs: ACQUIRE_TIMEOUT_MS,
    queryTimeoutMs: QUERY_TIMEOUT_MS,
  });
  let host: MediaHost | null = null;
  const sfu = await openSfu(settings, log);
  const server = await listen(settings, () => host);
  const guard = guardOf(settings, log);
  const ffmpeg = await findFfmpeg(media.ffmpegBin, log);
  const cipher = createFieldCipher(keyRing);
  const store = createLocalFileStore(settings.attachments.folder);
  const transcripts = startTranscripts(settings, { knex, cipher, store, keyRing, ffmpeg, log });
  host = await MediaHost.start({
    knex,
    sfu,
    guard,
    canRecord: ffmpeg !== null,
    canTranscribe: () => transcripts.isOpen,
    signalingUrl: media.signalingUrl,
    onFault: (error) => log.warn({ error: nameOf(error) }, 'a beat of the media host failed'),
  });
  const recorder = openRecorder(settings, ffmpeg, {
    knex,
    cipher,
    store,
    log,
    hostId: host.id,
    listenInfo: () => sfu.spareListenInfo,
  });
  const served = { server, host, knex, keyRing, cipher, recorder, log };
  const signalling = serveRooms(settings, served);
  const worker = startHostWorker({
    ...settings.temporal,
    keyRing,
    host,
    onFault: (error) => log.warn({ error: nameOf(error) }, 'Temporal is out of reach'),
  });
  log.info({ hostId: host.id, cores: sfu.cores }, 'the media host runs');
  return async () => {
    await host.drain(media.drainMs);
    await Promise.all([host.close(), worker.close(), transcripts.close()]);
    await signalling.close();
    await recorder?.close();
    sfu.close();
    await guard.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await knex.destroy();
  };
}

function guardOf({ database }: Settings, log: Logger): Guard {
  return Guard.start({
    databaseUrl: database.url,
    onFault: (error) => log.warn({ error: nameOf(error) }, 'the guard of the media host failed'),
  });
}

/** Without one nothing is recorded, and all else works. */
async function findFfmpeg(program: string | null, log: Logger): Promise<FfmpegProgram | null> {
  if (program === null) {
    log.warn('there is no ffmpeg: nothing is recorded');
    return null;
  }
  return openFfmpeg(program).catch((fault: unknown) => {
    log.error({ error: nameOf(fault) }, 'ffmpeg does not run: nothing is recorded');
    return null;
  });
}

/** Null where nothing can be recorded. */
function openRecorder(
  { media, speech }: Settings,
  ffmpeg: FfmpegProgram | null,
  deps: Omit<RecorderDeps, 'ffmpeg' | 'livesMs' | 'isTranscribed'>,
): Recorder | null {
  if (ffmpeg === null) return null;
  const isTranscribed = speech.engine !== 'off';
  return new Recorder({ ...deps, ffmpeg, livesMs: media.recordingLivesMs, isTranscribed });
}

interface Served {
  readonly server: Server;
  readonly host: MediaHost;
  readonly knex: Knex;
  readonly keyRing: KeyRing;
  readonly cipher: FieldCipher;
  readonly recorder: Recorder | null;
  readonly log: Logger;
}

/** People reach the host's rooms, and so do the words that others leave for them. */
function serveRooms(
  { api, database }: Settings,
  { server, host, knex, keyRing, cipher, recorder, log }: Served,
): { close(): Promise<void> } {
  const signalling = startSignalling(server, {
    knex,
    recorder,
    cipher,
    keyRing,
    log,
    hostId: host.id,
    openRoom: (placement) => host.openRoom(placement),
    policyOf: (sessionId) => policyOfSession(knex, sessionId),
    corsOrigins: [new URL(api.publicUrl).origin, ...api.corsOrigins],
  });
  const { rooms } = signalling;
  const commands = hearCommands({ knex, cipher, rooms, log, databaseUrl: database.url });
  return {
    close: async () => {
      await commands.close();
      await signalling.close();
    },
  };
}

/** The port of signalling, where anybody may also ask whether rooms can be opened here. */
async function listen({ api, media }: Settings, host: () => MediaHost | null): Promise<Server> {
  const server = createServer((_request, response) => {
    const current = host();
    const isWell = current?.isAlive === true && !current.isDraining;
    response.writeHead(isWell ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ status: isWell ? 'ok' : 'unavailable' }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(media.port, api.host, () => resolve());
  });
  return server;
}

await runProcess({ name: 'media', start });
