import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { openDeps } from '../../../api/deps.ts';
import { startRealtime } from '../../../api/realtime/realtime.ts';
import { createApi } from '../../../api/server.ts';
import { loadSettings } from '../../../config/settings.ts';

// An API of its own process, to be killed; argv[2] holds the times of presence.
const settings = loadSettings();
const { deps } = await openDeps(settings, pino({ level: 'warn' }));
const server = createServer();
server.on('request', createApi(deps).app);
startRealtime(server, deps, settings.database.url, {
  presence: JSON.parse(process.argv[2] ?? '{}'),
});
server.listen(0, '127.0.0.1', () => {
  console.log(`listens on ${String((server.address() as AddressInfo).port)}.`);
});
