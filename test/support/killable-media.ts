import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { createFieldCipher } from '../../crypto/field-cipher.ts';
import { loadKeyRing } from '../../crypto/key-ring.ts';
import { openDatabase } from '../../db/knex.ts';
import { Guard } from '../../workers/media/guard/guard.ts';
import { MediaHost } from '../../workers/media/host.ts';
import { Sfu } from '../../workers/media/sfu.ts';
import { startSignalling } from '../../workers/media/signalling/signalling.ts';

// A media host that a test can kill: `killable-media.ts <database> <keys> <media worker> <port>`.
const [databaseUrl = '', keysFile = '', workerBin = '', port = ''] = process.argv.slice(2);
const HOUR_MS = 3_600_000;
const knex = openDatabase(databaseUrl, { maxConnections: 5 });
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
startSignalling(server, {
  knex,
  keyRing,
  cipher: createFieldCipher(keyRing),
  log: pino({ level: 'silent' }),
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
