import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdServer } from './cluster.ts';
import type { ServerHolder } from './cluster.ts';

interface Running {
  holder: ServerHolder;
  broker: Server;
  folder: string;
}

let running: Running | undefined;

/**
 * Opens a socket on which test files, each in a process of its own, ask for the run's database server.
 * It starts at the first question, so a run of pure tests never waits for it.
 */
export default async function globalSetup(): Promise<void> {
  const holder = holdServer(process.env['DATABASE_URL']);
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-broker-'));
  const broker = createServer((_request, response) => {
    holder.server().then(
      (server) => response.end(JSON.stringify(server)),
      (fault: unknown) =>
        response.writeHead(500).end(String(fault instanceof Error ? fault.stack : fault)),
    );
  });
  const socket = join(folder, 'socket');
  await new Promise<void>((resolve) => broker.listen(socket, resolve));
  process.env['HOLDFAST_TEST_BROKER'] = socket;
  running = { holder, broker, folder };
}

/** Ends what the set-up began. */
export async function stopAll(): Promise<void> {
  if (!running) return;
  const { holder, broker, folder } = running;
  running = undefined;
  broker.close();
  broker.closeAllConnections();
  await holder.close();
  rmSync(folder, { recursive: true, force: true });
}
