import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { createLocalFileStore } from '../../activities/gateways/file-store.ts';
import { createFieldCipher } from '../../crypto/field-cipher.ts';
import { loadKeyRing } from '../../crypto/key-ring.ts';
import { openDatabase } from '../../db/knex.ts';
import { Guard } from '../../workers/media/guard/guard.ts';
import { MediaHost } from '../../workers/media/host.ts';
import { Recorder, openFfmpeg } from '../../workers/media/recording/recorder.ts';
import { Sfu } from '../../workers/media/sfu.ts';
import { startSignalling } from '../../workers/media/signalling/signalling.ts';

// A media host that a test can kill:
// `killable-media.ts <database> <keys> <media worker> <port> [<ffmpeg> <folder of recordings>]`.
const [databaseUrl = '', keysFile = '', workerBin = '', port = '', ...recording] =
  process.argv.slice(2);
const [ffmpegBin, folder] = recording;
const HOUR_MS = 3_600_000;
const knex = openDatabase(databaseUrl, { maxConnections: 5, acquireTimeoutMs: 30_000 });
const keyRing = await loadKeyRing(keysFile);
const server = createServer();
await new Promise<void>((resolve) => server.listen(0, resolve));
const { port: signallingPort } = server.address() as AddressInfo;
const minPort = Number(port);
const address = { listenIp: '127.0.0.1', announcedIp: '127.0.0.1' };
const sfu = await Sfu.open({ workerBin, cores: 1, minPort, maxPort: minPort + 50, ...address });
const signalingUrl = `http://localhost:${signallingPort}`;
const guard = Guard.start({ databaseUrl, onFault: console.error });
const host = await MediaHost.start({ knex, sfu, signalingUrl, guard });
const cipher = createFieldCipher(keyRing);
const log = pino({ level: 'silent' });
startSignalling(server, {
  knex,
  keyRing,
  cipher,
  log,
  recorder: await recorderOf(),
  hostId: host.id,
  openRoom: (placement) => host.openRoom(placement),
  policyOf: async () => ({
    mode: 'video',
    capacity: 8,
    maxObservers: 2,
    hasWaitingRoom: true,
    opensAt: 0,
    closesAt: Date.now() + HOUR_MS,
    graceMs: 30_000,
  }),
  corsOrigins: [],
});
console.log('ready');

async function recorderOf(): Promise<Recorder | null> {
  if (ffmpegBin === undefined || folder === undefined) return null;
  return new Recorder({
    knex,
    cipher,
    log,
    hostId: host.id,
    ffmpeg: await openFfmpeg(ffmpegBin),
    livesMs: HOUR_MS,
    store: createLocalFileStore(folder),
    listenInfo: () => sfu.spareListenInfo,
  });
}
