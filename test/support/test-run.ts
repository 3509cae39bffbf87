import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { holdServer } from './cluster.ts';
import type { ServerHolder } from './cluster.ts';

interface Running {
  holder: ServerHolder;
  broker: Server;
}

let running: Running | undefined;

/**
 * Opens a socket on which test files, each in a process of its own, ask for the run's database server.
 * It starts at the first question, so a run of pure tests never waits for it.
 */
export async function beginRun(): Promise<void> {
  const holder = holdServer(process.env['DATABASE_URL']);
  const broker = createServer((_request, response) => {
    holder.server().then(
      (server) => response.end(JSON.stringify(server)),
      (fault: unknown) =>
        response.writeHead(500).end(String(fault instanceof Error ? fault.stack : fault)),
    );
  });
  const socket = join(holder.folder, 'socket');
  await new Promise<void>((resolve) => broker.listen(socket, resolve));
  process.env['HOLDFAST_TEST_BROKER'] = socket;
  running = { holder, broker };
}

/** Ends what the set-up began. */
export async function endRun(): Promise<void> {
  if (!running) return;
  const { holder, broker } = running;
  running = undefined;
  broker.close();
  broker.closeAllConnections();
  await holder.close();
}
